package main

import (
	"net/http"
	"path"

	"github.com/sluice-dev/sluice/transport/websocket"
)

// A route is one way into the service beside those of package websocket.
type route struct {
	pattern string // as http.ServeMux has it
	needs   need
	handler http.Handler
}

// A need is what a route asks of whoever sends it a request.
type need int

const (
	// needsNothing is for the probes of a platform, which tell nothing but the answer.
	needsNothing need = iota
	// needsToken is open to whoever has a token, and on an address that only this machine
	// reaches to every program of it, but never to a web page.
	needsToken
	// needsAdmin is open to callers who may administer, and on every address.
	needsAdmin
)

// routes are all routes beside those of package websocket. A test walks them.
func (s *service) routes() []route {
	all := append(s.health.routes(), route{"GET /metrics", needsToken, s.metricsHandler()})
	return append(all, s.administration()...)
}

// mount adds the routes to a mux, each behind what it needs. Local says that only this
// machine reaches the address.
func (s *service) mount(mux *http.ServeMux, local bool) {
	for _, r := range s.routes() {
		mux.Handle(r.pattern, s.guard(r, local))
	}
}

// withRoutes is what clients are served, and these routes beside it.
func (s *service) withRoutes(local bool) http.Handler {
	mux := http.NewServeMux()
	mux.Handle("/", s.accept)
	s.mount(mux, local)
	return mux
}

// straight has nothing answered under a path that is not written as routes are, with "//" or
// "..": http.ServeMux leads such a request to the route that it may mean, whoever asks.
func (s *service) straight(next http.Handler) http.Handler {
	nothing := s.accept.Guard(http.NotFoundHandler())
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if clean := path.Clean("/" + r.URL.Path); r.URL.Path != clean && (clean == "/" || r.URL.Path != clean+"/") {
			nothing.ServeHTTP(w, r)
			return
		}
		next.ServeHTTP(w, r)
	})
}

func (s *service) guard(r route, local bool) http.Handler {
	switch {
	case r.needs == needsNothing:
		return r.handler
	case r.needs == needsToken && local:
		return s.accept.Screen(r.handler)
	case r.needs == needsToken:
		return s.accept.Guard(r.handler)
	}
	return s.accept.Guard(s.forAdmins(r.handler))
}

// forAdmins lets those through who may administer.
func (s *service) forAdmins(next http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		peer, _ := websocket.PeerOf(r)
		if !s.mayAdminister(peer) {
			http.Error(w, "The caller "+peer.Caller+" may not administer this server: its permissions must say admin: true.", http.StatusForbidden)
			return
		}
		next.ServeHTTP(w, r)
	})
}
