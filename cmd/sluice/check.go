package main

import (
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"strings"
	"text/tabwriter"

	"github.com/spf13/cobra"

	"github.com/sluice-dev/sluice/cmd/sluice/internal/config"
	"github.com/sluice-dev/sluice/cmd/sluice/internal/identity"
	"github.com/sluice-dev/sluice/tools"
	"github.com/sluice-dev/sluice/tools/upstream"
	"github.com/sluice-dev/sluice/transport/websocket"
)

const checkLong = `Reads a config as the server would, without serving it: syntax and types, the schemas of
the tools, and whether their programs and the tokens are there. No endpoint is called.

An error is what the server would refuse or leave out; the exit code is then 2. A warning
is what would fail later, or holds only on this machine; it changes no exit code.`

func newCheckCommand() *cobra.Command {
	var path string
	var asJSON bool
	cmd := &cobra.Command{
		Use:     "check",
		Short:   "Validate a config file and show what it serves",
		Long:    checkLong,
		Example: "  sluice check --config sluice.yaml\n  sluice check --config sluice.yaml --json",
		Args:    usageArgs(cobra.NoArgs),
		RunE: func(cmd *cobra.Command, _ []string) error {
			f, err := examine(path)
			if err != nil {
				return err
			}
			if asJSON {
				err = f.writeJSON(cmd.OutOrStdout())
			} else {
				err = f.write(cmd.OutOrStdout())
			}
			if err == nil && !f.Valid {
				return &failure{code: exitUsage, err: errors.New("the config is not valid")}
			}
			return err
		},
	}
	addConfigFlag(cmd.Flags(), &path, servedConfig)
	cmd.Flags().BoolVar(&asJSON, "json", false, "print JSON")
	return cmd
}

// findings are what a check found. The field names are those of the JSON output.
type findings struct {
	File     string           `json:"file,omitempty"` // empty for the built-in tools
	Valid    bool             `json:"valid"`
	Tools    []foundTool      `json:"tools"`
	Errors   []config.Problem `json:"errors"`
	Warnings []config.Problem `json:"warnings"`
}

type foundTool struct {
	Name        string `json:"name"`
	Description string `json:"description,omitempty"`
}

// examine checks the config at path. The error is that of reading the file; what is
// wrong with its contents is in the findings.
func examine(path string) (*findings, error) {
	f := &findings{File: path, Tools: []foundTool{}, Errors: []config.Problem{}, Warnings: []config.Problem{}}
	cfg, err := loadConfig(path)
	if invalid, ok := errors.AsType[*config.Error](err); ok {
		f.Errors = invalid.Problems
		return f, nil
	}
	if err != nil {
		return nil, err
	}
	f.tools(cfg)
	f.network(cfg)
	f.Valid = len(f.Errors) == 0
	return f, nil
}

func (f *findings) warn(format string, args ...any) {
	f.Warnings = append(f.Warnings, config.Problem{Message: fmt.Sprintf(format, args...)})
}

// tools finds what is wrong with the tools, and what would be served.
func (f *findings) tools(cfg *config.Config) {
	var registry tools.Registry
	if cfg.Starter {
		if err := registry.Add(starterTools()...); err != nil {
			f.Errors = append(f.Errors, config.Problem{Message: err.Error()})
		}
	}
	f.Errors = append(f.Errors, addTools(&registry, cfg, nil)...)
	for i := range cfg.Tools {
		t := &cfg.Tools[i]
		if _, served := registry.Snapshot().Lookup(t.Name); !served {
			continue
		}
		if err := checkTool(t); err != nil {
			f.Warnings = append(f.Warnings, config.Problem{Line: t.Line, Column: t.Column, Message: err.Error()})
		}
	}
	for entry := range registry.Snapshot().All() {
		f.Tools = append(f.Tools, foundTool{entry.Name, entry.Description})
	}
	f.upstreams(cfg)
	if len(f.Tools) == 0 && len(cfg.Upstreams) == 0 {
		f.warn("there is no tool to serve")
	}
}

