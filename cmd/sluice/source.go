package main

import (
	"os"
	"slices"

	"github.com/sluice-dev/sluice/cmd/sluice/internal/config"
)

// A source is where the config of a server comes from.
type source struct {
	path string   // of the file; empty where there is none
	also []string // files that flags name
	// load reads it, and writes the flags into it.
	load func() (*config.Config, error)
}

// own are the files that are known before it is read.
func (s source) own() []string {
	if s.path == "" {
		return nil
	}
	return []string{s.path}
}

// lasting reports whether there is a file that can be read again: a pipe cannot.
func (s source) lasting() bool {
	files := s.also
	if s.path != "" {
		files = s.own()
	}
	return slices.ContainsFunc(files, func(path string) bool {
		info, err := os.Stat(path)
		return err == nil && info.Mode().IsRegular()
	})
}

// filesOf are the files besides its own that a config is read together with.
func filesOf(cfg *config.Config) (paths []string) {
	for _, t := range cfg.Auth.Tokens {
		if t.TokenFile != "" {
			paths = append(paths, t.TokenFile)
		}
	}
	for _, j := range cfg.Auth.JWT {
		for _, path := range []string{j.JWKSFile, j.CAFile} {
			if path != "" {
				paths = append(paths, path)
			}
		}
	}
	return append(paths, cfg.Listen.Files()...)
}
