package command_test

import (
	"context"
	"errors"
	"os"
	"path/filepath"
	"runtime"
	"slices"
	"strings"
	"testing"
	"unicode/utf8"

	"github.com/sluice-dev/sluice/tools"
	"github.com/sluice-dev/sluice/tools/command"
)

func TestArguments(t *testing.T) {
	t.Parallel()
	const schema = `{"type":"object","properties":{
		"a":{"type":"string"},"b":true,"n":{"type":"number","default":7}}}`
	tests := []struct {
		name, arguments string
		args            []string
		want            string // the arguments the program got, one a line
	}{
		{"a string as it is", `{"a":"x y\t\"$(id)\" ; | & > < * '"}`, []string{"{a}"}, "x y\t\"$(id)\" ; | & > < * '"},
		{"inside an element", `{"a":"x y","b":"z"}`, []string{"--p={a}:{b}!", "q"}, "--p=x y:z!\nq"},
		{"a number as written", `{"b":1.50e3}`, []string{"{b}"}, "1.50e3"},
		{"a number past 2^53", `{"b":9007199254740993}`, []string{"{b}"}, "9007199254740993"},
		{"booleans", `{"a":"x","b":false}`, []string{"{b}"}, "false"},
		{"an array", `{"b":[1, "x y", null]}`, []string{"{b}"}, `[1,"x y",null]`},
		{"an object", `{"b":{"k": {"l":1e2} }}`, []string{"--b={b}"}, `--b={"k":{"l":1e2}}`},
		{"the empty string", `{"a":""}`, []string{"x", "{a}", "y"}, "x\n\ny"},
		{"missing", `{}`, []string{"x", "{a}", "--a={a}", "y"}, "x\ny"},
		{"null", `{"a":null}`, []string{"x", "{a}", "y"}, "x\ny"},
		{"the default", `{}`, []string{"-n", "{n}"}, "-n\n7"},
		{"null and a default", `{"n":null}`, []string{"{n}"}, "7"},
		{"more than the default", `{"n":8}`, []string{"{n}"}, "8"},
		{"braces", `{"a":"{b}","b":"x"}`, []string{"{{a}", "{{{a}}", "}"}, "{a}\n{{b}}\n}"},
		{"a dash behind a text", `{"a":"-x"}`, []string{"--a={a}"}, "--a=-x"},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			t.Parallel()
			spec := childSpec("args", test.args...)
			spec.InputSchema = []byte(schema)
			if got := textOf(mustCall(t.Context(), t, spec, test.arguments)); got != test.want {
				t.Errorf("got %q, want %q", got, test.want)
			}
		})
	}
}

func TestRefusedArguments(t *testing.T) {
	t.Parallel()
	tests := []struct{ name, arg, arguments, want string }{
		{"an option", "{a}", `{"a":"--upload-pack=sh","b":""}`, `"a" begins with "-"`},
		{"a dash", "{a}", `{"a":"-","b":""}`, `"a" begins with "-"`},
		{"a negative number", "{a}", `{"a":-1,"b":""}`, `"a" begins with "-"`},
		{"a dash before a text", "{a}.txt", `{"a":"-rf","b":""}`, `"a" begins with "-"`},
		{"a dash behind nothing", "{a}{b}", `{"a":"","b":"-rf"}`, `"b" begins with "-"`},
		{"NUL", "x{a}", `{"a":"x\u0000y","b":""}`, "NUL"},
		{"no object", "{a}", `[]`, "not a JSON object"},
		{"a name twice", "{a}", `{"a":"x","a":"y"}`, "not a JSON object"},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			t.Parallel()
			spec := childSpec("args", test.arg, "{b}")
			_, err := call(t.Context(), t, spec, test.arguments)
			var shown *tools.Error
			if !errors.As(err, &shown) || !strings.Contains(shown.Message, test.want) {
				t.Errorf("got %v, want a tools.Error with %q", err, test.want)
			}
		})
	}
}

func TestAllowDash(t *testing.T) {
	t.Parallel()
	spec := childSpec("args", "{a}")
	spec.AllowDash = []string{"a"}
	if got := textOf(mustCall(t.Context(), t, spec, `{"a":"-x"}`)); got != "-x" {
		t.Errorf("got %q", got)
	}
}

