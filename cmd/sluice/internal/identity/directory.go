package identity

import (
	"errors"
	"fmt"
	"log/slog"
	"time"

	"github.com/sluice-dev/sluice/cmd/sluice/internal/config"
	"github.com/sluice-dev/sluice/transport/websocket"
)

// A Directory is who is known without a token of the config.
type Directory struct {
	// Connections know who a connection stands for.
	Connections []websocket.ConnectionVerifier

	issuers []*Issuer
}

// NewDirectory returns that of a config that was checked. An issuer about which nothing
// has changed since before, which may be nil, is taken over with its keys. It fetches
// nothing yet. The log, which may be nil, takes why keys cannot be fetched.
func NewDirectory(auth *config.Auth, before *Directory, log *slog.Logger) (*Directory, error) {
	d := &Directory{}
	for i, c := range auth.JWT {
		issuer := before.issuer(basisOf(c))
		if issuer == nil || c.JWKSFile != "" { // a file may have changed
			var err error
			if issuer, err = newIssuer(c, time.Now, log); err != nil {
				return nil, fmt.Errorf("auth.jwt[%d]: %w", i, err)
			}
		}
		d.issuers = append(d.issuers, issuer)
	}
	if auth.Certificates != nil {
		d.Connections = append(d.Connections, Certificates{*auth.Certificates})
	}
	if len(auth.Users) > 0 {
		if !UsersSupported {
			return nil, errors.New("auth.users: this system does not tell who is at the other end of a UNIX socket; Linux, macOS and FreeBSD do")
		}
		d.Connections = append(d.Connections, newUsers(auth.Users))
	}
	return d, nil
}

func (d *Directory) issuer(basis issuerBasis) *Issuer {
	if d == nil {
		return nil
	}
	for _, i := range d.issuers {
		if i.basis == basis {
			return i
		}
	}
	return nil
}

// Verifiers are the issuers.
func (d *Directory) Verifiers() (list []websocket.Verifier) {
	for _, i := range d.issuers {
		list = append(list, i)
	}
	return list
}

// Prepare fetches the keys that there are not yet, in the background: so who comes first
// does not wait, and an address that is wrong is in the log at once.
func (d *Directory) Prepare() {
	for _, i := range d.issuers {
		i.keys.prepare()
	}
}

// Close ends what the directory does in the background, but for the issuers that next has
// taken over; next may be nil.
func (d *Directory) Close(next *Directory) {
	for _, i := range d.issuers {
		if next == nil || next.issuer(i.basis) != i {
			i.keys.close()
		}
	}
}
