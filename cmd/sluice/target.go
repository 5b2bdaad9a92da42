package main

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"time"

	"github.com/spf13/cobra"

	"github.com/sluice-dev/sluice/tools"
	"github.com/sluice-dev/sluice/tools/upstream"
	"github.com/sluice-dev/sluice/transport"
	"github.com/sluice-dev/sluice/transport/mcp"
)

// The exit codes of the commands that talk to a server, beside those that every
// command has.
const (
	exitConnect     = 3   // no server, or one that breaks the protocol
	exitInterrupted = 130 // Ctrl-C, as shells have it
)

// connectTimeout is how long a server may take until it answers the handshake, where
// --timeout does not say.
const connectTimeout = 10 * time.Second

// A target says which server a command talks to.
type target struct {
	url     string
	token   string
	tls     clientTLS
	config  string
	quiet   bool
	timeout time.Duration // of everything; 0 for none
	command []string      // what follows "--"
}

// targetHelp is the part of a command's help that says how to choose a server.
const targetHelp = `The server is one of:
  --url URL          a running one: ws://127.0.0.1:7777/mcp, or just its host:port; wss:// with
                     TLS; unix:/path for a UNIX socket. The token comes from SLUICE_TOKEN,
                     from --token, or from the file that "sluice serve" leaves for you on
                     this machine
  --config FILE      the tools of a config file, run within this command
  -- CMD ARGS...     any MCP server that speaks stdio, started for this command and ended with it
  (none of them)     the built-in tools echo and countdown, to try things out`

func (t *target) addFlags(cmd *cobra.Command) {
	addConfigFlag(cmd.Flags(), &t.config, servedConfig)
	cmd.Flags().StringVarP(&t.url, "url", "u", "", "talk to the server that listens at `URL`")
	cmd.Flags().StringVar(&t.token, "token", "", "the server's `token`; others on this machine can see it, so prefer SLUICE_TOKEN")
	t.tls.addFlags(cmd.Flags())
	cmd.Flags().DurationVarP(&t.timeout, "timeout", "t", 0, "give up after this `time`, such as 30s (default none, and 10s for the server to answer at all)")
	cmd.Flags().BoolVarP(&t.quiet, "quiet", "q", false, "show neither progress nor what the server writes to stderr")
}

// split takes the server's command off the arguments and checks that one server is
// chosen at most.
func (t *target) split(cmd *cobra.Command, args []string) ([]string, error) {
	if dash := cmd.ArgsLenAtDash(); dash >= 0 {
		args, t.command = args[:dash], args[dash:]
		if len(t.command) == 0 {
			return nil, usageError(helpHint(cmd), "after -- comes the command of a server")
		}
	}
	chosen := 0
	for _, given := range []bool{t.url != "", t.config != "", t.command != nil} {
		if given {
			chosen++
		}
	}
	if chosen > 1 {
		return nil, usageError("leave all but one out", "--url, --config and -- CMD each choose a server")
	}
	if t.token != "" && t.url == "" {
		return nil, usageError("add --url", "--token is for a server at a URL")
	}
	if t.tls != (clientTLS{}) && t.url == "" {
		return nil, usageError("add --url", "--ca, --cert and --key are for a server at a URL")
	}
	if t.timeout < 0 {
		return nil, usageError("write 30s, 5m or 1h30m", "--timeout is negative")
	}
	return args, nil
}

// A session is a connection to a server, and what was started to have it.
type session struct {
	client *upstream.Client
	wait   func() // returns when what was started has ended; nil where nothing was
	kill   func() // ends a program that was started at once; nil where none was
}

// connect connects to the server; what it has to say goes to errOut. A program that
// was started for it is killed when forced is done. The caller closes the session.
func (t *target) connect(ctx, forced context.Context, errOut *screen) (*session, error) {
	if errOut.animated() && !t.quiet {
		bar := newBarView(errOut, time.Now())
		bar.progress(tools.Progress{Message: "waiting for the server"}, time.Now())
		defer watch(bar).end()
	}
	if t.url == "" && t.command == nil {
		return t.host(ctx, forced, errOut)
	}
	ctx, cancel := t.patient(ctx)
	defer cancel()
	if t.url != "" {
		return t.dial(ctx, errOut)
	}
	return t.spawn(ctx, forced, errOut)
}

// patient ends ctx when the server has not answered the handshake in time.
func (t *target) patient(ctx context.Context) (context.Context, context.CancelFunc) {
	limit, overdue := t.patience()
	return context.WithTimeoutCause(ctx, limit, overdue)
}

