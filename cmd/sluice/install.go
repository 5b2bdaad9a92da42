package main

import (
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"slices"
	"strings"

	"github.com/spf13/cobra"

	"github.com/sluice-dev/sluice/cmd/sluice/internal/config"
	"github.com/sluice-dev/sluice/cmd/sluice/internal/desktop"
)

const installLong = `Adds this server to the config of a client that launches its servers, so that the client
starts "sluice stdio" with your config file:

%s
Everything else in the client's config stays as it is to the byte, comments too. What was
there before is kept beside it, with .sluice-backup at the end of its name. Doing it again
changes nothing; with another --config or --env it updates the entry. --remove takes the
entry out again, and leaves the file as it was where nothing else has changed since.

Clients start servers with few environment variables: --env gives the server those that its
config reads secrets from. Their values then stand in the client's config.

--print shows the entry and changes nothing. --file names another file of the same form,
such as .mcp.json or .vscode/mcp.json of a project.`

type installOptions struct {
	client *desktop.Client
	config string
	name   string
	file   string
	env    []string
	print  bool
	remove bool
	asJSON bool
}

func newInstallCommand() *cobra.Command {
	var opts installOptions
	cmd := &cobra.Command{
		Use:   "install CLIENT",
		Short: "Add this server to the config of Claude, Cursor, VS Code, Windsurf or Zed",
		Long:  fmt.Sprintf(installLong, clientTable(thisMachine())),
		Example: "  sluice install claude-desktop --config sluice.yaml\n" +
			"  sluice install vscode --config sluice.yaml --name shop --print\n" +
			"  sluice install claude-desktop --remove",
		Args: usageArgs(cobra.ExactArgs(1)),
		ValidArgsFunction: func(_ *cobra.Command, args []string, _ string) ([]cobra.Completion, cobra.ShellCompDirective) {
			if len(args) > 0 {
				return nil, cobra.ShellCompDirectiveNoFileComp
			}
			return clientIDs(), cobra.ShellCompDirectiveNoFileComp
		},
		RunE: func(cmd *cobra.Command, args []string) error {
			if opts.client = desktop.Find(args[0]); opts.client == nil {
				return usageError("choose one of "+strings.Join(clientIDs(), ", "), "there is no client %q", args[0])
			}
			return opts.run(cmd.OutOrStdout(), cmd.ErrOrStderr())
		},
	}
	flags := cmd.Flags()
	addConfigFlag(flags, &opts.config, servedConfig)
	flags.StringVar(&opts.name, "name", "", "what the client calls the server (default the name in the config, or sluice)")
	flags.StringVar(&opts.file, "file", "", "change this `file` instead of the client's own")
	flags.StringArrayVar(&opts.env, "env", nil, "`NAME` of a variable to pass with its present value, or NAME=VALUE; may be repeated")
	flags.BoolVar(&opts.print, "print", false, "show the entry and change nothing")
	flags.BoolVar(&opts.remove, "remove", false, "take the entry out again")
	flags.BoolVar(&opts.asJSON, "json", false, "print what was done as JSON")
	cmd.MarkFlagsMutuallyExclusive("print", "remove")
	cmd.MarkFlagsMutuallyExclusive("print", "json")
	return cmd
}

func clientIDs() []string {
	var ids []string
	for _, c := range desktop.Clients {
		ids = append(ids, c.ID)
	}
	return ids
}

// clientTable says where each client has its config on this machine.
func clientTable(m desktop.Machine) string {
	var b strings.Builder
	for _, c := range desktop.Clients {
		file, _ := c.Locate(m)
		if rest, ok := strings.CutPrefix(file, m.Home); ok && m.Home != "" {
			file = "~" + rest
		}
		fmt.Fprintf(&b, "  %-15s %s\n", c.ID, file)
	}
	return b.String()
}

func thisMachine() desktop.Machine {
	home, _ := os.UserHomeDir() // without one --file has to be given
	return desktop.Machine{OS: runtime.GOOS, Home: home, Getenv: os.Getenv}
}

func (o *installOptions) run(out, errOut io.Writer) error {
	server, err := o.server()
	if err != nil {
		return err
	}
	if o.name == "" {
		o.name = server.name
	}
	file, err := o.locate()
	if o.print {
		fmt.Fprintf(errOut, "%s for %s:\n", paint(errOut, bold, "entry"), file)
		return writeIndented(out, map[string]any{o.client.Section: map[string]any{o.name: o.client.Entry(server.Server)}})
	}
	if err != nil {
		return err
	}
	if o.remove {
		change, err := o.client.Remove(file, o.name)
		return o.report(out, change, err)
	}
	o.warn(errOut, server)
	change, err := o.client.Install(file, o.name, server.Server)
	return o.report(out, change, err)
}

// An installed is a server as it is to be launched, and what is known of it.
type installed struct {
	desktop.Server
	name string
	cfg  *config.Config
}

// server returns what the client is to launch: this very program, with the config.
func (o *installOptions) server() (*installed, error) {
	cfg, err := loadConfig(o.config)
	if err != nil {
		return nil, err
	}
	s := &installed{name: cfg.Name, cfg: cfg}
	s.Args = []string{"stdio"}
	if o.config != "" {
		path, err := filepath.Abs(o.config)
		if err != nil {
			return nil, err
		}
		s.Args = append(s.Args, "--config", path)
	}
	if s.Command, err = ownPath(); err != nil {
		return nil, err
	}
	for _, assignment := range o.env {
		name, value, given := strings.Cut(assignment, "=")
		if !given {
			if value, given = os.LookupEnv(name); !given {
				return nil, usageError("set it, or give NAME=VALUE", "--env %s: there is no such environment variable", name)
			}
		}
		if s.Env == nil {
			s.Env = map[string]string{}
		}
		s.Env[name] = value
	}
	return s, nil
}

