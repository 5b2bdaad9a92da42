package main

import (
	"net/http"
	"sync/atomic"
)

// health answers the probes of a platform. They need no token and tell nothing but
// the answer.
type health struct {
	draining atomic.Bool
}

// routes are those of the probes.
func (h *health) routes() []route {
	return []route{
		{"GET /healthz", needsNothing, http.HandlerFunc(h.alive)},
		{"GET /readyz", needsNothing, http.HandlerFunc(h.ready)},
	}
}

func (h *health) alive(w http.ResponseWriter, _ *http.Request) { answer(w, http.StatusOK, "ok\n") }

func (h *health) ready(w http.ResponseWriter, _ *http.Request) {
	if h.draining.Load() {
		answer(w, http.StatusServiceUnavailable, "draining\n")
		return
	}
	answer(w, http.StatusOK, "ok\n")
}

func answer(w http.ResponseWriter, status int, text string) {
	w.Header().Set("Content-Type", "text/plain; charset=utf-8")
	w.Header().Set("Cache-Control", "no-store")
	w.WriteHeader(status)
	// A prober that has left is no matter.
	_, _ = w.Write([]byte(text))
}
