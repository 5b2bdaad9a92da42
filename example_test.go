package sluice_test

import (
	"context"
	"fmt"
	"io"
	"os"
	"strings"
	"time"

	"github.com/sluice-dev/sluice/executor"
	"github.com/sluice-dev/sluice/tools"
	"github.com/sluice-dev/sluice/transport"
	"github.com/sluice-dev/sluice/transport/mcp"
	"github.com/sluice-dev/sluice/transport/stdio"
)

// serve is the README's example; a test holds the two together.
func serve(ctx context.Context, in io.Reader, out io.Writer) error {
	registry := &tools.Registry{}
	err := registry.Add(tools.Func("greet", "Greet somebody by name.",
		func(ctx context.Context, in struct {
			Name string `json:"name"`
		}) (string, error) {
			tools.Report(ctx, tools.Progress{Message: "thinking of something nice"})
			return "Hello, " + in.Name + "!", nil
		}))
	if err != nil {
		return err
	}
	server := transport.NewServer(transport.Options{
		Engine:   executor.New(executor.Options{Registry: registry, Timeout: 10 * time.Second}),
		Registry: registry,
		Info:     mcp.Implementation{Name: "greeter", Version: "1.0.0"},
	})
	return server.Serve(ctx, stdio.New(in, out, stdio.Options{}), transport.Peer{Transport: "stdio", Grace: 5 * time.Second})
}

func Example() {
	requests := strings.NewReader(`{"jsonrpc":"2.0","id":0,"method":"initialize","params":{"protocolVersion":"2025-06-18","capabilities":{},"clientInfo":{"name":"me","version":"1"}}}` + "\n")
	if err := serve(context.Background(), requests, struct{ io.Writer }{os.Stdout}); err != nil {
		fmt.Println(err)
	}
	// Output:
	// {"jsonrpc":"2.0","id":0,"result":{"protocolVersion":"2025-06-18","capabilities":{"logging":{},"tools":{"listChanged":true}},"serverInfo":{"name":"greeter","version":"1.0.0"}}}
}
