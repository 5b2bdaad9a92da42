package main

import (
	"context"
	"encoding/json"
	"time"

	"github.com/sluice-dev/sluice/tools"
)

// conformance returns the tools that the official MCP conformance suite calls by
// name, those that need neither sampling nor elicitation. What each must answer is
// stated in the suite's scenarios
// (github.com/modelcontextprotocol/conformance, src/scenarios/server).
func conformance() []*tools.Tool {
	return []*tools.Tool{
		fixed("test_simple_text", "Returns text.",
			tools.Text{Text: "This is a simple text response for testing."}),
		fixed("test_image_content", "Returns an image.",
			tools.Image{Data: redPixel(), MIMEType: "image/png"}),
		fixed("test_audio_content", "Returns a sound.",
			tools.Audio{Data: silence(8), MIMEType: "audio/wav"}),
		fixed("test_embedded_resource", "Returns an embedded resource.", tools.EmbeddedResource{
			URI: "test://embedded-resource", MIMEType: "text/plain",
			Text: "This is an embedded resource content.",
		}),
		fixed("test_multiple_content_types", "Returns text, an image and a resource.",
			tools.Text{Text: "Multiple content types test:"},
			tools.Image{Data: redPixel(), MIMEType: "image/png"},
			tools.EmbeddedResource{
				URI: "test://mixed-content-resource", MIMEType: "application/json",
				Text: `{"test":"data","value":123}`,
			}),
		tools.Func("test_error_handling", "Returns an error.", refuse),
		tools.Func("test_tool_with_progress", "Reports progress at 0, 50 and 100 of 100.", advance),
		tools.Func("test_tool_with_logging", "Logs three notes at level info.", narrate),
		tools.Func("test_logging_tool", "Logs a note at level info.", trace),
		dialectTool(),
	}
}

// fixed is a tool without arguments that always returns the same content.
func fixed(name, description string, content ...tools.Content) *tools.Tool {
	return tools.Func(name, description, func(context.Context, noArguments) (*tools.Result, error) {
		return &tools.Result{Content: content}, nil
	})
}

func refuse(context.Context, noArguments) (string, error) {
	return "", tools.Errorf("This tool intentionally returns an error for testing")
}

// between is the time that the suite asks for between two reports or notes.
const between = 50 * time.Millisecond

func advance(ctx context.Context, _ noArguments) (string, error) {
	for i, done := range []float64{0, 50, 100} {
		if i > 0 {
			if err := pause(ctx, between); err != nil {
				return "", err
			}
		}
		tools.Report(ctx, tools.Progress{Done: done, Total: 100})
	}
	return "Tool with progress executed successfully", nil
}

func narrate(ctx context.Context, _ noArguments) (string, error) {
	for i, note := range []string{"Tool execution started", "Tool processing data", "Tool execution completed"} {
		if i > 0 {
			if err := pause(ctx, between); err != nil {
				return "", err
			}
		}
		tools.Log(ctx, tools.LevelInfo, note)
	}
	return "Tool with logging executed successfully", nil
}

func trace(ctx context.Context, _ noArguments) (string, error) {
	tools.Log(ctx, tools.LevelInfo, "Diagnostic trace logging activated")
	return "Logging evaluated", nil
}

// dialect uses the parts of JSON Schema 2020-12 that servers have been seen to strip
// on the way to the client; the suite looks for each of them in tools/list.
const dialect = `{
	"$schema": "https://json-schema.org/draft/2020-12/schema",
	"type": "object",
	"$defs": {
		"address": {
			"$anchor": "addressDef",
			"type": "object",
			"properties": {"street": {"type": "string"}, "city": {"type": "string"}}
		}
	},
	"properties": {
		"name": {"type": "string"},
		"address": {"$ref": "#/$defs/address"},
		"contactMethod": {"type": "string", "enum": ["phone", "email"]},
		"phone": {"type": "string"},
		"email": {"type": "string"}
	},
	"allOf": [{"anyOf": [{"required": ["phone"]}, {"required": ["email"]}]}],
	"if": {"properties": {"contactMethod": {"const": "phone"}}, "required": ["contactMethod"]},
	"then": {"required": ["phone"]},
	"else": {"required": ["email"]},
	"additionalProperties": false
}`

// dialectTool is a Tool literal, since its schema is not that of a Go type.
func dialectTool() *tools.Tool {
	return &tools.Tool{
		Definition: tools.Definition{
			Name:        "json_schema_2020_12_tool",
			Description: "Takes arguments under a schema with the vocabulary of JSON Schema 2020-12.",
			InputSchema: json.RawMessage(dialect),
		},
		Handler: tools.HandlerFunc(func(_ context.Context, call *tools.Call) (*tools.Result, error) {
			return tools.TextResult("JSON Schema 2020-12 tool called with: " + string(call.Arguments)), nil
		}),
	}
}
