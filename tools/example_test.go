package tools_test

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"

	"github.com/sluice-dev/sluice/tools"
)

func ExampleFunc() {
	type arguments struct {
		A int `json:"a"`
		B int `json:"b"`
	}
	type sum struct {
		Sum int `json:"sum"`
	}
	add := tools.Func("add", "Add two integers.", func(_ context.Context, in arguments) (sum, error) {
		return sum{in.A + in.B}, nil
	})
	fmt.Println(string(add.InputSchema))
	result, err := add.Handler.Call(context.Background(), &tools.Call{Arguments: json.RawMessage(`{"a":2,"b":3}`)})
	fmt.Println(string(result.Structured), err)
	// Output:
	// {"properties":{"a":{"type":"integer"},"b":{"type":"integer"}},"additionalProperties":false,"type":"object","required":["a","b"]}
	// {"sum":5} <nil>
}

func ExampleErrorf() {
	lookup := tools.Func("lookup", "Find a user.", func(context.Context, struct{}) (string, error) {
		return "", tools.Errorf("no user %q; list them with list_users", "ann")
	})
	_, err := lookup.Handler.Call(context.Background(), &tools.Call{Arguments: json.RawMessage(`{}`)})
	fmt.Println(err)
	// Output:
	// no user "ann"; list them with list_users
}

func ExampleUnreachable() {
	err := tools.Unreachable(tools.Errorf("the printer is switched off; ask someone to switch it on"))
	fmt.Println(err)
	fmt.Println(errors.Is(err, tools.ErrUnreachable))
	// Output:
	// the printer is switched off; ask someone to switch it on
	// true
}

func ExampleRegistry() {
	hello := tools.HandlerFunc(func(_ context.Context, call *tools.Call) (*tools.Result, error) {
		return tools.TextResult("hello from " + call.Tool), nil
	})
	var registry tools.Registry
	cancel := registry.Subscribe(func() { fmt.Println("the tools changed") })
	defer cancel()
	err := registry.Add(
		&tools.Tool{Definition: tools.Definition{Name: "b"}, Handler: hello},
		&tools.Tool{Definition: tools.Definition{Name: "a"}, Handler: hello},
		&tools.Tool{Definition: tools.Definition{Name: "c"}},
	)
	fmt.Println(err)
	for entry := range registry.Snapshot().All() {
		fmt.Println(entry.Name)
	}
	// Output:
	// the tools changed
	// tool "c": no handler
	// a
	// b
}

type printer struct{}

func (printer) Report(p tools.Progress)         { fmt.Println(p.Done, "of", p.Total, p.Message) }
func (printer) Log(level tools.Level, data any) { fmt.Println(level, data) }

func (printer) ReportUsage(u tools.Usage) { fmt.Println("used", u.CPU) }

func ExampleReport() {
	work := func(ctx context.Context, _ *tools.Call) (*tools.Result, error) {
		for i := range 2 {
			tools.Report(ctx, tools.Progress{Done: float64(i + 1), Total: 2, Message: "files read"})
		}
		tools.Log(ctx, tools.LevelInfo, "done")
		return tools.TextResult("ok"), nil
	}
	ctx := tools.WithReporter(context.Background(), printer{})
	result, err := work(ctx, &tools.Call{})
	fmt.Println(result.Content[0].(tools.Text).Text, err)
	// Output:
	// 1 of 2 files read
	// 2 of 2 files read
	// info done
	// ok <nil>
}
