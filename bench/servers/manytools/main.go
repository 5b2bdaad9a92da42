// Command manytools serves any number of tools over stdio, by Sluice as a library. The
// first is echo; the others do the same by other names.
package main

import (
	"context"
	"flag"
	"fmt"
	"log"
	"os"

	"github.com/sluice-dev/sluice/executor"
	"github.com/sluice-dev/sluice/tools"
	"github.com/sluice-dev/sluice/transport"
	"github.com/sluice-dev/sluice/transport/mcp"
	"github.com/sluice-dev/sluice/transport/stdio"
)

type echoInput struct {
	Text string `json:"text" jsonschema:"description=The text to give back."`
}

func echo(_ context.Context, in echoInput) (string, error) { return in.Text, nil }

func main() {
	count := flag.Int("tools", 10, "how many tools there are")
	flag.Parse()
	if err := serve(context.Background(), *count); err != nil {
		log.Fatal(err)
	}
}

func serve(ctx context.Context, count int) error {
	registry := &tools.Registry{}
	if err := registry.Add(echoes(count)...); err != nil {
		return err
	}
	server := transport.NewServer(transport.Options{
		Engine:   executor.New(executor.Options{Registry: registry}),
		Registry: registry,
		Info:     mcp.Implementation{Name: "bench", Version: "1"},
	})
	return server.Serve(ctx, stdio.New(os.Stdin, os.Stdout, stdio.Options{}), transport.Peer{Transport: "stdio"})
}

func echoes(count int) []*tools.Tool {
	list := []*tools.Tool{tools.Func("echo", "Gives the text back as it came.", echo)}
	for i := range count - 1 {
		list = append(list, tools.Func(fmt.Sprintf("echo_%05d", i), "Gives the text back as it came.", echo))
	}
	return list
}
