package main

import (
	"cmp"
	"context"
	_ "embed"
	"encoding/json"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
)

// The names stand in the tables, in this order.
const (
	sluice    = "Sluice"
	mcpGo     = "mcp-go"
	goSDK     = "go-sdk"
	syncFloor = "floor"
	goFloor   = "async floor"
	wsFloor   = "WebSocket floor"
	before    = "Sluice before"
)

// A fleet is all programs, built.
type fleet struct {
	stdio  []server
	socket []server
	proxy  []server
	many   server // Sluice with tools of a number that its flag sets

	dir, module string
}

// build builds every program into dir. Each is built twice: as it is, and so that it
// tells what it allocates.
func build(ctx context.Context, module, dir string) (*fleet, error) {
	b := builder{ctx: ctx, dir: dir}
	sluicePath := b.add("sluice", module, "cmd/sluice")
	line := b.add("linefloor", ".", "servers/linefloor")
	ws := b.add("wsfloor", ".", "servers/wsfloor")
	peer := b.add("mcpgo", ".", "servers/mcpgo")
	sdk := b.add("gosdk", ".", "servers/gosdk")
	many := b.add("manytools", ".", "servers/manytools")
	proxy, err := proxied(dir, sluicePath, peer)
	return &fleet{
		dir: dir, module: module, proxy: proxy,
		stdio: []server{
			line.serves(syncFloor),
			line.serves(goFloor, "-async"),
			sluicePath.serves(sluice, "stdio").atHome(),
			peer.serves(mcpGo),
			sdk.serves(goSDK),
		},
		socket: []server{
			ws.serves(wsFloor).overSocket(),
			sluicePath.serves(sluice, "serve", "--listen", "127.0.0.1:0").atHome().overSocket(),
		},
		many: many.serves(sluice),
	}, cmp.Or(b.err, err)
}

// beside puts the Sluice of another folder into the fleet in place of the peers, so that a
// change can be measured in turns with what was before it.
func (f *fleet) beside(ctx context.Context, module string) error {
	b := builder{ctx: ctx, dir: f.dir}
	earlier := b.add("sluice-before", module, "cmd/sluice")
	f.stdio = slices.Insert(f.stdio[:3:3], 2, of(f.stdio, sluice).of(before, earlier))
	f.socket = slices.Insert(f.socket, 1, of(f.socket, sluice).of(before, earlier))
	return b.err
}

// of returns the server with this name.
func of(servers []server, name string) server {
	for _, s := range servers {
		if s.name == name {
			return s
		}
	}
	panic("bench: no server " + name)
}

// A builder builds programs until one fails.
type builder struct {
	ctx context.Context
	dir string
	err error
}

// A program is one built.
type program struct {
	path    string
	counted string // where the same that counts its allocations is
}

// add builds a package of the module.
func (b *builder) add(name, module, pkg string) program {
	path := filepath.Join(b.dir, name)
	p := program{path: path, counted: path + "-counted"}
	overlay, err := overlayFor(b.dir, name, filepath.Join(module, pkg))
	if b.err == nil {
		b.err = err
	}
	b.build(module, "-o", p.path, "./"+pkg)
	b.build(module, "-overlay", overlay, "-o", p.counted, "./"+pkg)
	return p
}

func (b *builder) build(module string, args ...string) {
	if b.err == nil {
		b.err = goBuild(b.ctx, module, "CGO_ENABLED=0", args...)
	}
}

func goBuild(ctx context.Context, module, env string, args ...string) error {
	cmd := exec.CommandContext(ctx, "go", append([]string{"build", "-trimpath", "-buildvcs=auto"}, args...)...)
	cmd.Dir, cmd.Env = module, append(os.Environ(), env)
	if out, err := cmd.CombinedOutput(); err != nil {
		return fmt.Errorf("go build %s in %s: %w\n%s", args[len(args)-1], module, err, out)
	}
	return nil
}

// raced returns a server of Sluice built with the race detector, which ends it at the
// first race. Not every machine has what that needs.
func (f *fleet) raced(ctx context.Context, s server) (server, error) {
	s.program.path = filepath.Join(f.dir, "sluice-raced")
	return s, goBuild(ctx, f.module, "CGO_ENABLED=1", "-race", "-o", s.program.path, "./cmd/sluice")
}

//go:embed memstats/memstats.go
var memstats string

// overlayFor writes what go build needs to put the package memstats into a program
// as one more file, and returns its path.
func overlayFor(dir, name, pkg string) (string, error) {
	pkg, err := filepath.Abs(pkg)
	if err != nil {
		return "", err
	}
	source := filepath.Join(dir, name+"-memstats.go")
	text := strings.Replace(memstats, "\npackage memstats\n", "\npackage main\n", 1)
	if err := os.WriteFile(source, []byte(text), 0o600); err != nil {
		return "", err
	}
	overlay, err := json.Marshal(map[string]map[string]string{
		"Replace": {filepath.Join(pkg, "bench_memstats.go"): source},
	})
	if err != nil {
		return "", err
	}
	path := filepath.Join(dir, name+"-overlay.json")
	return path, os.WriteFile(path, overlay, 0o600)
}
