package main

import (
	"context"
	"errors"
	"log/slog"
	"net/http"
	"slices"
	"sync"
	"sync/atomic"
	"time"

	"github.com/sluice-dev/sluice/cmd/sluice/internal/config"
	"github.com/sluice-dev/sluice/cmd/sluice/internal/identity"
	"github.com/sluice-dev/sluice/cmd/sluice/internal/journal"
	"github.com/sluice-dev/sluice/cmd/sluice/internal/systemd"
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
	logs   *journal.Journal
	log    *slog.Logger // of logs

	directory *identity.Directory // written by the reloader, where there is one
	sole      atomic.Bool         // there is one token, made at start

	accept  *websocket.Handler
	clients []*listener
	admin   *listener // where the other routes are; one of clients, or by itself
	proxied bool      // what comes from this machine may be passed on by a proxy
	manager *systemd.Notifier
}

// newService makes the handler of a host. The error is about the config.
func newService(h *host, cfg *config.Config, k *keys, logger *slog.Logger) (*service, error) {
	s := &service{host: h, keys: k, logs: journal.Discard(), log: logger, proxied: len(cfg.Listen.Proxies) > 0}
	s.health.checks, s.health.tell = func() []check { return s.host.diagnose() }, s.mayKnow
	s.sole.Store(k.generated != "")
	var err error
	if s.directory, err = identity.NewDirectory(&cfg.Auth, nil, logger); err != nil {
		return nil, usageError("docs/auth.md shows each way to be known", "%w", err)
	}
	access, err := accessOf(&cfg.Listen, k, s.directory)
	if err != nil {
		return nil, usageError("`sluice serve` without tokens makes one that fits", "%w", err)
	}
	s.accept, err = websocket.NewHandler(websocket.Options{
		Tokens:       access.Tokens,
		Origins:      access.Origins,
		Hosts:        access.Hosts,
		Proxies:      access.Proxies,
		ProxyHeader:  access.ProxyHeader,
		Verifiers:    access.Verifiers,
		Connections:  access.Connections,
		Caps:         connectionCaps(&cfg.Listen, mayOpen()),
		MaxMessage:   int(cfg.Listen.MaxMessage),
		PingInterval: time.Duration(cfg.Listen.PingInterval),
		Serve:        s.serve,
		Logger:       logger,
	})
	if err != nil {
		return nil, usageError("`sluice schema` shows what listen.origins, listen.hosts and listen.proxies take", "%w", err)
	}
	return s, nil
}

// serve speaks MCP with one client.
func (s *service) serve(ctx context.Context, stream *websocket.Stream, peer websocket.Peer) {
	err := s.host.server.Serve(identity.With(ctx, peer), stream, transport.Peer{
		Transport: "websocket", Caller: peer.Caller, Address: peer.Address,
	})
	if err != nil {
		s.log.Info("connection lost", "caller", peer.Caller, "address", peer.Address, "error", err)
	}
}

// listen opens the listeners of the config: those for clients, and one for the other
// routes where these have an address of their own.
func (s *service) listen(cfg *config.Config) error {
	l := &cfg.Listen
	for i, spec := range l.Listeners() {
		var handler http.Handler = s.accept
		if l.Admin == "" && i == 0 {
			handler = s.withRoutes(isLoopback(spec.Address))
		}
		opened, err := s.open(spec, s.straight(handler))
		if err != nil {
			return err
		}
		s.clients = append(s.clients, opened)
	}
	s.admin = s.clients[0]
	if l.Admin == "" {
		return nil
	}
	mux := http.NewServeMux()
	s.mount(mux, isLoopback(l.Admin))
	opened, err := s.open(config.Listener{Address: l.Admin}, s.straight(forAdministration(mux)))
	if err == nil {
		s.admin = opened
	}
	return err
}

// open opens a listener for handler.
func (s *service) open(spec config.Listener, handler http.Handler) (*listener, error) {
	open, err := listen(spec.Address)
	if err != nil {
		return nil, err
	}
	l, err := newListener(open, spec, handler, s.accept)
	if err != nil {
		open.Close()
	}
	return l, err
}

// listeners are all that are open.
func (s *service) listeners() []*listener {
	if s.admin == nil || slices.Contains(s.clients, s.admin) {
		return s.clients
	}
	return append(slices.Clone(s.clients), s.admin)
}

// close closes the listeners that are open, and ends what goes on for who may connect.
func (s *service) close() {
	for _, l := range s.listeners() {
		l.Close() // there is nothing to lose in a listener
	}
	s.directory.Close(nil)
}

// run serves until asked is done, then drains.
func (s *service) run(asked, forced context.Context, cfg *config.Listen, drain time.Duration) error {
	var servers []*http.Server
	broken := make(chan error, len(s.listeners()))
	var running sync.WaitGroup
	for _, l := range s.listeners() {
		server := l.server(cfg)
		server.ErrorLog = slog.NewLogLogger(s.log.Handler(), slog.LevelDebug)
		servers = append(servers, server)
		running.Go(func() { broken <- server.Serve(l) })
	}
	defer s.manager.Watch(func() { s.host.engine.InFlight() })()
	s.tell(systemd.Ready)
	var failed error
	select {
	case failed = <-broken:
	case <-asked.Done():
	}
	s.health.draining.Store(true)
	if asked.Err() != nil {
		s.log.Info("draining", "cause", context.Cause(asked), "for", drain)
	}
	s.tell(systemd.Stopping)
	s.accept.Drain()
	err := s.host.shutDown(forced, drain, s.log)
	s.closeServers(forced, servers)
	running.Wait()
	return errors.Join(failed, err)
}

// tell tells the manager of services how the service is.
func (s *service) tell(state string) {
	status := count(s.host.registry.Snapshot().Len(), "tool") + " served"
	if state == systemd.Stopping {
		status = "draining: " + count(len(s.host.engine.InFlight()), "call") + " in flight"
	}
	if state != systemd.Stopping && s.health.draining.Load() {
		return // a config that is read meanwhile makes it no readier
	}
	if err := s.manager.Tell(state, systemd.Status(status)); err != nil {
		s.log.Warn("systemd does not listen", "error", err)
	}
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
