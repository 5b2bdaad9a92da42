package main

import (
	"fmt"
	"log/slog"

	"github.com/sluice-dev/sluice/cmd/sluice/internal/config"
	"github.com/sluice-dev/sluice/cmd/sluice/internal/identity"
	"github.com/sluice-dev/sluice/transport/websocket"
)

// accessOf says who may connect: with one of the tokens, or as the directory knows.
func accessOf(l *config.Listen, k *keys, d *identity.Directory) (websocket.Access, error) {
	a := websocket.Access{
		Hosts: l.Hosts, Origins: l.Origins, Proxies: l.Proxies, ProxyHeader: l.ProxyHeader,
		Verifiers: d.Verifiers(), Connections: d.Connections,
	}
	var err error
	if len(k.entries) > 0 {
		a.Tokens, err = websocket.NewTokens(k.entries...)
	}
	return a, err
}

// doubtful says which ways to be known no listener offers, and which permissions are hardly
// meant.
func doubtful(cfg *config.Config) (problems []string) {
	asks, socket := false, false
	for _, l := range cfg.Listen.Listeners() {
		asks = asks || l.TLS != nil && l.TLS.ClientCAFile != ""
		_, unix := config.UnixPath(l.Address)
		socket = socket || unix
	}
	if cfg.Auth.Certificates != nil && !asks {
		problems = append(problems, "auth.certificates names callers, and no listener asks for certificates: see client_ca_file of its tls")
	}
	if len(cfg.Auth.Users) > 0 && !socket {
		problems = append(problems, "auth.users names callers, and no listener is a UNIX socket")
	}
	for _, name := range identity.Widened(&cfg.Auth) {
		problems = append(problems, fmt.Sprintf("auth: what is said of %q itself has no tools, so it may call all; what a pattern allows its callers counts for it no more: say tools there", name))
	}
	return problems
}

// warnOfDoubtful logs them.
func warnOfDoubtful(cfg *config.Config, logger *slog.Logger) {
	for _, problem := range doubtful(cfg) {
		logger.Warn(problem)
	}
}
