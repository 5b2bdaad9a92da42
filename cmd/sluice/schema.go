package main

import (
	"fmt"

	"github.com/spf13/cobra"

	"github.com/sluice-dev/sluice/cmd/sluice/internal/config"
)

const schemaLong = `Prints the JSON Schema of a config file.

Save it and put this line on top of your config, and an editor with a YAML language
server completes and checks it while you type:
  # yaml-language-server: $schema=sluice.schema.json`

func newSchemaCommand() *cobra.Command {
	return &cobra.Command{
		Use:     "schema",
		Short:   "Print the JSON Schema of a config file",
		Long:    schemaLong,
		Example: "  sluice schema > sluice.schema.json",
		Args:    usageArgs(cobra.NoArgs),
		RunE: func(cmd *cobra.Command, _ []string) error {
			source, err := config.Schema()
			if err != nil {
				return err
			}
			_, err = fmt.Fprintf(cmd.OutOrStdout(), "%s\n", source)
			return err
		},
	}
}
