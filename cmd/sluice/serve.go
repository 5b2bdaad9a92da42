package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"slices"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"github.com/sluice-dev/sluice/cmd/sluice/internal/config"
	"github.com/sluice-dev/sluice/cmd/sluice/internal/journal"
	"github.com/sluice-dev/sluice/cmd/sluice/internal/systemd"
	"github.com/sluice-dev/sluice/transport/websocket"
)

// defaultDrain leaves a platform that kills after 30 s time for the rest of the stop.
const defaultDrain = 20 * time.Second

const serveLong = `Listens for MCP clients on a WebSocket: ws://ADDRESS/mcp, subprotocol "mcp". Beside it
/healthz and /readyz answer the probes of a platform, /metrics those of Prometheus, /admin is
what "sluice top" asks, and /sluice.js is a client for pages.

Every client needs a token. Tokens come from auth.tokens of the config or from
--token-file; "sluice token new" makes one. auth of the config also takes tokens of issuers
(JWT), certificates of clients and users of this machine, and says what each caller may do.
Where there is no way to be known, a token is made for this run and printed once, with a line
to paste for each kind of client; for "sluice call" on this machine it is also left in a
file that only you can read. With --log-format json nothing is printed: the log names that
file, never the token.

An address that other machines reach needs tokens of yours, and should have TLS: see
listen.tls of the config, or a proxy in front.

SIGTERM or Ctrl-C drains: /readyz says 503, new calls are refused, running ones may finish
within --drain (drain in the config), then connections are closed with code 1001 and the
exit code is 0. A second signal stops at once, with exit code 1.

With --config or --token-file, SIGHUP reads the files again, and so does a change of one of
them: tools, upstreams, tokens and callers, certificates, origins, hosts, proxies, caps on connections
and the limits of the engine follow, running calls end on what they started with, and a bad
file changes nothing. Without either SIGHUP is as SIGTERM.`

type serveOptions struct {
	config    string
	listen    []string
	tokenFile string
	origins   []string
	drain     drainFlag
	log       logFlags
}

func newServeCommand() *cobra.Command {
	var opts serveOptions
	cmd := &cobra.Command{
		Use:     "serve",
		Short:   "Serve WebSocket clients: browsers, sidecars, sluice call --url",
		Long:    serveLong,
		Example: "  sluice serve\n  sluice serve --origin http://localhost:3000\n  sluice serve --config sluice.yaml --listen 127.0.0.1:9000 --listen unix:/run/sluice.sock",
		Args:    usageArgs(cobra.NoArgs),
		RunE: func(cmd *cobra.Command, _ []string) error {
			return opts.run(cmd.Context(), cmd.OutOrStdout(), cmd.ErrOrStderr())
		},
	}
	addConfigFlag(cmd.Flags(), &opts.config, servedConfig)
	opts.addFlags(cmd)
	return cmd
}

// addFlags adds the flags on clients and their connections.
func (o *serveOptions) addFlags(cmd *cobra.Command) {
	cmd.Flags().StringArrayVarP(&o.listen, "listen", "l", nil, "listen on this `address`: host:port, where port 0 takes a free one, unix:/path or systemd:NAME; may be repeated (default 127.0.0.1:7777)")
	cmd.Flags().StringVar(&o.tokenFile, "token-file", "", "accept the token that this `file` holds")
	cmd.Flags().StringArrayVar(&o.origins, "origin", nil, "let pages of this `origin` connect, such as http://localhost:*; may be repeated")
	o.drain.add(cmd.Flags(), "drain", defaultDrain, "how long running calls may go on when asked to stop")
	o.log.add(cmd)
}

// hintOfAddress says how to write an address that is none.
func hintOfAddress(address string) string {
	if _, ok := config.SystemdName(address); ok {
		return "the name is that of FileDescriptorName= in the .socket unit, or else the unit's own, as in systemd:sluice.socket"
	}
	if _, ok := config.UnixPath(address); ok {
		return "write unix: and the path of the socket, as in unix:/run/sluice.sock"
	}
	return "port 0 takes a free one"
}

// apply writes the flags that were given into cfg.
func (o *serveOptions) apply(cfg *config.Config) error {
	for i, address := range o.listen {
		if err := config.CheckAddress(address); err != nil {
			return usageError(hintOfAddress(address), "--listen %w", err)
		}
		address, err := absoluteAddress(address)
		if err != nil {
			return err
		}
		if i == 0 {
			cfg.Listen.Address = address // of the config's, this is the one that is replaced
		} else {
			cfg.Listen.Also = append(cfg.Listen.Also, config.Listener{Address: address})
		}
	}
	cfg.Listen.Origins = append(cfg.Listen.Origins, o.origins...)
	if o.tokenFile != "" {
		cfg.Auth.Tokens = append(cfg.Auth.Tokens, config.Token{Name: "token-file", TokenFile: o.tokenFile})
	}
	return o.log.apply(cfg)
}

// files are those that flags name.
func (o *serveOptions) files() []string {
	if o.tokenFile == "" {
		return nil
	}
	return []string{o.tokenFile}
}

func (o *serveOptions) run(ctx context.Context, out, errOut io.Writer) error {
	return o.serve(ctx, source{o.config, o.files(), func() (*config.Config, error) {
		cfg, err := loadConfig(o.config)
		if err != nil {
			return nil, err
		}
		return cfg, o.apply(cfg)
	}}, newHost, out, errOut)
}

