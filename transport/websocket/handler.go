package websocket

import (
	"context"
	"errors"
	"log/slog"
	"net/http"
	"net/netip"
	"runtime/debug"
	"time"

	ws "github.com/coder/websocket"
)

const (
	pathMCP    = "/mcp"
	pathTicket = "/ticket"
	pathScript = "/sluice.js"
)

// ErrShutdown is the cause with which the contexts of Options.Serve end when the
// handler is shut down.
var ErrShutdown = errors.New("websocket: the server is shutting down")

// Options configure a [Handler].
type Options struct {
	// Serve serves one connection, on a goroutine of its own. The stream is closed,
	// with code 1001, when it returns. The context lives as long as the handler: it
	// does not end with the connection, which the stream tells of. Serve is required.
	Serve func(ctx context.Context, s *Stream, p Peer)
	// Tokens are what callers are known by. They are required where there is no other
	// verifier.
	Tokens *Tokens
	// Hosts are names and addresses, without ports, by which clients may address the
	// server beside localhost, 127.0.0.1 and [::1]. Defaults to none.
	Hosts []string
	// Origins are the web pages that may connect: scheme and host, with a port where
	// it is not the scheme's own, or "*" for any port. Defaults to none.
	Origins []string
	// Verifiers know who other bearer tokens stand for, and Connections who a connection
	// stands for: see [Access]. They default to none.
	Verifiers   []Verifier
	Connections []ConnectionVerifier
	// Proxies are the addresses, such as 10.0.0.5, and networks, such as 10.0.0.0/8, of
	// proxies that stand in front of the server, or "unix" for whoever connects to a UNIX
	// socket. Connections that come through them are counted and logged by the last
	// address that none of them has. Defaults to none: nobody is believed.
	Proxies []string
	// ProxyHeader is the header that these proxies write, X-Forwarded-For or Forwarded
	// (RFC 7239). The other is not read. Defaults to X-Forwarded-For.
	ProxyHeader string
	// Caps bound the connections.
	Caps Caps
	// MaxMessage is the longest message that is taken, in bytes. Defaults to 4 MiB.
	MaxMessage int
	// WriteTimeout is how long a peer may take to take one message. Defaults to 10 s.
	WriteTimeout time.Duration
	// PingInterval is the time between pings. Defaults to 20 s.
	PingInterval time.Duration
	// Logger takes refused requests (debug) and panics of Serve (error). It is shown
	// no token and no query. Defaults to discarding it.
	Logger *slog.Logger
}

// A Peer is who is at the other end of a connection.
type Peer struct {
	// Caller is the name that its credentials stand for.
	Caller string
	// Address is where it connects from, with its port where that is known: behind a
	// proxy it is what that says. It is empty or "@" for a UNIX socket.
	Address string
	// Origin is the page that it comes from; empty where it is no page.
	Origin string
	// Identities are who its credentials stand for, each; they agree on Caller.
	Identities []Identity
	// Expires is when the first of them ends; the zero time is never.
	Expires time.Time
}

// A Handler accepts connections at GET /mcp, gives out tickets at POST /ticket, and
// serves the client for pages at GET /sluice.js. Every request, whatever its path,
// passes the same checks first: Host, Origin, token; only the client, which is no
// secret, is given without a token. It is safe for concurrent use.
type Handler struct {
	serve  func(context.Context, *Stream, Peer)
	limits limits
	logger *slog.Logger
	guests guests

	routes  http.ServeMux
	tickets tickets
	door    door
	lobby   lobby
	refused refusals

	life context.Context // of every connection
	end  context.CancelCauseFunc
}

// NewHandler returns a handler. It refuses options that lack what is required, and
// hosts and origins that make no sense.
func NewHandler(opts Options) (*Handler, error) {
	if opts.Serve == nil {
		return nil, errors.New("websocket: Serve is required")
	}
	rules, err := newRules(Access{
		Tokens: opts.Tokens, Hosts: opts.Hosts, Origins: opts.Origins,
		Verifiers: opts.Verifiers, Connections: opts.Connections,
		Proxies: opts.Proxies, ProxyHeader: opts.ProxyHeader,
	})
	if err != nil {
		return nil, err
	}
	h := &Handler{serve: opts.Serve, logger: opts.Logger}
	h.guests.rules.Store(rules)
	h.limits = limits{opts.MaxMessage, opts.WriteTimeout, opts.PingInterval}.withDefaults()
	h.door = door{caps: opts.Caps.WithDefaults(), from: map[netip.Prefix]int{}, of: map[string]int{}}
	h.lobby = lobby{door: &h.door, from: map[netip.Prefix]int{}, trust: func(addr netip.Addr) bool {
		return h.guests.rules.Load().proxies.trust(addr)
	}}
	if h.logger == nil {
		h.logger = slog.New(slog.DiscardHandler)
	}
	h.life, h.end = context.WithCancelCause(context.Background())
	h.routes.HandleFunc("GET "+pathMCP, h.upgrade)
	h.routes.HandleFunc("POST "+pathTicket, h.serveTicket)
	h.routes.HandleFunc("GET "+pathScript, serveScript)
	return h, nil
}

func orDefault(n, otherwise int) int {
	if n <= 0 {
		return otherwise
	}
	return n
}

