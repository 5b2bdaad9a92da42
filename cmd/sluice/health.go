package main

import (
	"context"
	"encoding/json"
	"net"
	"net/http"
	"sync/atomic"
)

// health answers the probes of a platform. They need no token. Whoever may read no more
// is told the answer and nothing else.
type health struct {
	draining atomic.Bool
	checks   func() []check           // what there is to say, the worst first
	tell     func(*http.Request) bool // whether who asks may read the checks
}

// routes are those of the probes.
func (h *health) routes() []route {
	return []route{
		{"GET /healthz", needsNothing, http.HandlerFunc(h.alive)},
		{"GET /readyz", needsNothing, http.HandlerFunc(h.ready)},
	}
}

// A probe is what whoever probes is told.
type probe struct {
	Status string  `json:"status"` // ok, degraded, failing; ready, draining, unready
	Checks []check `json:"checks,omitempty"`
}

// alive says what is wrong. Only where no call at all can be served is it 503: a platform
// starts the server anew then, and would do it in vain, and to the harm of running calls,
// for anything less.
func (h *health) alive(w http.ResponseWriter, r *http.Request) {
	v := probe{Status: "ok", Checks: h.checks()}
	for _, c := range v.Checks {
		v.Status = worse(v.Status, c.Status)
	}
	h.answer(w, r, v, v.Status != checkFailing)
}

// ready says whether new calls should be sent here.
func (h *health) ready(w http.ResponseWriter, r *http.Request) {
	v := probe{Status: "ready"}
	for _, c := range h.checks() {
		if c.blocks || c.Status == checkFailing {
			v.Status, v.Checks = "unready", append(v.Checks, c)
		}
	}
	if h.draining.Load() {
		v.Status = "draining"
	}
	h.answer(w, r, v, v.Status == "ready")
}

func (h *health) answer(w http.ResponseWriter, r *http.Request, v probe, good bool) {
	if !h.tell(r) {
		v.Checks = nil
	}
	status := http.StatusOK
	if !good {
		status = http.StatusServiceUnavailable
	}
	answerJSON(w, status, v)
}

// answerJSON answers with a document that people can read as well.
func answerJSON(w http.ResponseWriter, status int, document any) {
	text, err := json.MarshalIndent(document, "", "  ")
	if err != nil {
		panic(err) // it is made of what always encodes
	}
	w.Header().Set("Content-Type", "application/json")
	w.Header().Set("Cache-Control", "no-store")
	w.Header().Set("X-Content-Type-Options", "nosniff")
	w.WriteHeader(status)
	_, _ = w.Write(append(text, '\n')) // a prober that has left is no matter
}

// adminKey is the context key of requests that came over the address for administration.
type adminKey struct{}

// forAdministration marks the requests of the address that is for administration alone.
func forAdministration(next http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		next.ServeHTTP(w, r.WithContext(context.WithValue(r.Context(), adminKey{}, true)))
	})
}

// mayKnow reports whether who sends a probe may read more than the answer: on the address
// for administration, or from this machine. A web page is not from this machine, whatever
// name it gives its own.
func (s *service) mayKnow(r *http.Request) bool {
	if !s.accept.Screens(r) {
		return false
	}
	if r.Context().Value(adminKey{}) != nil {
		return true
	}
	if s.proxied {
		return false
	}
	switch local := r.Context().Value(http.LocalAddrContextKey).(type) {
	case *net.TCPAddr:
		return local.AddrPort().Addr().Unmap().IsLoopback()
	case *net.UnixAddr:
		return true
	}
	return false
}
