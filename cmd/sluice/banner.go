package main

import (
	"encoding/json"
	"fmt"
	"os"
	"os/exec"
	"strings"
)

// A banner tells a person what is served and how to connect each kind of client.
type banner struct {
	urls      []string // of the WebSocket, at least one
	health    string   // of the probes, without a path
	tools     int
	token     string // that was made for this run; empty where tokens are configured
	tokenFile string // where the token was left for "sluice call"; empty where it was not
	command   string // how to run sluice from a shell
}

// String returns the banner with lines to paste.
func (b banner) String() string {
	var s strings.Builder
	fmt.Fprintf(&s, "Serving %d tools at %s (Ctrl-C stops)\n", b.tools, b.urls[0])
	for _, url := range b.urls[1:] {
		fmt.Fprintf(&s, "          and at %s\n", url)
	}
	s.WriteByte('\n')
	if b.token != "" {
		fmt.Fprintf(&s, "token     %s\n          made for this run; auth.tokens in a config sets your own\n\n", b.token)
	}
	fmt.Fprintf(&s, "shell     %s\n", b.shellLine())
	if b.page() != "" {
		fmt.Fprintf(&s, "browser   %s\n          import { connect } from \"%s\"; --origin or listen.origins allows the page\n", b.browserLine(), b.script())
	}
	fmt.Fprintf(&s, "desktop   %s\n", b.desktopLine())
	fmt.Fprintf(&s, "health    %s/healthz and /readyz\n", b.health)
	return s.String()
}

// shellLine calls a tool. On this machine the token comes from its file.
func (b banner) shellLine() string {
	call := fmt.Sprintf("%s call --url %s countdown from=5", b.command, b.urls[0])
	switch {
	case b.tokenFile != "":
		return call
	case b.token != "":
		return "SLUICE_TOKEN=" + b.token + " " + call
	}
	return "SLUICE_TOKEN=<token> " + strings.TrimSuffix(call, "call --url "+b.urls[0]+" countdown from=5") + "tools --url " + b.urls[0]
}

// page is the first URL that a page can connect to; empty where all are UNIX sockets.
func (b banner) page() string {
	for _, url := range b.urls {
		if strings.HasPrefix(url, "ws") {
			return url
		}
	}
	return ""
}

// browserLine is the end of a page's address: browsers send a fragment to no server.
func (b banner) browserLine() string {
	token := b.token
	if token == "" {
		token = "<token>"
	}
	return fmt.Sprintf("https://<your page>/#url=%s&token=%s", b.page(), token)
}

// script is where pages import the client from.
func (b banner) script() string {
	return "http" + strings.TrimSuffix(strings.TrimPrefix(b.page(), "ws"), "/mcp") + "/sluice.js"
}

// desktopLine is the entry for clients that launch their servers: they speak stdio
// and need no token.
func (b banner) desktopLine() string {
	type entry struct {
		Command string   `json:"command"`
		Args    []string `json:"args"`
	}
	program := b.command
	if strings.Contains(program, " ") {
		program = "sluice" // go run leaves no program behind: install it
	}
	text, err := json.Marshal(map[string]map[string]entry{"mcpServers": {"sluice": {program, []string{"stdio"}}}})
	if err != nil {
		panic(err) // strings always encode
	}
	return string(text)
}

// invocation returns how the person who started this program can start it again:
// by its name where the shell finds it, by go run where that built it, by its path
// otherwise.
func invocation() string {
	path, err := os.Executable()
	if err != nil {
		return "sluice"
	}
	if isTemporary(path) {
		return "go run ./cmd/sluice"
	}
	if found, err := exec.LookPath("sluice"); err == nil && sameFile(found, path) {
		return "sluice"
	}
	return path
}

func sameFile(a, b string) bool {
	x, errX := os.Stat(a)
	y, errY := os.Stat(b)
	return errX == nil && errY == nil && os.SameFile(x, y)
}
