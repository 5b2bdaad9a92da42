package main

import (
	"context"
	"errors"
	"log/slog"
	"net"
	"net/http"
	"sync"
	"time"

	"github.com/sluice-dev/sluice/cmd/sluice/internal/config"
	"github.com/sluice-dev/sluice/transport"
	"github.com/sluice-dev/sluice/transport/websocket"
)

// lastAnswers is how long connections may take to close when all calls have ended.
const lastAnswers = 2 * time.Second

// A service is a host on the network.
type service struct {
	host   *host
	health health
	keys   *keys
	log    *slog.Logger

	accept    *websocket.Handler
	listeners map[net.Listener]http.Handler
	// As listened on; the same where there is one address.
	address, adminAddress string
}

// newService makes the handler of a host. The error is about the config.
func newService(h *host, cfg *config.Config, k *keys, logger *slog.Logger) (*service, error) {
	s := &service{host: h, keys: k, log: logger, listeners: map[net.Listener]http.Handler{}}
	tokens, err := websocket.NewTokens(k.entries...)
	if err != nil {
		return nil, usageError("`sluice serve` without tokens makes one that fits", "%w", err)
	}
	s.accept, err = websocket.NewHandler(websocket.Options{
		Tokens:  tokens,
		Origins: cfg.Listen.Origins,
		Hosts:   cfg.Listen.Hosts,
		Serve:   s.serve,
		Logger:  logger,
	})
	if err != nil {
		return nil, usageError("`sluice schema` shows what listen.origins and listen.hosts take", "%w", err)
	}
	return s, nil
}

// serve speaks MCP with one client.
func (s *service) serve(ctx context.Context, stream *websocket.Stream, peer websocket.Peer) {
	err := s.host.server.Serve(ctx, stream, transport.Peer{
		Transport: "websocket", Caller: peer.Caller, Address: peer.Address,
	})
	if err != nil {
		s.log.Info("connection lost", "caller", peer.Caller, "address", peer.Address, "error", err)
	}
}

// listen opens the listeners of the config: one for clients, and one for the other routes
// where these have an address of their own.
func (s *service) listen(cfg *config.Config) (err error) {
	clients, probes := http.NewServeMux(), http.NewServeMux()
	clients.Handle("/", s.accept)
	if cfg.Listen.Admin == "" {
		s.mount(clients, isLoopback(cfg.Listen.Address))
	} else {
		s.mount(probes, isLoopback(cfg.Listen.Admin))
	}
	if s.address, err = s.open(cfg.Listen.Address, clients); err != nil {
		return err
	}
	s.adminAddress = s.address
	if cfg.Listen.Admin != "" {
		s.adminAddress, err = s.open(cfg.Listen.Admin, probes)
	}
	return err
}

// open opens a listener for handler and returns the address it got.
func (s *service) open(address string, handler http.Handler) (string, error) {
	l, err := listen(address)
	if err != nil {
		return "", err
	}
	s.listeners[l] = handler
	return l.Addr().String(), nil
}

// close closes the listeners that are open.
func (s *service) close() {
	for l := range s.listeners {
		l.Close() // there is nothing to lose in a listener
	}
}

// run serves until asked is done, then drains.
func (s *service) run(asked, forced context.Context, drain time.Duration) error {
	var servers []*http.Server
	broken := make(chan error, len(s.listeners))
	var running sync.WaitGroup
	for listener, handler := range s.listeners {
		server := websocket.NewServer(handler)
		server.ErrorLog = slog.NewLogLogger(s.log.Handler(), slog.LevelDebug)
		servers = append(servers, server)
		running.Go(func() { broken <- server.Serve(listener) })
	}
	var failed error
	select {
	case failed = <-broken:
	case <-asked.Done():
		s.log.Info("draining", "cause", context.Cause(asked), "for", drain)
	}
	s.health.draining.Store(true)
	s.accept.Drain()
	err := s.host.shutDown(forced, drain, s.log)
	s.closeServers(forced, servers)
	running.Wait()
	return errors.Join(failed, err)
}

// closeServers lets what is being written out, and cuts what is left.
func (s *service) closeServers(forced context.Context, servers []*http.Server) {
	ctx, cancel := context.WithTimeout(forced, lastAnswers)
	defer cancel()
	if err := s.accept.Shutdown(ctx); err != nil {
		s.log.Warn("connections were cut", "error", err)
	}
	for _, server := range servers {
		if server.Shutdown(ctx) != nil {
			server.Close() // only connections that did not end in time are left
		}
	}
}
