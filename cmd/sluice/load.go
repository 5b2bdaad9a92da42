package main

import (
	"errors"

	"github.com/spf13/cobra"
	"github.com/spf13/pflag"

	"github.com/sluice-dev/sluice/cmd/sluice/internal/config"
)

// servedConfig is what the config is to most commands.
const servedConfig = "config `file`; without one, the built-in tools are served"

// addConfigFlag lets a command take the config from a file; usage says what it is for.
func addConfigFlag(flags *pflag.FlagSet, path *string, usage string) {
	flags.StringVarP(path, "config", "c", "", usage)
	if err := cobra.MarkFlagFilename(flags, "config", "yaml", "yml"); err != nil {
		panic(err) // the flag is there
	}
}

// loadConfig reads the config file at path; the empty path stands for the embedded
// starter config. No file is ever picked up unasked: a config names programs to run.
func loadConfig(path string) (*config.Config, error) {
	if path == "" {
		return config.Starter(), nil
	}
	cfg, err := config.Load(path)
	if invalid, ok := errors.AsType[*config.Error](err); ok {
		return nil, &failure{code: exitUsage, err: invalid, hint: "`sluice schema` prints what a config may hold"}
	}
	if err != nil {
		return nil, &failure{code: exitUsage, err: err, hint: "--config names the config file"}
	}
	return cfg, nil
}
