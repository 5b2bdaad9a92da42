package main

import (
	"errors"
	"fmt"
	"io"
	"io/fs"
	"maps"
	"os"
	"slices"
	"strings"
	"unicode"

	"github.com/spf13/cobra"

	"github.com/sluice-dev/sluice/cmd/sluice/internal/config"
	"github.com/sluice-dev/sluice/cmd/sluice/internal/openapi"
	"github.com/sluice-dev/sluice/tools"
)

// manyTools is how many tools are more than models choose well from.
const manyTools = 100

const importOpenAPILong = `Writes a config whose tools are the operations of an OpenAPI 3 document: a file, a URL
or - for standard input.

Each operation becomes one tool, named by its operationId. Secrets do not stand in the
config: for each security scheme an environment variable is named, which has to be set.
What cannot be expressed is left out and told on standard error. The entries are as the
document has them: read them before you serve them, for descriptions from strangers go
to your model, and addresses are those that your tools will call.

--include and --exclude compare patterns with the name of the tool, with the path and
with both method and path; * stands for any text.`

func newImportCommand() *cobra.Command {
	cmd := &cobra.Command{
		Use:   "import",
		Short: "Write tool entries from the description of an API",
		Args:  unknownCommand,
		RunE:  func(cmd *cobra.Command, _ []string) error { return cmd.Help() },
	}
	cmd.AddCommand(newImportOpenAPICommand())
	return cmd
}

func newImportOpenAPICommand() *cobra.Command {
	var options openapi.Options
	var path string
	cmd := &cobra.Command{
		Use:   "openapi SPEC",
		Short: "Write tool entries from an OpenAPI 3 document",
		Long:  importOpenAPILong,
		Example: "  sluice import openapi petstore.yaml --output sluice.yaml\n" +
			"  sluice import openapi https://api.example/openapi.json --include 'GET *'",
		Args: usageArgs(cobra.ExactArgs(1)),
		RunE: func(cmd *cobra.Command, args []string) error {
			document, err := readDocument(cmd.Context(), cmd.InOrStdin(), args[0])
			if err != nil {
				return &failure{code: exitUsage, err: err, hint: "SPEC is an OpenAPI 3 document: a file, a URL or -"}
			}
			text, notes, err := importTools(openapi.Convert(document, options))
			for _, note := range notes {
				fmt.Fprintf(cmd.ErrOrStderr(), "%s %s\n", paint(cmd.ErrOrStderr(), bold, "note:"), printable(note))
			}
			if err != nil {
				return err
			}
			return writeConfig(cmd.OutOrStdout(), path, text)
		},
	}
	flags := cmd.Flags()
	flags.StringVarP(&path, "output", "o", "", "write to this `file`, which must not exist yet")
	flags.StringArrayVar(&options.Include, "include", nil, "convert only operations that match this `pattern`; may be repeated")
	flags.StringArrayVar(&options.Exclude, "exclude", nil, "leave out operations that match this `pattern`; may be repeated")
	flags.StringVar(&options.Server, "server", "", "the `URL` that the paths are added to, instead of that in the document")
	flags.StringVar(&options.Prefix, "prefix", "", "a `text` before the name of each tool")
	flags.BoolVar(&options.Outputs, "output-schemas", false, "write the schemas of answers too; a call whose answer breaks its schema fails")
	return cmd
}

// importTools writes the config, of those entries that the server would take.
func importTools(c *openapi.Conversion) (text string, notes []string, err error) {
	notes = c.Notes
	var entries strings.Builder
	served := 0
	for _, t := range c.Tools {
		entry, err := servable(t)
		if err != nil {
			notes = append(notes, fmt.Sprintf("%s is left out: %v", t.Name, err))
			continue
		}
		served++
		entries.WriteString("\n" + entry)
	}
	if served == 0 {
		return "", notes, errors.New("no operation of the document is one that can be a tool, or was chosen")
	}
	if served > manyTools {
		notes = append(notes, fmt.Sprintf("these are %d tools, more than models choose well from: choose with --include", served))
	}
	text = heading(c) + "tools:" + entries.String()
	if _, err := config.Parse("the result", []byte(text)); err != nil {
		return "", notes, hinted("choose fewer operations with --include, by name or path", err)
	}
	return text, notes, nil
}

// servable returns the entry of a tool, with less of its schemas where there is too much
// in them for the server.
func servable(t *openapi.Tool) (entry string, err error) {
	for _, write := range []func() string{t.YAML, t.Reduced} {
		entry = write()
		if err = trial(entry); err == nil {
			return entry, nil
		}
	}
	return "", err
}

// trial makes the tool of an entry.
func trial(entry string) error {
	cfg, err := config.Parse("the entry", []byte("tools:\n"+entry))
	if err != nil {
		return err
	}
	tool, err := newTool(&cfg.Tools[0], nil)
	if err != nil {
		return err
	}
	return new(tools.Registry).Add(tool)
}

func heading(c *openapi.Conversion) string {
	var b strings.Builder
	fmt.Fprintf(&b, "# The operations of %s, written by `sluice import openapi`.\n", printable(c.Title+" "+c.Version))
	if len(c.Variables) > 0 {
		b.WriteString("# Set these in the environment of the server:\n")
	}
	for _, name := range slices.Sorted(maps.Keys(c.Variables)) {
		fmt.Fprintf(&b, "#   %s: %s\n", name, printable(c.Variables[name]))
	}
	return b.String()
}

// printable returns a stranger's text as one line that does nothing but show itself.
func printable(text string) string {
	return strings.Join(strings.Fields(strings.Map(func(c rune) rune {
		if unicode.IsControl(c) && !unicode.IsSpace(c) || unicode.Is(unicode.Cf, c) {
			return -1
		}
		return c
	}, text)), " ")
}

func writeConfig(stdout io.Writer, path, text string) error {
	if path == "" {
		_, err := io.WriteString(stdout, text)
		return err
	}
	f, err := os.OpenFile(path, os.O_WRONLY|os.O_CREATE|os.O_EXCL, 0o644)
	if errors.Is(err, fs.ErrExist) {
		return usageError("remove it, or name another file", "%s exists already", path)
	}
	if err != nil {
		return err
	}
	_, err = io.WriteString(f, text)
	return errors.Join(err, f.Close())
}
