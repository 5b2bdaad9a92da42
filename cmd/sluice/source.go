package main

import (
	"os"

	"github.com/sluice-dev/sluice/cmd/sluice/internal/config"
)

// A source is where the config of a server comes from.
type source struct {
	path string // of the file; empty where there is none
	// load reads it, and writes the flags into it.
	load func() (*config.Config, error)
}

// lasting reports whether the config can be read again: a pipe cannot.
func (s source) lasting() bool {
	info, err := os.Stat(s.path)
	return err == nil && info.Mode().IsRegular()
}

// filesOf are the files besides its own that a config is read together with.
func filesOf(cfg *config.Config) (paths []string) {
	for _, t := range cfg.Auth.Tokens {
		if t.TokenFile != "" {
			paths = append(paths, t.TokenFile)
		}
	}
	return paths
}