// serve serves the host that build makes of what from has.
func (o *serveOptions) serve(ctx context.Context, from source, build builder, out, errOut io.Writer) error {
	reload := newReloader(from)
	defer reload.stop()
	cfg, err := reload.load(from)
	if err != nil {
		return err
	}
	keys, err := readKeys(cfg)
	if err != nil {
		return err
	}
	logs := newJournal(errOut, cfg)
	defer logs.Close()
	logger := logs.Logger
	if err := keys.fit(&cfg.Listen, logger); err != nil {
		return err
	}
	h, err := build(cfg, logger)
	if err != nil {
		return err
	}
	defer h.closeUpstreams(context.Background()) // where it came to no serving
	logContainment(cfg, logger)
	h.memory.announce()
	s, err := newService(h, cfg, keys, logger)
	if err != nil {
		return err
	}
	s.logs = logs
	defer s.close()
	defer newRester().start()()
	if err := s.listen(cfg); err != nil {
		return err
	}
	asked, forced, release := untilSignalled(ctx, reload.stopSignals()) // before anybody can know that we run
	defer release()
	announceCaps(&cfg.Listen, mayOpen(), logger)
	s.warnOfPlainText()
	warnOfDoubtful(cfg, logger)
	s.directory.Prepare()
	path, remove := s.leaveToken(keys.generated)
	defer remove()
	if err := s.announce(out, cfg, keys, path); err != nil {
		return err
	}
	s.manager = systemd.NewNotifier()
	reload.start(asked, cfg, h, s, logs)
	return s.run(asked, forced, &cfg.Listen, o.drain.of(cfg))
}

// keys are the tokens that are accepted.
type keys struct {
	entries   []websocket.Token
	generated string // the token that was made for this run; empty where tokens are configured
}

// readKeys reads the tokens of a config, or makes one. An address that other
// machines reach is not served with a token that only this run knows.
func readKeys(cfg *config.Config) (*keys, error) {
	if cfg.Auth.Known() {
		return configuredKeys(cfg.Auth.Tokens)
	}
	if open := exposed(&cfg.Listen); len(open) > 0 {
		return nil, usageError("name one under auth.tokens in the config, or with --token-file",
			"%s can be reached by other machines, so it is not served without a token of yours", open[0])
	}
	token := websocket.NewToken()
	journal.Hide(token)
	return &keys{entries: []websocket.Token{{Name: "local", Secret: token}}, generated: token}, nil
}

func configuredKeys(tokens []config.Token) (*keys, error) {
	k := &keys{}
	for _, t := range tokens {
		secret, err := t.Secret()
		if err != nil {
			return nil, &failure{code: exitUsage, err: err,
				hint: "a token is read from the environment (token_env) or from a file (token_file) when sluice starts"}
		}
		journal.Hide(secret)
		k.entries = append(k.entries, websocket.Token{Name: t.Name, Secret: secret})
	}
	return k, nil
}

// fit refuses tokens that might be guessed from another machine, and warns of those that
// might be from this one.
func (k *keys) fit(l *config.Listen, logger *slog.Logger) error {
	for _, problem := range k.weak() {
		if open := exposed(l); len(open) > 0 {
			return usageError("make one of at least 16 random characters",
				"%s, too few for %s, which other machines can reach", problem, open[0])
		}
		logger.Warn(problem)
	}
	return nil
}

// weak says of each token that might be guessed that it might.
func (k *keys) weak() (problems []string) {
	for _, token := range k.entries {
		if token.Weak() {
			problems = append(problems, fmt.Sprintf("token %q has fewer than 16 characters and might be guessed", token.Name))
		}
	}
	return problems
}

// announce tells people, or the log, where the server is. TokenFile is where a
// generated token was left.
func (s *service) announce(out io.Writer, cfg *config.Config, k *keys, tokenFile string) error {
	b := banner{
		health:    s.admin.health(),
		tools:     s.host.registry.Snapshot().Len(),
		token:     k.generated,
		tokenFile: tokenFile,
		command:   invocation(),
	}
	for _, l := range s.clients {
		b.urls = append(b.urls, l.url())
	}
	s.log.Info("serving", "url", strings.Join(b.urls, " "), "health", b.health, "tools", b.tools, "token_file", tokenFile)
	for _, l := range s.clients {
		if l.certificates != nil {
			l.certificates.announce(l.address, s.log)
		}
	}
	if cfg.Log.Format == "text" {
		_, err := fmt.Fprint(out, b)
		return err
	}
	if b.token != "" && tokenFile == "" {
		return hinted("name a token under auth.tokens in the config, or with --token-file",
			errors.New("nobody could connect: a token was made, and a log is no place to tell it"))
	}
	return nil
}

// leaveToken writes a generated token to the files where "sluice call" looks for it, one
// for each address, and returns the first.
func (s *service) leaveToken(token string) (path string, remove func()) {
	var removals []func()
	remove = func() {
		for _, remove := range removals {
			remove()
		}
	}
	if token == "" {
		return "", remove
	}
	for _, l := range s.listeners() {
		removal, err := writeTokenFile(l.address, token)
		if err != nil {
			s.log.Warn("the token could not be left for `sluice call`", "error", err)
			continue
		}
		removals = append(removals, removal)
		if path == "" {
			path, _ = tokenFilePath(l.address) // which has just been written
		}
	}
	return path, remove
}

// warnOfPlainText says where tokens can be read on their way.
func (s *service) warnOfPlainText() {
	for _, l := range s.clients {
		if l.certificates == nil && !isLoopback(l.address) {
			s.log.Warn("tokens travel unencrypted to this address, unless a proxy in front of it speaks TLS; see listen.tls", "address", l.address)
		}
	}
	if !slices.Contains(s.clients, s.admin) && !isLoopback(s.admin.address) {
		s.log.Warn("tokens travel unencrypted to the address for administration; let none but your platform reach it", "address", s.admin.address)
	}
}
