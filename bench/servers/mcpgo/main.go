// Command mcpgo serves the tools of the benchmark by mark3labs/mcp-go over stdio, as
// its README builds a server.
package main

import (
	"context"
	"fmt"
	"log"

	"github.com/mark3labs/mcp-go/mcp"
	"github.com/mark3labs/mcp-go/server"
)

func main() {
	s := server.NewMCPServer("bench", "1", server.WithToolCapabilities(false), server.WithRecovery())
	s.AddTool(mcp.NewTool("echo",
		mcp.WithDescription("Gives the text back as it came."),
		mcp.WithString("text", mcp.Required(), mcp.Description("The text to give back."))), echo)
	s.AddTool(mcp.NewTool("countdown",
		mcp.WithDescription("Counts down to zero and reports each number as progress."),
		mcp.WithNumber("from", mcp.Required())), countdown)
	if err := server.ServeStdio(s); err != nil {
		log.Fatal(err)
	}
}

func echo(_ context.Context, req mcp.CallToolRequest) (*mcp.CallToolResult, error) {
	text, err := req.RequireString("text")
	if err != nil {
		return mcp.NewToolResultError(err.Error()), nil
	}
	return mcp.NewToolResultText(text), nil
}

func countdown(ctx context.Context, req mcp.CallToolRequest) (*mcp.CallToolResult, error) {
	from := req.GetInt("from", 0)
	s := server.ServerFromContext(ctx)
	for i := range from {
		if req.Params.Meta == nil || req.Params.Meta.ProgressToken == nil {
			break
		}
		// A report is refused where the channel to the client is full: it is lost, and the
		// call goes on.
		_ = s.SendNotificationToClient(ctx, "notifications/progress", map[string]any{
			"progressToken": req.Params.Meta.ProgressToken, "progress": i + 1, "total": from,
		})
	}
	return mcp.NewToolResultText(fmt.Sprintf("Counted down from %d.", from)), nil
}
