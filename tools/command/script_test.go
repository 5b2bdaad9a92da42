package command_test

import (
	"encoding/json"
	"strings"
	"testing"

	"github.com/sluice-dev/sluice/tools"
	"github.com/sluice-dev/sluice/tools/command"
)

func TestPlaceholdersInScripts(t *testing.T) {
	t.Parallel()
	schema := `{"type":"object","properties":{"text":{"type":"string"},"n":{"type":"integer"},"one":{"enum":["a","b"]},` +
		`"word":{"type":"string","pattern":"^[a-z]+$"},"part":{"type":"string","pattern":"[a-z]"},"own":{"type":"string"}}}`
	const warning = "stands in a script"
	for _, test := range []struct {
		args string
		want string // empty for no warning
	}{
		{"sh|-c|echo {text}", "argument 2: {text} " + warning + " that sh runs"},
		{"/bin/bash|-ec|echo {text}; echo {text}", warning},
		{"env|A=1|bash|-lc|grep {text} file", "that bash runs"},
		{"python3.12|-c|print('{text}')", warning},
		{"node|-e|console.log('{text}')", warning},
		{"PowerShell.exe|-Command|echo {text}", warning},
		{"cmd|/c|echo {text}", warning},
		{"sh|-c|echo {part}", warning},
		{"sh|-c|echo \"$1\"|sh|{text}", ""},
		{"sh|-c|sleep {n}; echo {one} {word} {own}", ""},
		{"sh|-c|{text}", ""},
		{"sh|{text}.sh", ""},
		{"grep|-c|x{text}", ""},
		{"sh|-c|echo|x{text}", ""},
	} {
		spec := command.Spec{
			Definition: tools.Definition{Name: "tool", InputSchema: json.RawMessage(schema)},
			Args:       strings.Split(test.args, "|"),
		}
		if strings.Contains(test.args, "{own}") {
			spec.Pattern = map[string]string{"own": `\w+`}
		}
		err := spec.Check()
		got := err != nil && strings.Contains(err.Error(), warning)
		if got != (test.want != "") || got && !strings.Contains(err.Error(), test.want) {
			t.Errorf("%s: got %v, want %q", test.args, err, test.want)
		}
		if _, err := command.New(spec); err != nil {
			t.Errorf("%s is refused: %v", test.args, err)
		}
	}
	// Without a schema every placeholder is any string.
	if err := (command.Spec{Definition: tools.Definition{Name: "tool"}, Args: []string{"sh", "-c", "echo {n}"}}).Check(); err == nil {
		t.Error("no warning where there is no schema")
	}
}
