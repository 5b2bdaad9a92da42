package transport_test

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

// A server of one tool, speaking on a pair of pipes as a desktop client would have it.
func ExampleServer_Serve() {
	type greeting struct {
		Name string `json:"name"`
	}
	registry := &tools.Registry{}
	err := registry.Add(tools.Func("greet", "Greet somebody by name.",
		func(_ context.Context, in greeting) (string, error) { return "Hello, " + in.Name + "!", nil }))
	if err != nil {
		fmt.Println(err)
		return
	}
	server := transport.NewServer(transport.Options{
		Engine:   executor.New(executor.Options{Registry: registry}),
		Registry: registry,
		Info:     mcp.Implementation{Name: "greeter", Version: "1.0.0"},
	})

	request := `{"jsonrpc":"2.0","id":1,"method":"tools/call","params":{"name":"greet","arguments":{"name":"Ada"},` +
		`"_meta":{"io.modelcontextprotocol/protocolVersion":"2026-07-28","io.modelcontextprotocol/clientCapabilities":{}}}}`
	stream := stdio.New(strings.NewReader(request+"\n"), struct{ io.Writer }{os.Stdout}, stdio.Options{})
	err = server.Serve(context.Background(), stream, transport.Peer{Transport: "stdio", Grace: 5 * time.Second})
	fmt.Println(err)
	// Output:
	// {"jsonrpc":"2.0","id":1,"result":{"resultType":"complete","content":[{"type":"text","text":"Hello, Ada!"}],"_meta":{"io.modelcontextprotocol/serverInfo":{"name":"greeter","version":"1.0.0"}}}}
	// <nil>
}
