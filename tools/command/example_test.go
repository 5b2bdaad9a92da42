//go:build unix

package command_test

import (
	"context"
	"fmt"
	"log"

	"github.com/sluice-dev/sluice/tools"
	"github.com/sluice-dev/sluice/tools/command"
)

// A tool counts the words of a text that the program reads from its stdin.
func ExampleNew() {
	tool, err := command.New(command.Spec{
		Definition: tools.Definition{
			Name:        "word_count",
			Description: "Count the words of a text.",
		},
		Args:  []string{"sh", "-c", "wc -w | tr -d ' '"},
		Stdin: "{text}",
	})
	if err != nil {
		log.Fatal(err)
	}
	fmt.Println(string(tool.InputSchema))
	result, err := tool.Handler.Call(context.Background(), &tools.Call{
		Tool:      "word_count",
		Arguments: []byte(`{"text": "to be or not to be"}`),
	})
	if err != nil {
		log.Fatal(err)
	}
	fmt.Print(result.Content[0].(tools.Text).Text)
	// Output:
	// {"type":"object","properties":{"text":{"type":"string"}},"required":["text"],"additionalProperties":false}
	// 6
}

// A placeholder fills a part of one argument, and nothing that it is filled with
// reaches a shell. An argument whose value is missing is left out.
func ExampleSpec() {
	tool, err := command.New(command.Spec{
		Definition: tools.Definition{
			Name: "greet",
			InputSchema: []byte(`{
				"type": "object",
				"properties": {"name": {"type": "string"}, "title": {"type": "string"}},
				"required": ["name"]
			}`),
		},
		Args: []string{"printf", "<%s>\n", "title={title}", "name={name}"},
	})
	if err != nil {
		log.Fatal(err)
	}
	result, err := tool.Handler.Call(context.Background(), &tools.Call{
		Tool:      "greet",
		Arguments: []byte(`{"name": "$(id); rm *"}`),
	})
	if err != nil {
		log.Fatal(err)
	}
	fmt.Print(result.Content[0].(tools.Text).Text)
	// Output: <name=$(id); rm *>
}

// Check tells whoever runs the server what is missing.
func ExampleSpec_Check() {
	err := command.Spec{
		Definition: tools.Definition{Name: "convert"},
		Args:       []string{"a-program-that-nobody-has", "{file}"},
	}.Check()
	fmt.Println(err)
	// Output: command: tool "convert": exec: "a-program-that-nobody-has": executable file not found in $PATH
}
