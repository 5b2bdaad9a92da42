package websocket

import (
	"net/http"
	"time"
)

// NewServer returns an HTTP server for a [Handler], or for a handler that routes to
// one, with the bounds that keep slow and greedy clients from holding it up: a
// request's header has 5 seconds and 16 KiB, its body 10 seconds, an idle connection
// that is not upgraded a minute. It speaks HTTP/1.1 only, as the upgrade needs. None
// of the bounds apply to a connection once it is upgraded. [PeerUID] knows who is behind
// a request that comes by a UNIX socket.
func NewServer(h http.Handler) *http.Server {
	var protocols http.Protocols
	protocols.SetHTTP1(true)
	return &http.Server{
		Handler:           h,
		ReadHeaderTimeout: 5 * time.Second,
		ReadTimeout:       10 * time.Second,
		WriteTimeout:      10 * time.Second,
		IdleTimeout:       time.Minute,
		MaxHeaderBytes:    16 << 10,
		Protocols:         &protocols,
		ConnContext:       withPeerUID,
	}
}
