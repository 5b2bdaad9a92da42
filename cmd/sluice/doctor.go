package main

import (
	"encoding/json"
	"fmt"
	"io"
	"log/slog"
	"slices"
	"strings"
	"text/tabwriter"

	"github.com/spf13/cobra"

	"github.com/sluice-dev/sluice/cmd/sluice/internal/config"
	"github.com/sluice-dev/sluice/tools/command"
)

const doctorLong = `Tries what this machine has to contain the programs of tools with, as the server does, and
says for each layer how it is done or why it is not.

Tools run with every layer that there is. One that must not run without those it needs says
sandbox: require in the config; "sluice check" names what its tools ask for in vain.`

func newDoctorCommand() *cobra.Command {
	var asJSON bool
	cmd := &cobra.Command{
		Use:     "doctor",
		Short:   "Show what contains the programs of tools on this machine",
		Long:    doctorLong,
		Example: "  sluice doctor\n  sluice doctor --json",
		Args:    usageArgs(cobra.NoArgs),
		RunE: func(cmd *cobra.Command, _ []string) error {
			d := diagnosis{Layers: command.Layers()}
			if asJSON {
				return d.writeJSON(cmd.OutOrStdout())
			}
			return d.write(cmd.OutOrStdout())
		},
	}
	cmd.Flags().BoolVar(&asJSON, "json", false, "print JSON")
	return cmd
}

// A diagnosis is what a doctor finds. The field names are those of the JSON output.
type diagnosis struct {
	Layers []command.Layer `json:"layers"`
}

func (d *diagnosis) writeJSON(w io.Writer) error {
	encoder := json.NewEncoder(w)
	encoder.SetIndent("", "  ")
	encoder.SetEscapeHTML(false)
	return encoder.Encode(d)
}

func (d *diagnosis) write(w io.Writer) error {
	var b strings.Builder
	table := tabwriter.NewWriter(&b, 0, 0, 2, ' ', 0)
	for _, l := range d.Layers {
		state := "yes"
		if !l.InForce {
			state = "no"
		}
		fmt.Fprintf(table, "%s\t%s\t%s\n", l.Name, state, l.Detail)
	}
	table.Flush() // into memory
	_, err := io.WriteString(w, b.String())
	return err
}

// logContainment says once what contains the programs of a config, where it has any.
func logContainment(cfg *config.Config, logger *slog.Logger) {
	if !slices.ContainsFunc(cfg.Tools, func(t config.Tool) bool { return t.HTTP == nil }) {
		return
	}
	names := map[bool][]string{}
	for _, l := range command.Layers() {
		names[l.InForce] = append(names[l.InForce], l.Name)
	}
	logger.Info("programs are contained; `sluice doctor` says how",
		"by", strings.Join(names[true], ","), "not_by", strings.Join(names[false], ","))
}
