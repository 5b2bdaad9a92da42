package main

import (
	"net"
	"net/http"
	"time"

	"github.com/sluice-dev/sluice/cmd/sluice/internal/config"
	"github.com/sluice-dev/sluice/transport/websocket"
)

// A listener is one place where requests come in.
type listener struct {
	net.Listener // as it is served: bounded, and within TLS where it has that
	spec         config.Listener
	address      string // as listened on: host:port, or unix: and a path
	handler      http.Handler
	certificates *certificates // nil without TLS
}

// newListener makes a listener of one that is open. What it accepts is bounded by accept.
func newListener(open net.Listener, spec config.Listener, handler http.Handler, accept *websocket.Handler) (*listener, error) {
	l := &listener{Listener: accept.Bound(open), spec: spec, address: addressOf(open), handler: handler}
	if spec.TLS == nil {
		return l, nil
	}
	var err error
	if l.certificates, err = newCertificates(spec.TLS); err != nil {
		return nil, &failure{code: exitUsage, err: err, hint: "`sluice schema` shows what tls takes"}
	}
	l.Listener = l.certificates.within(l.Listener)
	return l, nil
}

// addressOf is where a listener listens, as --listen takes it.
func addressOf(l net.Listener) string {
	if l.Addr().Network() == "unix" {
		return "unix:" + l.Addr().String()
	}
	return l.Addr().String()
}

// url is where WebSocket clients connect, as --url takes it.
func (l *listener) url() string {
	if _, unix := config.UnixPath(l.address); unix {
		return l.address
	}
	return l.scheme("ws") + l.address + "/mcp"
}

// health is where the probes are, without a path.
func (l *listener) health() string {
	if path, unix := config.UnixPath(l.address); unix {
		return "curl --unix-socket " + path + " http://localhost"
	}
	return l.scheme("http") + l.address
}

// scheme is that of a URL with its slashes: http, or ws, with an s where TLS is spoken.
func (l *listener) scheme(plain string) string {
	if l.certificates != nil {
		plain += "s"
	}
	return plain + "://"
}

// server returns what serves the listener.
func (l *listener) server(cfg *config.Listen) *http.Server {
	server := websocket.NewServer(l.handler)
	if t := time.Duration(cfg.HeaderTimeout); t > 0 {
		server.ReadHeaderTimeout = t
	}
	if t := time.Duration(cfg.HandshakeTimeout); t > 0 {
		server.ReadTimeout, server.WriteTimeout = t, t
	}
	if t := time.Duration(cfg.IdleTimeout); t > 0 {
		server.IdleTimeout = t
	}
	return server
}
