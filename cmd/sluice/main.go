// Command sluice serves tools to MCP clients over stdio and WebSocket.
//
// Run it without arguments to see what to try first.
package main

import (
	"context"
	"os"

	"github.com/sluice-dev/sluice/tools/command"
)

func main() {
	command.RunShim()
	os.Exit(run(context.Background(), os.Args[1:], os.Stdin, os.Stdout, os.Stderr))
}
