package main

import (
	"context"
	"crypto/tls"
	"errors"
	"io"
	"log/slog"
	"net"
	"net/http"
	"os"
	"time"

	"github.com/spf13/cobra"

	"github.com/sluice-dev/sluice/cmd/sluice/internal/bridge"
	"github.com/sluice-dev/sluice/cmd/sluice/internal/config"
	"github.com/sluice-dev/sluice/tools/upstream"
	"github.com/sluice-dev/sluice/transport/stdio"
	"github.com/sluice-dev/sluice/transport/websocket"
)

const connectLong = `Carries MCP between stdin and stdout and a Sluice that listens elsewhere, for clients that
speak only stdio. In a desktop client's config:
  {"mcpServers": {"team": {"command": "sluice", "args": ["connect", "wss://tools.example/mcp"],
    "env": {"SLUICE_TOKEN": "..."}}}}

The token comes from SLUICE_TOKEN, from --token-file, or from the file that "sluice serve"
leaves for you on this machine. It is read again for each connection.

The first connection may take --wait, and is then given up, at once where the server
refuses it (400, 401, 403, 404, 426): the exit code is 3. A connection that is lost later is tried
again for as long as the client stays, after a random time of up to 0.5 s, then 1 s, 2 s
and so on to 30 s. Requests that had no answer yet are answered with an error that says
so, and the server cancels them; until there is a new connection requests fail at once. A
client of an older revision is then told that the tools may have changed; its handshake is
repeated for it. Nothing is ever sent twice.

The end of stdin, SIGTERM or Ctrl-C ends it: running calls may finish within --grace.`

type connectOptions struct {
	target    target
	tokenFile string
	wait      time.Duration
	grace     time.Duration
	log       logFlags
}

func newConnectCommand() *cobra.Command {
	var opts connectOptions
	cmd := &cobra.Command{
		Use:     "connect URL",
		Short:   "Bridge stdio to a Sluice that listens elsewhere",
		Long:    connectLong,
		Example: "  sluice connect ws://127.0.0.1:7777/mcp\n  SLUICE_TOKEN=... sluice connect wss://tools.example --ca ca.pem\n  sluice connect unix:/run/sluice.sock",
		Args:    usageArgs(cobra.ExactArgs(1)),
		RunE: func(cmd *cobra.Command, args []string) error {
			opts.target.url = args[0]
			return opts.run(cmd.Context(), cmd.InOrStdin(), cmd.ErrOrStderr())
		},
	}
	cmd.Flags().StringVar(&opts.tokenFile, "token-file", "", "read the token from this `file`")
	opts.target.tls.addFlags(cmd.Flags())
	cmd.Flags().DurationVar(&opts.wait, "wait", 30*time.Second, "how long the first connection may take")
	cmd.Flags().DurationVar(&opts.grace, "grace", defaultGrace, "how long running calls may go on at the end")
	opts.log.add(cmd)
	return cmd
}

func (o *connectOptions) run(ctx context.Context, in io.Reader, errOut io.Writer) error {
	out, err := stdio.TakeStdout()
	if err != nil {
		return err
	}
	defer out.Close()
	cfg := config.Starter()
	if err := o.log.apply(cfg); err != nil {
		return err
	}
	logs := newJournal(errOut, cfg)
	defer logs.Close()
	dial, err := o.dialer(logs.Logger)
	if err != nil {
		return err
	}
	return o.carry(ctx, in, out, dial)
}

// carry bridges the streams of the process.
func (o *connectOptions) carry(ctx context.Context, in io.Reader, out *os.File, opts bridge.Options) error {
	asked, forced, release := untilStopped(ctx)
	defer release()
	asked, released := untilOrphaned(asked)
	defer released()
	heard, stop := stdio.UntilHangup(asked, out)
	defer stop()
	client := stdio.New(in, out, stdio.Options{MaxMessage: maxAnswer})
	err := bridge.Run(heard, forced, client, opts)
	if lost, ok := errors.AsType[*bridge.ClientError](err); ok {
		return lost.Err
	}
	if err != nil {
		return &failure{code: exitConnect, err: &remoteError{err}, hint: "check the URL, and the token in SLUICE_TOKEN or --token-file"}
	}
	return context.Cause(forced)
}

// dialer returns the options of a bridge to the URL.
func (o *connectOptions) dialer(logger *slog.Logger) (bridge.Options, error) {
	u, err := serverURL(o.target.url)
	if err != nil {
		return bridge.Options{}, err
	}
	if err := o.target.tls.check(u); err != nil {
		return bridge.Options{}, err
	}
	if u.Scheme == "ws" && !isLoopback(address(u)) {
		logger.Warn("what is said travels unencrypted, the token too; use wss://", "host", u.Host)
	}
	remote := upstream.Remote{URL: u.String(), MaxMessage: maxAnswer, TLS: o.target.tls.config, Token: func() (string, error) {
		if o.tokenFile != "" {
			return config.ReadSecret(o.tokenFile)
		}
		return o.target.tokenFor(u), nil
	}}
	return bridge.Options{
		Dial: remote.Open, Final: isFinal, Patience: o.wait, Grace: o.grace,
		Logger: logger.With("url", place(u)),
	}, nil
}

// isFinal reports whether a server that answered so will not answer otherwise soon.
func isFinal(err error) bool {
	if answer, ok := errors.AsType[*websocket.StatusError](err); ok {
		switch answer.Status {
		case http.StatusBadRequest, http.StatusUnauthorized, http.StatusForbidden, http.StatusNotFound, http.StatusUpgradeRequired:
			return true
		}
		return false
	}
	if _, ok := errors.AsType[*tls.CertificateVerificationError](err); ok {
		return true
	}
	if _, dialling := errors.AsType[*net.OpError](err); dialling {
		return errors.Is(err, os.ErrPermission) // of a UNIX socket; one that is not there may come
	}
	return errors.Is(err, os.ErrNotExist) || errors.Is(err, os.ErrPermission) // of a file that a flag names
}
