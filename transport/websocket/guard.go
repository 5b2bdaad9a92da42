package websocket

import (
	"context"
	"net/http"
)

// Guard returns a handler for other routes than ours, which lets a request through to next
// only where it passes the same checks: Host, which may also be any address, Origin, and
// credentials, which may come in the Authorization header or with the connection. [PeerOf]
// tells next who asks.
func (h *Handler) Guard(next http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		p, refused := h.admit(w, r, false)
		if refused != nil {
			h.refuse(w, r, refused)
			return
		}
		next.ServeHTTP(w, withPass(r, p))
	})
}

// Screen returns a handler that lets a request through to next where it passes the checks
// of Host and Origin, without credentials: for what any program on this machine may read,
// and no web page. A request that comes from elsewhere, be it through a proxy on this
// machine, has to pass what Guard asks.
func (h *Handler) Screen(next http.Handler) http.Handler {
	guarded := h.Guard(next)
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		rules := h.guests.rules.Load()
		if refused := rules.screen(r, false); refused != nil {
			h.refuse(w, r, refused)
			return
		}
		if from := rules.proxies.sourceOf(r).addr; from.IsValid() && !from.IsLoopback() {
			guarded.ServeHTTP(w, r)
			return
		}
		next.ServeHTTP(w, r)
	})
}

// Screens reports whether a request passes the checks of Host and Origin, as Screen has them.
func (h *Handler) Screens(r *http.Request) bool {
	return h.guests.rules.Load().screen(r, false) == nil
}

// passKey is the context key of what let a request in.
type passKey struct{}

func withPass(r *http.Request, p pass) *http.Request {
	return r.WithContext(context.WithValue(r.Context(), passKey{}, p))
}

func passOf(r *http.Request) pass {
	p, _ := r.Context().Value(passKey{}).(pass)
	return p
}

// PeerOf returns who sends a request that [Handler.Guard] has let through; ok is false for
// any other.
func PeerOf(r *http.Request) (peer Peer, ok bool) {
	p := passOf(r)
	return peerOf(r, p), p.caller != ""
}

func peerOf(r *http.Request, p pass) Peer {
	return Peer{Caller: p.caller, Address: p.from.text, Origin: r.Header.Get("Origin"), Identities: p.identities, Expires: p.expires}
}
