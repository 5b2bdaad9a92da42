package main

import (
	"context"
	"log/slog"
	"os"

	"github.com/sluice-dev/sluice/transport"
	"github.com/sluice-dev/sluice/transport/stdio"
)

// serveStdio speaks MCP on stdin and stdout until stdin ends or ctx is done.
func serveStdio(ctx context.Context, server *transport.Server, log *slog.Logger) error {
	out, err := stdio.TakeStdout()
	if err != nil {
		return err
	}
	defer context.AfterFunc(ctx, func() { shutDown(server, log) })()
	heard, stop := stdio.UntilHangup(context.WithoutCancel(ctx), out)
	defer stop()
	stream := stdio.New(os.Stdin, out, stdio.Options{})
	return server.Serve(heard, stream, transport.Peer{Transport: "stdio", Grace: grace})
}