// ServeHTTP implements [http.Handler].
func (h *Handler) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	p, refused := h.admit(w, r, true)
	switch {
	case refused != nil:
		h.refuse(w, r, refused)
	case isPreflight(r):
		w.WriteHeader(http.StatusNoContent)
	default:
		h.routes.ServeHTTP(w, withPass(r, p))
	}
}

// admit is the one place where it is decided who gets in. Own says that the request is for
// a route of our own.
func (h *Handler) admit(w http.ResponseWriter, r *http.Request, own bool) (pass, *refusal) {
	rules := h.guests.rules.Load()
	if refused := rules.screen(r, own); refused != nil {
		return pass{}, refused
	}
	if own {
		allowPage(w, r)
		if isPreflight(r) {
			return pass{}, nil
		}
	}
	p, refused := h.authenticate(r, rules, own)
	p.from = rules.proxies.sourceOf(r)
	return p, refused
}

// screen refuses foreign hosts and pages. Other routes than our own may be asked for by any
// address of the server: what probes and scrapes it knows it by that, and nobody can list
// those of a fleet.
func (r *rules) screen(request *http.Request, own bool) *refusal {
	if refused := r.hosts.check(request); refused != nil && (own || !byAddress(request)) {
		return refused
	}
	return r.origins.check(request)
}

// upgrade answers GET /mcp. The connection is served on a goroutine of its own, so
// that what net/http holds for a request is not held for a connection.
func (h *Handler) upgrade(w http.ResponseWriter, r *http.Request) {
	p := passOf(r)
	refused := checkOffers(offers(r))
	if r.ContentLength != 0 { // -1 where it is not told; coder/websocket would wait for it
		refused = &refusal{status: http.StatusBadRequest, text: "A request that opens a WebSocket has no body."}
	}
	if refused == nil {
		refused = h.door.enter(p.from.network(), p.caller)
	}
	if refused != nil {
		h.refuse(w, r, refused)
		return
	}
	stream, err := h.accept(w, r)
	if err != nil {
		h.door.exit(p.from.network(), p.caller)
		h.logger.Debug("websocket: not upgraded", "address", p.from.text, "error", err)
		return
	}
	peer := peerOf(r, p)
	go func() {
		defer h.door.exit(p.from.network(), p.caller)
		if h.guests.enter(stream, guest{p, peer.Origin}) {
			defer h.guests.leave(stream)
			h.run(stream, peer)
		}
	}()
}

// accept switches the connection over to WebSocket. On error it has answered.
func (h *Handler) accept(w http.ResponseWriter, r *http.Request) (*Stream, error) {
	s := &Stream{limits: h.limits}
	taken := &takeover{ResponseWriter: w}
	conn, err := ws.Accept(taken, r, &ws.AcceptOptions{
		Subprotocols:       []string{subprotocol},
		InsecureSkipVerify: true, // the origin has been checked, against a list and not against Host
		CompressionMode:    ws.CompressionDisabled,
		OnPingReceived:     s.pinged,
	})
	if err != nil {
		return nil, err
	}
	taken.wire.gauge = &gauge{max: uint64(h.limits.maxMessage), over: func() {
		s.failReading(codeTooBig, tooBigReason(h.limits.maxMessage))
	}}
	s.begin(conn, taken.wire)
	return s, nil
}

// run serves a connection to its end. A panic ends this connection and no other.
func (h *Handler) run(s *Stream, p Peer) {
	defer s.Close(codeGoingAway, "")
	defer func() {
		if p := recover(); p != nil {
			h.logger.Error("websocket: panic while serving a connection", "panic", p, "stack", string(debug.Stack()))
		}
	}()
	h.serve(h.life, s, p)
}

// sourceOf returns where a request comes from.
func (h *Handler) sourceOf(r *http.Request) source { return h.guests.rules.Load().proxies.sourceOf(r) }

// SetCaps changes how many connections are let in from now on. Those that are there stay,
// though they be too many. It may be called at any time.
func (h *Handler) SetCaps(c Caps) { h.door.setCaps(c) }

func (h *Handler) refuse(w http.ResponseWriter, r *http.Request, refused *refusal) {
	h.refused.count(refused.status)
	refused.write(w)
	h.logger.Debug("websocket: request refused", "address", h.sourceOf(r).text,
		"method", r.Method, "path", r.URL.Path, "status", refused.status, "reason", refused.text, "cause", refused.cause)
}

// Drain lets no more connections in: from now on an upgrade is answered with 503 and
// Retry-After, so that a client or a proxy tries elsewhere. The connections that there
// are go on. Call it when draining begins, before what is served on the connections
// is ended, and Shutdown after that. It may be called more than once.
func (h *Handler) Drain() { h.door.close() }

// Shutdown drains the handler, ends the contexts of Serve with
// [ErrShutdown] and returns when all have returned, or with ctx's error when ctx is
// done. It does not wait for calls: end them first. It may be called more than once.
func (h *Handler) Shutdown(ctx context.Context) error {
	h.Drain()
	h.end(ErrShutdown)
	select {
	case <-h.door.empty():
		return nil
	case <-ctx.Done():
		return ctx.Err()
	}
}
