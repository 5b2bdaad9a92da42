package main

import (
	"context"
	"fmt"
	"log/slog"
	"os"
	"os/signal"
	"syscall"
	"time"

	"github.com/sluice-dev/sluice/executor"
	"github.com/sluice-dev/sluice/tools"
	"github.com/sluice-dev/sluice/transport"
	"github.com/sluice-dev/sluice/transport/mcp"
)

const usage = "usage: everything stdio | everything serve --listen ADDR --token SECRET [--origin ORIGIN]..."

// grace is how long running calls may go on when the server ends.
const grace = 5 * time.Second

func main() {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	context.AfterFunc(ctx, stop) // the second signal ends it as signals do
	err := run(ctx, os.Args[1:])
	stop()
	if err != nil {
		fmt.Fprintln(os.Stderr, "everything:", err)
		os.Exit(1)
	}
}

func run(ctx context.Context, args []string) error {
	log := slog.New(slog.NewTextHandler(os.Stderr, nil))
	server, err := newServer(log)
	switch {
	case err != nil:
		return err
	case len(args) == 1 && args[0] == "stdio":
		return serveStdio(ctx, server, log)
	case len(args) > 0 && args[0] == "serve":
		return serveWebSocket(ctx, server, log, args[1:])
	}
	return fmt.Errorf("%s", usage)
}

func newServer(log *slog.Logger) (*transport.Server, error) {
	registry, err := newToolbox()
	if err != nil {
		return nil, err
	}
	return transport.NewServer(transport.Options{
		Engine:   newEngine(registry, log),
		Registry: registry,
		Info:     mcp.Implementation{Name: "everything", Title: "Everything", Version: "1.0.0"},
		PageSize: 10,
		Logger:   log,
	}), nil
}

// newEngine returns an engine in which each call is on its own: a suite that has a tool
// fail as often as it likes sees how that fails, and not how it is kept from it.
func newEngine(registry *tools.Registry, log *slog.Logger) *executor.Engine {
	return executor.New(executor.Options{
		Registry: registry, Logger: log,
		RepeatFailures: -1, Breaker: tools.Breaker{Off: true},
	})
}

// shutDown ends the server within the grace.
func shutDown(server *transport.Server, log *slog.Logger) {
	ctx, cancel := context.WithTimeout(context.Background(), grace)
	defer cancel()
	if err := server.Shutdown(ctx); err != nil {
		log.Warn("calls were cut short", "error", err)
	}
}