func TestNewRefuses(t *testing.T) {
	t.Parallel()
	tests := []struct {
		name string
		spec command.Spec
		want string
	}{
		{"no program", command.Spec{}, "no program"},
		{"an empty program", command.Spec{Args: []string{""}}, "no program"},
		{"a program from the caller", command.Spec{Args: []string{"x{a}"}}, "may not depend"},
		{"an open brace", command.Spec{Args: []string{"x", "a{b"}}, "nothing closes"},
		{"no name", command.Spec{Args: []string{"x", "{}"}}, "is no placeholder"},
		{"JSON", command.Spec{Args: []string{"x", `{"a": 1}`}}, "is no placeholder"},
		{"stdin without a placeholder", command.Spec{Args: []string{"x"}, Stdin: "JSON"}, "neither"},
		{"stdin with an open brace", command.Spec{Args: []string{"x"}, Stdin: "{a"}, "nothing closes"},
		{"a dash for nothing", command.Spec{Args: []string{"x"}, AllowDash: []string{"a"}}, "no placeholder"},
		{"a negative limit", command.Spec{Args: []string{"x"}, Output: -1}, "negative"},
		{"a negative grace", command.Spec{Args: []string{"x"}, Grace: -1}, "negative"},
		{"a variable that is none", command.Spec{Args: []string{"x"}, Env: map[string]string{"A=B": ""}}, "environment"},
		{"an unknown placeholder", command.Spec{
			Definition: tools.Definition{InputSchema: []byte(`{"type":"object","properties":{"b":{}}}`)},
			Args:       []string{"x", "{a}"},
		}, "{a} is no property"},
		{"a schema that is none", command.Spec{
			Definition: tools.Definition{InputSchema: []byte(`{"properties":1}`)}, Args: []string{"x"},
		}, "input schema"},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			t.Parallel()
			if _, err := command.New(test.spec); err == nil || !strings.Contains(err.Error(), test.want) {
				t.Errorf("got %v, want an error with %q", err, test.want)
			}
		})
	}
}

func TestDefaultSchema(t *testing.T) {
	t.Parallel()
	tests := []struct {
		spec command.Spec
		want string
	}{
		{
			command.Spec{Args: []string{"x", "{b}", "{a}{b}"}, Stdin: "{c}"},
			`{"type":"object","properties":{"a":{"type":"string"},"b":{"type":"string"},"c":{"type":"string"}},` +
				`"required":["b","a","c"],"additionalProperties":false}`,
		},
		{command.Spec{Args: []string{"x"}}, `{"type":"object","properties":{},"additionalProperties":false}`},
	}
	for _, test := range tests {
		test.spec.Name = "t"
		tool, err := command.New(test.spec)
		if err != nil {
			t.Fatal(err)
		}
		if got := string(tool.InputSchema); got != test.want {
			t.Errorf("got %s, want %s", got, test.want)
		}
		if err := new(tools.Registry).Add(tool); err != nil {
			t.Error(err)
		}
	}
}

func TestEnvironment(t *testing.T) {
	t.Setenv("SECRET_TOKEN", "canary")
	t.Setenv("PASSED", "yes")
	t.Setenv("LC_ALL", "C")
	t.Setenv("LANG", "en")
	spec := childSpec("env")
	spec.PassEnv = []string{"PASSED"}
	spec.Env["LANG"] = "fr"
	got := strings.Split(textOf(mustCall(t.Context(), t, spec, "{}")), "\n")
	for _, want := range []string{"PASSED=yes", "LC_ALL=C", "LANG=fr", "PATH=" + os.Getenv("PATH")} {
		if !slices.Contains(got, want) {
			t.Errorf("%s is missing in %q", want, got)
		}
	}
	for _, variable := range got {
		if strings.HasPrefix(variable, "SECRET_TOKEN=") || variable == "LANG=en" {
			t.Errorf("%s was passed on", variable)
		}
	}
}

func TestDir(t *testing.T) {
	t.Parallel()
	own, err := os.Getwd()
	if err != nil {
		t.Fatal(err)
	}
	other, err := filepath.EvalSymlinks(t.TempDir())
	if err != nil {
		t.Fatal(err)
	}
	for dir, want := range map[string]string{"": own, other: other, "..": filepath.Dir(own)} {
		spec := childSpec("dir")
		spec.Dir = dir
		if got := textOf(mustCall(t.Context(), t, spec, "{}")); got != want {
			t.Errorf("with %q: got %q, want %q", dir, got, want)
		}
	}
}

func TestStdin(t *testing.T) {
	t.Parallel()
	long := strings.Repeat("0123456789", 20_000)
	tests := []struct{ name, stdin, arguments, want string }{
		{"none", "", `{"a":"x"}`, ""},
		{"an argument", "{a}\n", `{"a":"x\u0000y"}`, "x\uFFFDy\n"},
		{"a missing argument", "{a}", `{}`, ""},
		{"JSON", "json", `{"a":"x","b": 1.0}`, `{"a":"x","b": 1.0}`},
		{"no JSON", "json", ``, `{}`},
		{"more than a pipe holds", "{a}", `{"a":"` + long + `"}`, long},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			t.Parallel()
			spec := childSpec("cat")
			spec.Stdin = test.stdin
			spec.InputSchema = []byte(`{"type":"object","properties":{"a":{}}}`)
			if got := textOf(mustCall(t.Context(), t, spec, test.arguments)); got != test.want {
				t.Errorf("got %.80q, want %.80q", got, test.want)
			}
		})
	}
}

