package websocket

import (
	"context"
	"net/http"
	"time"
)

// An Identity is who one credential stands for.
type Identity struct {
	// Caller is the name of the caller. It is required.
	Caller string
	// Expires is when the credential ends: a connection that it has let in is closed
	// then, with code 1008. The zero time is never.
	Expires time.Time
	// Basis is what the identity rests on in whatever is configured, a value that
	// compares: see Verifier.Knows. It must hold no secret.
	Basis any
	// Detail is more that the credential says of the caller, for whoever made the
	// verifier and reads [Peer].Identities. It must hold no secret.
	Detail any
}

// String returns the caller's name.
func (i Identity) String() string { return i.Caller }

// A Verifier knows who bearer tokens stand for, such as [Tokens]. Its methods may be
// called from many goroutines at once.
type Verifier interface {
	// Verify returns who the token stands for. The error may be a [*CredentialError],
	// which the client is told; any other is for the log. No error holds the token. The
	// context ends with the request.
	Verify(ctx context.Context, token string) (Identity, error)
	// Knows reports whether an identity that was given by this verifier, or by one that
	// it has replaced, is still good: see [Handler.SetAccess]. It does not ask the time.
	Knows(id Identity) bool
}

// A ConnectionVerifier knows who a connection stands for, whatever its requests bring: by
// the certificate of the client, or by the user at the other end of a UNIX socket
// ([PeerUID]). Its methods may be called from many goroutines at once.
type ConnectionVerifier interface {
	// VerifyConnection returns who the connection of a request stands for. Found is
	// false where it says nothing of that. The error is as that of Verifier.Verify.
	VerifyConnection(r *http.Request) (id Identity, found bool, err error)
	// Knows is as in Verifier.
	Knows(id Identity) bool
}

// A CredentialError says why a credential is refused, in words for whoever sent it.
type CredentialError struct {
	// Reason is a sentence. It must tell nothing that helps to make a better credential.
	Reason string
	// Scope, where it is set, are the scopes that a token which is good otherwise would
	// need, separated by spaces: the request is then answered 403 (RFC 6750, section 3.1).
	Scope string
}

// Error returns the reason.
func (e *CredentialError) Error() string { return e.Reason }

// A pass is what lets a request in: the caller, and each credential that was shown for
// it, be it by a ticket.
type pass struct {
	caller     string
	identities []Identity
	expires    time.Time // the first of them to; zero is never
	from       source    // where the request comes from
}

// add takes in one credential more. It reports false where that is another caller's.
func (p *pass) add(id Identity) bool {
	if len(p.identities) > 0 && id.Caller != p.caller {
		return false
	}
	p.caller = id.Caller
	p.identities = append(p.identities, id)
	if !id.Expires.IsZero() && (p.expires.IsZero() || id.Expires.Before(p.expires)) {
		p.expires = id.Expires
	}
	return true
}

// merge takes in all that another pass rests on.
func (p *pass) merge(other pass) bool {
	for _, id := range other.identities {
		if !p.add(id) {
			return false
		}
	}
	return len(other.identities) > 0
}

// expired reports whether the pass has ended. Times are compared as the clock on the
// wall has them: a machine that slept must not lengthen them.
func (p *pass) expired(now time.Time) bool {
	return !p.expires.IsZero() && !now.Round(0).Before(p.expires)
}
