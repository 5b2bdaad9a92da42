package main

import (
	"cmp"
	"debug/buildinfo"
	"fmt"
	"regexp"
	"runtime"
	"strings"
	"time"

	"github.com/shirou/gopsutil/v4/cpu"
	"github.com/shirou/gopsutil/v4/host"
	system "github.com/shirou/gopsutil/v4/load"
	"github.com/shirou/gopsutil/v4/mem"
)

// describe names the machine and the versions of all that is measured.
func describe(f *fleet) []string {
	return []string{machine(), software(f), loaded()}
}

func machine() string {
	model, memory, name := "unknown processor", "", runtime.GOOS
	if infos, err := cpu.Info(); err == nil && len(infos) > 0 {
		model = cmp.Or(strings.TrimSpace(infos[0].ModelName), model)
	}
	if m, err := mem.VirtualMemory(); err == nil {
		memory = fmt.Sprintf(", %.0f GiB", float64(m.Total)/(1<<30))
	}
	if h, err := host.Info(); err == nil {
		name = strings.Join(strings.Fields(fmt.Sprintf("%s %s, kernel %s", h.Platform, h.PlatformVersion, kernelNumber.FindString(h.KernelVersion))), " ")
	}
	return fmt.Sprintf("%s, %d processors%s; %s, %s/%s", model, runtime.NumCPU(), memory, name, runtime.GOOS, runtime.GOARCH)
}

// kernelNumber is the part of a kernel's version that means something elsewhere.
var kernelNumber = regexp.MustCompile(`^[\d.]+`)

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

// loaded says when it was measured and what else the machine did.
func loaded() string {
	when := time.Now().Format(time.DateOnly)
	if l, err := system.Avg(); err == nil {
		return fmt.Sprintf("%s, load average %.1f before", when, l.Load1)
	}
	return when
}