// patience returns how long the server may take to answer the handshake, and the
// failure of one that takes longer.
func (t *target) patience() (limit time.Duration, overdue error) {
	limit, code := connectTimeout, exitConnect
	if t.timeout > 0 {
		limit, code = t.timeout, exitFailure
	}
	return limit, &failure{code: code, err: fmt.Errorf("the server did not answer the handshake within %v", limit),
		hint: "is it an MCP server? One that is slow to start gets more time with --timeout 1m"}
}

// bound ends ctx when --timeout is over for a command that began at start.
func (t *target) bound(ctx context.Context, start time.Time) (context.Context, context.CancelFunc) {
	if t.timeout == 0 {
		return context.WithCancel(ctx)
	}
	return context.WithDeadlineCause(ctx, start.Add(t.timeout),
		&failure{code: exitFailure, err: fmt.Errorf("gave up after %v, as --timeout has it", t.timeout)})
}

// host runs the tools of a config within this process.
func (t *target) host(ctx, forced context.Context, errOut *screen) (*session, error) {
	cfg, err := loadConfig(t.config)
	if err != nil {
		return nil, err
	}
	logger := slog.New(slog.DiscardHandler)
	if !t.quiet { // only what is wrong with the config is of interest here
		logger = slog.New(slog.NewTextHandler(errOut, &slog.HandlerOptions{Level: slog.LevelWarn}))
	}
	h, err := newHost(cfg, logger)
	if err != nil {
		return nil, err
	}
	t.settle(ctx, h)
	ctx, cancel := t.patient(ctx)
	defer cancel()
	clientEnd, serverEnd := memoryStreams()
	served := make(chan struct{})
	go func() {
		defer close(served)
		err := h.server.Serve(context.WithoutCancel(ctx), serverEnd, transport.Peer{Transport: "memory"})
		logger.Debug("served", "error", err)
	}()
	s, err := open(ctx, clientEnd, upstream.Options{})
	if err != nil {
		<-served
		h.await(forced, logger)
		return nil, err
	}
	s.wait = func() {
		<-served
		h.await(forced, logger) // a program that ignores SIGTERM must not outlive this one
	}
	return s, nil
}

// settle waits for the upstreams of a config, as long as each of them may take to start,
// and not beyond --timeout: who asks for the tools wants theirs too.
func (t *target) settle(ctx context.Context, h *host) {
	if t.timeout > 0 {
		var cancel context.CancelFunc
		ctx, cancel = context.WithTimeout(ctx, t.timeout)
		defer cancel()
	}
	h.settleUpstreams(ctx)
}

// open speaks to the server at the other end of the stream.
func open(ctx context.Context, stream upstream.Stream, opts upstream.Options) (*session, error) {
	opts.Info = mcp.Implementation{Name: "sluice", Version: buildVersion().Version}
	client, err := upstream.Connect(ctx, stream, opts)
	if err != nil {
		return nil, serverError(ctx, err)
	}
	return &session{client: client}, nil
}

// close ends the session, and what was started for it. It returns early when forced
// is done: the process is about to end then.
func (s *session) close(forced context.Context) {
	done := make(chan struct{})
	go func() {
		defer close(done)
		s.client.Close() // whatever it says, there is nothing left to lose
		if s.wait != nil {
			s.wait()
		}
	}()
	select {
	case <-done:
	case <-forced.Done():
		if s.kill != nil {
			s.kill() // it must not outlive us
		}
	}
}

// serverError gives an error of a server the exit code that it stands for.
func serverError(ctx context.Context, err error) error {
	if overdue, ok := errors.AsType[*failure](context.Cause(ctx)); ok {
		return overdue
	}
	if ctx.Err() != nil {
		return &failure{code: exitInterrupted, err: errors.New("interrupted")}
	}
	var refusal *upstream.WireError
	hint := ""
	switch {
	case errors.Is(err, upstream.ErrUnread):
		hint = "it may take no request this long: send less, or have the tool read the data itself"
	case errors.As(err, &refusal):
		err = fmt.Errorf("the server refused: %w", err)
	case errors.Is(err, upstream.ErrVersion):
		hint = "a newer sluice may know its revisions"
	}
	return &failure{code: exitConnect, err: &remoteError{err}, hint: hint}
}

// remoteError is an error with words of a server in it: it is made safe to be shown.
type remoteError struct{ err error }

func (e *remoteError) Error() string { return oneLine(e.err.Error()) }

func (e *remoteError) Unwrap() error { return e.err }