// upstreams finds what is wrong with the other servers. It starts none.
func (f *findings) upstreams(cfg *config.Config) {
	for i := range cfg.Upstreams {
		u := &cfg.Upstreams[i]
		spec := upstreamSpec(u, nil)
		at := config.Problem{Line: u.Line, Column: u.Column}
		if _, err := upstream.New(spec, new(tools.Registry)); err != nil {
			at.Message = err.Error()
			f.Errors = append(f.Errors, at)
			continue
		}
		_, err := u.Secret()
		if spec.Program != nil {
			err = spec.Program.Check()
		}
		if err != nil {
			at.Message = fmt.Sprintf("upstream %q: %v", u.Name, err)
			f.Warnings = append(f.Warnings, at)
		}
	}
}

// network finds what `sluice serve` would complain of.
func (f *findings) network(cfg *config.Config) {
	open := exposed(&cfg.Listen)
	if len(open) > 0 && !cfg.Auth.Known() {
		f.warn("`sluice serve` refuses %s, which other machines reach, without auth.tokens", open[0])
	}
	if len(open) > 0 && len(cfg.Listen.Hosts) == 0 {
		f.warn("clients on other machines are refused until listen.hosts names what they call this one")
	}
	f.certificates(&cfg.Listen)
	stand, anybody := &keys{entries: []websocket.Token{{Name: "any", Secret: websocket.NewToken()}}}, *cfg
	anybody.Auth = config.Auth{}
	if _, err := newService(nil, &anybody, stand, nil); err != nil {
		f.Errors = append(f.Errors, config.Problem{Message: err.Error()})
	}
	f.auth(cfg)
}

// auth finds who could not be known. It fetches no keys.
func (f *findings) auth(cfg *config.Config) {
	if d, err := identity.NewDirectory(&cfg.Auth, nil, nil); err != nil {
		f.warn("%v", err)
	} else {
		d.Close(nil)
	}
	for _, problem := range doubtful(cfg) {
		f.warn("%s", problem)
	}
	for _, t := range cfg.Auth.Tokens {
		k, err := configuredKeys([]config.Token{t})
		if err == nil {
			_, err = websocket.NewTokens(k.entries...)
		}
		if err != nil {
			f.warn("%v", err)
			continue
		}
		for _, problem := range k.weak() {
			f.warn("%s", problem)
		}
	}
}

// certificates finds what is wrong with the files of listeners that speak TLS.
func (f *findings) certificates(l *config.Listen) {
	for _, listener := range l.Listeners() {
		if listener.TLS == nil {
			continue
		}
		if _, err := loadTLS(listener.TLS); err != nil {
			f.warn("`sluice serve` cannot listen on %s: %v", listener.Address, err)
		}
	}
}

func (f *findings) writeJSON(w io.Writer) error {
	encoder := json.NewEncoder(w)
	encoder.SetIndent("", "  ")
	encoder.SetEscapeHTML(false)
	return encoder.Encode(f)
}

// write prints the findings for people: the tools as a table, then what is wrong.
func (f *findings) write(w io.Writer) error {
	name := f.File
	if name == "" {
		name = "the built-in config"
	}
	var b strings.Builder
	table := tabwriter.NewWriter(&b, 0, 0, 2, ' ', 0)
	for _, t := range f.Tools {
		line, _, _ := strings.Cut(t.Description, "\n")
		fmt.Fprintf(table, "  %s\t%s\n", t.Name, line)
	}
	table.Flush() // into memory
	for _, p := range f.Errors {
		fmt.Fprintf(&b, "%s %v\n", paint(w, bold+red, "error:"), &config.Error{File: name, Problems: []config.Problem{p}})
	}
	for _, p := range f.Warnings {
		fmt.Fprintf(&b, "%s %v\n", paint(w, bold, "warning:"), &config.Error{File: name, Problems: []config.Problem{p}})
	}
	if f.Valid {
		fmt.Fprintf(&b, "%s is valid: %s, %s\n", name, count(len(f.Tools), "tool"), count(len(f.Warnings), "warning"))
	}
	_, err := io.WriteString(w, b.String())
	return err
}

func count(n int, noun string) string {
	if n == 1 {
		return "1 " + noun
	}
	return fmt.Sprintf("%d %ss", n, noun)
}
