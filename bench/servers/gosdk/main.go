// Command gosdk serves the tools of the benchmark by the official Go SDK over stdio, as
// its examples build a server.
package main

import (
	"context"
	"fmt"
	"log"

	"github.com/modelcontextprotocol/go-sdk/mcp"
)

type echoInput struct {
	Text string `json:"text" jsonschema:"The text to give back."`
}

type countdownInput struct {
	From       int `json:"from"`
	IntervalMS int `json:"interval_ms,omitempty"`
}

func main() {
	s := mcp.NewServer(&mcp.Implementation{Name: "bench", Version: "1"}, nil)
	mcp.AddTool(s, &mcp.Tool{Name: "echo", Description: "Gives the text back as it came."}, echo)
	mcp.AddTool(s, &mcp.Tool{Name: "countdown", Description: "Counts down to zero and reports each number as progress."}, countdown)
	if err := s.Run(context.Background(), &mcp.StdioTransport{}); err != nil {
		log.Fatal(err)
	}
}

func text(s string) *mcp.CallToolResult {
	return &mcp.CallToolResult{Content: []mcp.Content{&mcp.TextContent{Text: s}}}
}

func echo(_ context.Context, _ *mcp.CallToolRequest, in echoInput) (*mcp.CallToolResult, any, error) {
	return text(in.Text), nil, nil
}

func countdown(ctx context.Context, req *mcp.CallToolRequest, in countdownInput) (*mcp.CallToolResult, any, error) {
	token := req.Params.GetProgressToken()
	for i := range in.From {
		if token == nil {
			break
		}
		err := req.Session.NotifyProgress(ctx, &mcp.ProgressNotificationParams{
			ProgressToken: token, Progress: float64(i + 1), Total: float64(in.From),
		})
		if err != nil {
			return nil, nil, err
		}
	}
	return text(fmt.Sprintf("Counted down from %d.", in.From)), nil, nil
}