// ownPath returns the path of this program. That of a link in the search path lasts longer
// than that of the version it points to.
func ownPath() (string, error) {
	path, err := os.Executable()
	if err != nil {
		return "", fmt.Errorf("find this program: %w", err)
	}
	if found, err := exec.LookPath(os.Args[0]); err == nil && sameFile(found, path) {
		path = found
	}
	return filepath.Abs(path)
}

// warn says what would keep the server from working.
func (o *installOptions) warn(errOut io.Writer, s *installed) {
	say := func(format string, args ...any) {
		fmt.Fprintf(errOut, "%s %s\n", paint(errOut, bold, "warning:"), fmt.Sprintf(format, args...))
	}
	if isTemporary(s.Command) {
		say("%s is a build of `go run` that will be gone soon; run `go install ./cmd/sluice` and then `sluice install %s`", s.Command, o.client.ID)
	}
	for _, secret := range secretsOf(s.cfg) {
		if _, given := s.Env[secret.env]; !given && secret.env != "" {
			say("%s reads %s from the environment, which %s does not pass on; --env %s does", secret.reader, secret.env, o.client.Name, secret.env)
		}
	}
}

// isTemporary reports whether a program was built by go run or go test.
func isTemporary(path string) bool { return strings.Contains(filepath.ToSlash(path), "/go-build") }

// locate finds the file to change. The error says why it is not to be changed.
func (o *installOptions) locate() (string, error) {
	if o.file != "" {
		file, err := filepath.Abs(o.file)
		if err != nil {
			return o.file, err
		}
		if _, err := os.Stat(filepath.Dir(file)); err != nil {
			return file, usageError("make the directory first", "--file %s: there is no such directory", o.file)
		}
		return file, nil
	}
	file, found := o.client.Locate(thisMachine())
	if !found {
		return file, hinted("start it once, or name its config with --file",
			fmt.Errorf("%s does not seem to be installed: there is no %s", o.client.Name, missing(file)))
	}
	return file, nil
}

// missing returns what of the path of a file is not there.
func missing(file string) string {
	if _, err := os.Stat(filepath.Dir(file)); errors.Is(err, fs.ErrNotExist) {
		return filepath.Dir(file)
	}
	return file
}

// report says what was done.
func (o *installOptions) report(out io.Writer, c *desktop.Change, err error) error {
	if err != nil {
		return hinted("nothing was changed; --print shows the entry, to be put in by hand", err)
	}
	if o.asJSON {
		return writeIndented(out, map[string]any{
			"client": o.client.ID, "name": o.name, "action": c.Action, "file": c.File, "backup": c.Backup,
		})
	}
	var b strings.Builder
	switch c.Action {
	case desktop.Unchanged:
		fmt.Fprintf(&b, "Nothing to do: %s has it so already.\n", c.File)
		if o.remove {
			b.Reset()
			fmt.Fprintf(&b, "Nothing to do: there is no %q in %s.\n", o.name, c.File)
		}
	case desktop.Removed:
		fmt.Fprintf(&b, "Removed %q from %s.\n%s\n", o.name, c.File, o.client.Restart)
	default:
		fmt.Fprintf(&b, "%s %q in %s.\n", title(string(c.Action)), o.name, c.File)
		if c.Backup != "" {
			fmt.Fprintf(&b, "What was there before is in %s.\n", c.Backup)
		}
		fmt.Fprintln(&b, o.client.Restart)
	}
	_, err = io.WriteString(out, b.String())
	return err
}

func title(word string) string { return strings.ToUpper(word[:1]) + word[1:] }

func writeIndented(w io.Writer, value any) error {
	encoder := json.NewEncoder(w)
	encoder.SetIndent("", "  ")
	encoder.SetEscapeHTML(false)
	return encoder.Encode(value)
}

// A secretSource is where a server on stdio reads a secret from.
type secretSource struct {
	reader    string // who needs it, in words
	env, file string // one of them
	required  bool   // nothing works without it
}

// secretsOf returns the secrets of a config, in its order, each once. Tokens of clients
// are not among them: over stdio there are none.
func secretsOf(cfg *config.Config) []secretSource {
	var found []secretSource
	add := func(s secretSource) {
		same := func(t secretSource) bool { return t.env == s.env && t.file == s.file }
		if (s.env != "" || s.file != "") && !slices.ContainsFunc(found, same) {
			found = append(found, s)
		}
	}
	for _, t := range cfg.Tools {
		reader := fmt.Sprintf("the tool %q", t.Name)
		if t.HTTP != nil {
			for _, c := range t.HTTP.Auth {
				add(secretSource{reader, c.TokenEnv, c.TokenFile, true})
			}
		}
		for _, name := range t.PassEnv {
			add(secretSource{reader, name, "", false})
		}
	}
	for _, u := range cfg.Upstreams {
		reader := fmt.Sprintf("the upstream %q", u.Name)
		add(secretSource{reader, u.TokenEnv, u.TokenFile, true})
		for _, name := range u.PassEnv {
			add(secretSource{reader, name, "", false})
		}
	}
	add(secretSource{"the exporter of traces", cfg.Traces.TokenEnv, cfg.Traces.TokenFile, false})
	return found
}
