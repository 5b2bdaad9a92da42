package main

import (
	"bytes"
	"encoding/json"
	"io/fs"
	"strings"
	"testing"

	"github.com/spf13/cobra"

	"github.com/sluice-dev/sluice/schema"
	"github.com/sluice-dev/sluice/transport/mcp"
)

// runCommand runs a command line within the test.
func runCommand(t *testing.T, args ...string) (code int, out, errOut string) {
	t.Helper()
	var stdout, stderr bytes.Buffer
	code = run(t.Context(), args, strings.NewReader(""), &stdout, &stderr)
	return code, stdout.String(), stderr.String()
}

func TestWrongUsage(t *testing.T) {
	t.Parallel()
	for _, test := range []struct {
		name   string
		args   []string
		errOut string
	}{
		{"unknown command", []string{"srve"}, "sluice: unknown command \"srve\"\nhint: did you mean `sluice serve`?\n"},
		{"no command like it", []string{"frobnicate"}, "sluice: unknown command \"frobnicate\"\nhint: `sluice --help` lists the commands\n"},
		{"unknown flag", []string{"serve", "--lisen", "x"}, "sluice: unknown flag: --lisen\nhint: `sluice serve --help` shows what it takes\n"},
		{"too many arguments", []string{"check", "a"}, "sluice: unknown command \"a\" for \"sluice check\"\nhint: `sluice check --help` shows what it takes\n"},
		{"no such log level", []string{"serve", "--log-level", "loud"}, "sluice: there is no log level \"loud\"\nhint: choose debug, info, warn or error\n"},
		{"no such log format", []string{"serve", "--log-format", "xml"}, "sluice: there is no log format \"xml\"\nhint: choose text or json\n"},
		{"address without port", []string{"serve", "--listen", "bad"}, "sluice: --listen must be host:port such as 127.0.0.1:7777, or unix:/path, not \"bad\": missing port in address\nhint: port 0 takes a free one\n"},
		{"port too large", []string{"serve", "--listen", "0.0.0.0:70000"}, "sluice: --listen must be host:port such as 127.0.0.1:7777, or unix:/path, not \"0.0.0.0:70000\"\nhint: port 0 takes a free one\n"},
		{"socket of systemd without a name", []string{"serve", "--listen", "systemd:"}, "sluice: --listen \"systemd:\" does not name a socket, as systemd:NAME does\nhint: the name is that of FileDescriptorName= in the .socket unit, or else the unit's own, as in systemd:sluice.socket\n"},
		{"UNIX socket without a path", []string{"serve", "--listen", "unix:"}, "sluice: --listen \"unix:\" has no path\nhint: write unix: and the path of the socket, as in unix:/run/sluice.sock\n"},
		{"no such file", []string{"check", "--config", "none.yaml"}, "sluice: open none.yaml: no such file or directory\nhint: --config names the config file\n"},
	} {
		t.Run(test.name, func(t *testing.T) {
			t.Parallel()
			code, out, errOut := runCommand(t, test.args...)
			errOut = strings.ReplaceAll(errOut, "The system cannot find the file specified.", fs.ErrNotExist.Error())
			if code != exitUsage || out != "" || errOut != test.errOut {
				t.Errorf("got %d, %q and:\n%s\nwant:\n%s", code, out, errOut, test.errOut)
			}
		})
	}
}

func TestAloneItSaysWhatToTry(t *testing.T) {
	t.Parallel()
	code, out, errOut := runCommand(t)
	if code != exitOK || errOut != "" {
		t.Errorf("got %d, %q", code, errOut)
	}
	for _, want := range []string{"Try this first", "sluice call countdown from=5", "sluice serve", "Exit codes"} {
		if !strings.Contains(out, want) {
			t.Errorf("no %q in:\n%s", want, out)
		}
	}
}

// Every command says what it is for, no help line is wider than a terminal, and no flag has a
// default that is empty.
func TestHelp(t *testing.T) {
	t.Parallel()
	var visit func(*cobra.Command)
	visit = func(cmd *cobra.Command) {
		if cmd.Short == "" {
			t.Errorf("%s: no summary", cmd.CommandPath())
		}
		for line := range strings.Lines(cmd.Long + "\n" + cmd.Example) {
			if len([]rune(line)) > 105 {
				t.Errorf("%s: %d characters in the line %q", cmd.CommandPath(), len(line), line)
			}
		}
		if strings.Contains(cmd.UsageString(), "(default )") {
			t.Errorf("%s: an empty default in\n%s", cmd.CommandPath(), cmd.UsageString())
		}
		for _, sub := range cmd.Commands() {
			visit(sub)
		}
	}
	visit(newRoot())
}

func TestCompletion(t *testing.T) {
	t.Parallel()
	for _, shell := range []string{"bash", "zsh", "fish", "powershell"} {
		if code, out, _ := runCommand(t, "completion", shell); code != exitOK || !strings.Contains(out, "sluice") {
			t.Errorf("%s: exit code %d", shell, code)
		}
	}
	if _, out, _ := runCommand(t, "__complete", "ser"); !strings.Contains(out, "serve") {
		t.Errorf("got %s", out)
	}
}

func TestSchemaIsASchema(t *testing.T) {
	t.Parallel()
	code, out, _ := runCommand(t, "schema")
	if code != exitOK {
		t.Fatalf("exit code %d", code)
	}
	if _, err := schema.Compile([]byte(out)); err != nil {
		t.Error(err)
	}
}

func TestVersion(t *testing.T) {
	t.Parallel()
	code, out, _ := runCommand(t, "version", "--json")
	var b build
	if err := json.Unmarshal([]byte(out), &b); code != exitOK || err != nil {
		t.Fatalf("%d, %v in %s", code, err, out)
	}
	if b.Version == "" || b.Go == "" || b.Protocols[0] != mcp.Revision20260728.Version {
		t.Errorf("got %+v", b)
	}
	_, out, _ = runCommand(t, "version")
	for _, want := range append(b.Protocols, b.Version, b.Go) {
		if !strings.Contains(out, want) {
			t.Errorf("no %q in:\n%s", want, out)
		}
	}
}

func TestNoColoursOffATerminal(t *testing.T) {
	t.Parallel()
	if _, out, errOut := runCommand(t, "srve"); strings.Contains(out+errOut, "\x1b") {
		t.Errorf("got %q", out+errOut)
	}
}
