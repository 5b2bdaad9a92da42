package identity

import (
	"context"
	"time"

	"github.com/sluice-dev/sluice/transport/websocket"
)

// Evidence is what the credentials of a connection say beside the name of its caller.
type Evidence struct {
	grants  []*grant
	expires time.Time
}

// A grant is what a token is good for, at most. It is the Detail of an identity.
type grant struct{ tools Tools }

type evidenceKey struct{}

// With returns a context in which the calls of a connection are judged by what has let it
// in.
func With(ctx context.Context, peer websocket.Peer) context.Context {
	e := &Evidence{expires: peer.Expires}
	for _, id := range peer.Identities {
		if g, ok := id.Detail.(*grant); ok {
			e.grants = append(e.grants, g)
		}
	}
	if len(e.grants) == 0 && e.expires.IsZero() {
		return ctx
	}
	return context.WithValue(ctx, evidenceKey{}, e)
}

// Narrowed reports whether one of the credentials is good for some tools only.
func Narrowed(peer websocket.Peer) bool {
	for _, id := range peer.Identities {
		if _, ok := id.Detail.(*grant); ok {
			return true
		}
	}
	return false
}

// EvidenceOf returns what With has put into the context; nil where that is nothing.
func EvidenceOf(ctx context.Context) *Evidence {
	e, _ := ctx.Value(evidenceKey{}).(*Evidence)
	return e
}

// Allow reports whether all credentials are good for the tool.
func (e *Evidence) Allow(tool string) bool {
	if e == nil {
		return true
	}
	for _, g := range e.grants {
		if !g.tools.Allow(tool) {
			return false
		}
	}
	return true
}

// Expired reports whether one of the credentials has ended, by the clock on the wall: the
// timer that closes the connection stands still while the machine sleeps.
func (e *Evidence) Expired(now time.Time) bool {
	return e != nil && !e.expires.IsZero() && !now.Round(0).Before(e.expires)
}