func TestStdinUnread(t *testing.T) {
	t.Parallel()
	spec := childSpec("stdin")
	spec.Stdin = "{a}"
	result := mustCall(t.Context(), t, spec, `{"a":"`+strings.Repeat("x", 1<<20)+`"}`)
	if result.IsError {
		t.Error(textOf(result))
	}
}

func TestOutputIsUTF8(t *testing.T) {
	t.Parallel()
	tests := []struct{ print, want string }{
		{"naïve \U0001F600\r\n\t.", "naïve \U0001F600\r\n\t."},
		{"\x1b[31mred\x1b[0m \u202eback\x07", "red back"},
		{"a\xff\xfeb", "a\uFFFDb"},
		{"a\xed\xa0\x80b", "a\uFFFDb"}, // a lone surrogate
		{"\xc3", "\uFFFD"},
	}
	for _, test := range tests {
		if runtime.GOOS == "windows" && !utf8.ValidString(test.print) {
			continue // its arguments are UTF-16
		}
		got := textOf(mustCall(t.Context(), t, childSpec("print", literal(test.print)), "{}"))
		if got != test.want {
			t.Errorf("printed %q: got %q, want %q", test.print, got, test.want)
		}
	}
}

func TestStructured(t *testing.T) {
	t.Parallel()
	tests := []struct{ name, print, structured, message string }{
		{"an object", "{\"a\": [1, 2.0],\n \"b\":\"x\"}\r\n", `{"a":[1,2.0],"b":"x"}`, ""},
		{"a number", "12345678901234567890\n", "12345678901234567890", ""},
		{"nothing", " \n", "", "printed nothing"},
		{"a text", "hello", "", "hello"},
		{"two values", "{} {}", "", "output is none"},
		{"a name twice", `{"a":1,"a":2}`, "", "output is none"},
		{"much", strings.Repeat("é", 1000), "", "[...]"},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			t.Parallel()
			spec := childSpec("print", literal(test.print))
			spec.OutputSchema = []byte(`{"type":"object"}`)
			result := mustCall(t.Context(), t, spec, "{}")
			if got := string(result.Structured); got != test.structured {
				t.Errorf("structured: got %s, want %s", got, test.structured)
			}
			text := textOf(result)
			if result.IsError != (test.message != "") || !strings.Contains(text, test.message) {
				t.Errorf("error %v: %s", result.IsError, text)
			}
			if !result.IsError && text != test.structured {
				t.Errorf("text: got %s, want %s", text, test.structured)
			}
		})
	}
}

func TestFailure(t *testing.T) {
	t.Parallel()
	const lines = 1000
	var log strings.Builder
	for range lines {
		log.WriteString("a line of the log\n")
	}
	result := mustCall(t.Context(), t, childSpec("fail", "found 2", log.String()+"disk full"), "{}")
	text := textOf(result)
	if !result.IsError || !strings.Contains(text, "ended with exit code 3.") ||
		!strings.Contains(text, "[...]\na line of the log\n") || !strings.HasSuffix(text, "log\ndisk full\nfound 2") {
		t.Errorf("error %v: %s", result.IsError, text)
	}
	if len(text) > 5000 {
		t.Errorf("%d bytes", len(text))
	}
}

func TestProgress(t *testing.T) {
	t.Parallel()
	for _, stream := range []bool{false, true} {
		ctx, reports := record(t.Context())
		spec := childSpec("talk")
		spec.Stream = stream
		result := mustCall(ctx, t, spec, "{}")
		if got, want := textOf(result), "first\nsecond\r\nthird"; got != want {
			t.Errorf("got %q, want %q", got, want)
		}
		got := reports.String()
		for _, want := range []string{"1/4 out\n", "0/0 warning\n2/4 err\n", "0/0 10%\n0/0 20%\n0/0 last words\n"} {
			// The two streams come in any order; within one it is kept.
			if line, rest, _ := strings.Cut(want, "\n"); !strings.Contains(got, line) || !inOrder(got, rest) {
				t.Errorf("%q is missing in %q", want, got)
			}
		}
		if said := inOrder(got, "0/0 first\n0/0 second\n0/0 third\n"); said != stream {
			t.Errorf("stream %v: lines of stdout in %q: %v", stream, got, said)
		}
	}
}

// inOrder reports whether text has the lines, in their order.
func inOrder(text, lines string) bool {
	for line := range strings.Lines(lines) {
		_, rest, found := strings.Cut(text, line)
		if !found {
			return false
		}
		text = rest
	}
	return true
}

func TestContextDone(t *testing.T) {
	t.Parallel()
	reason := errors.New("no time")
	ctx, cancel := context.WithCancelCause(t.Context())
	cancel(reason)
	spec := command.Spec{Definition: tools.Definition{Name: "t"}, Args: []string{"a-program-that-is-missing"}}
	if _, err := call(ctx, t, spec, "{}"); !errors.Is(err, reason) {
		t.Errorf("got %v, want %v", err, reason)
	}
}
