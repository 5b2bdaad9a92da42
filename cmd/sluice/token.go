package main

import (
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"strings"

	"github.com/spf13/cobra"

	"github.com/sluice-dev/sluice/transport/websocket"
)

const tokenNewLong = `Makes a token of 130 random bits for a caller, prints it on stdout and says on stderr what to
do with it. Nothing is kept: sluice reads tokens from its environment or from files, where
the config says so.

With --file the token is written to a file that only you can read, and not printed. A file
that is there is not touched.

To change a caller's token without a gap, give it the new one beside the old: two entries of
auth.tokens may have one name. When all clients have the new one, take the old out.`

func newTokenCommand() *cobra.Command {
	cmd := &cobra.Command{
		Use:   "token",
		Short: "Make tokens for callers",
		Args:  usageArgs(cobra.NoArgs),
		RunE:  func(cmd *cobra.Command, _ []string) error { return cmd.Help() },
	}
	var opts tokenOptions
	create := &cobra.Command{
		Use:     "new",
		Short:   "Make a token and say what to do with it",
		Long:    tokenNewLong,
		Example: "  sluice token new --name planner\n  sluice token new --name planner --file /etc/sluice/planner.token\n  PLANNER_TOKEN=$(sluice token new --name planner 2>/dev/null)",
		Args:    usageArgs(cobra.NoArgs),
		RunE: func(cmd *cobra.Command, _ []string) error {
			return opts.run(cmd.OutOrStdout(), cmd.ErrOrStderr())
		},
	}
	create.Flags().StringVar(&opts.name, "name", "planner", "the `caller` that the token stands for")
	create.Flags().StringVar(&opts.file, "file", "", "write the token to this new `file`, readable by you alone, instead of printing it")
	create.Flags().BoolVar(&opts.json, "json", false, "print JSON")
	cmd.AddCommand(create)
	return cmd
}

type tokenOptions struct {
	name, file string
	json       bool
}

// A newToken is what was made, and where it is to go. The field names are those of the
// JSON output.
type newToken struct {
	Name   string `json:"name"`
	Token  string `json:"token,omitempty"` // empty where it is in a file
	File   string `json:"file,omitempty"`
	Env    string `json:"env,omitempty"`
	Config string `json:"config"` // an entry of auth.tokens
}

func (o *tokenOptions) run(out, errOut io.Writer) error {
	if o.name == "" || strings.ContainsAny(o.name, "*\n\"\\") {
		return usageError("a name such as planner stands for the caller in records and logs", "%q is not the name of a caller", o.name)
	}
	made := newToken{Name: o.name, Token: websocket.NewToken()}
	if o.file != "" {
		if err := writeNewToken(o.file, made.Token); err != nil {
			return err
		}
		made.Token, made.File = "", o.file
		made.Config = fmt.Sprintf("{name: %q, token_file: %q}", o.name, o.file)
	} else {
		made.Env = variableOf(o.name)
		made.Config = fmt.Sprintf("{name: %q, token_env: %s}", o.name, made.Env)
	}
	if o.json {
		encoder := json.NewEncoder(out)
		encoder.SetIndent("", "  ")
		return encoder.Encode(made)
	}
	if made.Token != "" {
		if _, err := fmt.Fprintln(out, made.Token); err != nil {
			return err
		}
	}
	_, err := io.WriteString(errOut, made.advice())
	return err
}

// advice says what to do with the token, without it.
func (t *newToken) advice() string {
	var b strings.Builder
	if t.File != "" {
		fmt.Fprintf(&b, "The token is in %s.\n", t.File)
	} else {
		fmt.Fprintf(&b, "\nGive it to sluice in its environment, as %s, from a file of mode 0600 or a store of secrets.\n", t.Env)
	}
	fmt.Fprintf(&b, `
In the config, which a running server follows:
  auth:
    tokens:
      - %s
More keys there bound the caller: tools, priority, rate, concurrency, queue.

Clients send it as "Authorization: Bearer TOKEN", pages as the subprotocol bearer.TOKEN beside
mcp; "sluice call --url" takes it from SLUICE_TOKEN.
`, t.Config)
	return b.String()
}

// variableOf is the environment variable for the token of a caller.
func variableOf(name string) string {
	variable := strings.Map(func(c rune) rune {
		if 'A' <= c && c <= 'Z' || '0' <= c && c <= '9' {
			return c
		}
		return '_'
	}, strings.ToUpper(name))
	if variable[0] <= '9' && variable[0] >= '0' {
		variable = "_" + variable
	}
	return variable + "_TOKEN"
}

// writeNewToken writes a token to a file that is not there yet.
func writeNewToken(path, token string) error {
	f, err := os.OpenFile(path, os.O_WRONLY|os.O_CREATE|os.O_EXCL, 0o600)
	if errors.Is(err, fs.ErrExist) {
		return usageError("name another, and take the old one out when all clients have the new", "%s is there already, and a token in use is not replaced", path)
	}
	if err != nil {
		return err
	}
	_, err = f.WriteString(token + "\n")
	return errors.Join(err, f.Close())
}
