package identity

import (
	"crypto/x509"
	"fmt"
	"net/http"
	"strings"
	"unicode"

	"github.com/sluice-dev/sluice/cmd/sluice/internal/config"
	"github.com/sluice-dev/sluice/transport/websocket"
)

// Certificates know callers by the certificates of clients, which the listener has verified.
type Certificates struct{ config config.Certificates }

// VerifyConnection implements [websocket.ConnectionVerifier]. A certificate that was not
// verified against the authorities of the listener is none.
func (c Certificates) VerifyConnection(r *http.Request) (id websocket.Identity, found bool, err error) {
	if r.TLS == nil || len(r.TLS.VerifiedChains) == 0 {
		return id, false, nil
	}
	leaf := r.TLS.VerifiedChains[0][0]
	names := c.names(leaf)
	if len(names) != 1 || !validName(names[0]) {
		return id, true, &websocket.CredentialError{Reason: fmt.Sprintf(
			"The certificate of the client names no caller: it must have one %s, and has %d.", kindsOfName[c.kind()], len(names))}
	}
	return websocket.Identity{Caller: c.config.Prefix + names[0], Expires: leaf.NotAfter, Basis: c}, true, nil
}

// Knows implements [websocket.ConnectionVerifier].
func (c Certificates) Knows(id websocket.Identity) bool { return id.Basis == c }

func (c Certificates) kind() string {
	if c.config.Caller == "" {
		return "cn"
	}
	return c.config.Caller
}

var kindsOfName = map[string]string{
	"cn": "common name", "dns": "DNS name", "uri": "URI", "email": "e-mail address",
}

// names returns what of the certificate may name the caller.
func (c Certificates) names(leaf *x509.Certificate) (names []string) {
	switch c.kind() {
	case "dns":
		return leaf.DNSNames
	case "email":
		return leaf.EmailAddresses
	case "uri":
		for _, u := range leaf.URIs {
			names = append(names, u.String())
		}
		return names
	}
	if leaf.Subject.CommonName == "" {
		return nil
	}
	return []string{leaf.Subject.CommonName}
}

// maxCaller is how many bytes the name of a caller may have that a stranger has chosen, if
// only an issuer's.
const maxCaller = 200

// validName reports whether a name can stand in records, logs and on terminals, and is what
// it looks like: nothing in it moves a cursor, turns letters round, or is not seen. A "*" is
// for patterns.
func validName(name string) bool {
	unfit := func(c rune) bool {
		return c == ' ' || c == '*' || c == unicode.ReplacementChar || !unicode.IsPrint(c)
	}
	return name != "" && len(name) <= maxCaller && !strings.ContainsFunc(name, unfit)
}
