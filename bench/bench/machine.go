package main

import (
	"debug/buildinfo"
	"runtime"
	"strings"

	"github.com/sluice-dev/sluice/bench/page"
)

// describe names the machine and the versions of all that is measured.
func describe(f *fleet) []string {
	return []string{page.Machine(), software(f), page.Loaded()}
}

// software names the versions that the programs were built from.
func software(f *fleet) string {
	peers := []string{runtime.Version(), "Sluice " + revision(of(f.stdio, sluice).program)}
	for _, m := range []struct {
		module string
		in     server
	}{
		{"github.com/mark3labs/mcp-go", of(f.stdio, mcpGo)},
		{"github.com/modelcontextprotocol/go-sdk", of(f.stdio, goSDK)},
		{"github.com/coder/websocket", of(f.socket, wsFloor)},
	} {
		peers = append(peers, m.module+" "+version(m.in.program, m.module))
	}
	return strings.Join(peers, ", ")
}

func version(p program, module string) string {
	if info, err := buildinfo.ReadFile(p.path); err == nil {
		for _, dep := range info.Deps {
			if dep.Path == module {
				return dep.Version
			}
		}
	}
	return "of an unknown version"
}

func revision(p program) string {
	settings := map[string]string{}
	if info, err := buildinfo.ReadFile(p.path); err == nil {
		for _, s := range info.Settings {
			settings[s.Key] = s.Value
		}
	}
	commit, known := settings["vcs.revision"]
	switch {
	case !known:
		return "of an unknown commit"
	case settings["vcs.modified"] == "true":
		return commit[:min(len(commit), 12)] + " with changes"
	}
	return commit[:min(len(commit), 12)]
}
