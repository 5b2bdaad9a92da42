package executor

import (
	"context"
	"encoding/json"
	"errors"
	"strings"
	"testing"
	"testing/synctest"

	"github.com/sluice-dev/sluice/schema"
	"github.com/sluice-dev/sluice/tools"
)

var personSchema = json.RawMessage(`{
	"type": "object",
	"properties": {"name": {"type": "string"}, "age": {"type": "integer", "minimum": 0}},
	"required": ["name"],
	"additionalProperties": false
}`)

func TestValidate(t *testing.T) {
	t.Parallel()
	for _, test := range []struct {
		name, arguments string
		pointers        []string // of the violations; nil where there are none
	}{
		{"good", `{"name":"Ada","age":36}`, nil},
		{"space around", " \n{\"name\":\"Ada\"}\t", nil},
		{"number kept as text", `{"name":"Ada","age":12345678901234567890}`, nil},
		{"nothing", ``, []string{""}},
		{"null", `null`, []string{""}},
		{"not an object", `["Ada"]`, []string{""}},
		{"not JSON", `{"name":`, []string{""}},
		{"two values", `{"name":"Ada"}{}`, []string{""}},
		{"duplicate name", `{"name":"Ada","name":"Bob"}`, []string{""}},
		{"invalid UTF-8", "{\"name\":\"\xff\"}", []string{""}},
		{"two violations", `{"name":1,"age":-1}`, []string{"/age", "/name"}},
	} {
		t.Run(test.name, func(t *testing.T) {
			t.Parallel()
			var got *tools.Call
			person := tool("person", func(_ context.Context, call *tools.Call) (*tools.Result, error) {
				got = call
				return tools.TextResult(""), nil
			})
			person.InputSchema = personSchema
			e := newEngine(t, Options{}, person)
			_, err := e.Execute(t.Context(), &Request{Tool: "person", Arguments: json.RawMessage(test.arguments)})
			if test.pointers == nil {
				if err != nil || got.Values["name"] != "Ada" || string(got.Arguments) != strings.TrimSpace(test.arguments) {
					t.Errorf("%v, the handler got %+v", err, got)
				}
				return
			}
			failure := wantKind(t, err, KindInvalidArguments, ErrInvalidArguments)
			var invalid *schema.ValidationError
			if !errors.As(err, &invalid) || got != nil {
				t.Fatalf("%v, the handler got %+v", err, got)
			}
			for _, pointer := range test.pointers {
				if !strings.Contains(failure.Public(), pointer) {
					t.Errorf("%q does not name %s", failure.Public(), pointer)
				}
			}
			if len(invalid.Violations) != len(test.pointers) {
				t.Errorf("violations: %v", invalid)
			}
		})
	}
}

// TestValidateEmpty checks what the handler of a tool without arguments is given.
func TestValidateEmpty(t *testing.T) {
	t.Parallel()
	for _, arguments := range []string{"", " ", "null", "{}"} {
		e := newEngine(t, Options{}, tool("t", func(_ context.Context, call *tools.Call) (*tools.Result, error) {
			if string(call.Arguments) != "{}" || call.Values == nil || len(call.Values) != 0 {
				t.Errorf("%q became %s, %v", arguments, call.Arguments, call.Values)
			}
			return tools.TextResult(""), nil
		}))
		if _, err := e.Execute(t.Context(), &Request{Tool: "t", Arguments: json.RawMessage(arguments)}); err != nil {
			t.Error(err)
		}
	}
}

// TestValidateTakesNoSlot checks that nonsense is refused while every slot is taken.
func TestValidateTakesNoSlot(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		release := make(chan struct{})
		e := newEngine(t, Options{Concurrency: 1, Queue: -1}, tool("t", until(release)))
		first := start(e, t.Context(), "t")
		synctest.Wait()
		_, err := e.Execute(t.Context(), &Request{Tool: "t", Arguments: json.RawMessage(`[]`)})
		wantKind(t, err, KindInvalidArguments, ErrInvalidArguments)
		close(release)
		<-first
	})
}
