package desktop

import (
	"os"
	"path/filepath"
	"strings"
)

// A Client is a program that launches MCP servers.
type Client struct {
	// ID is what it is called on a command line, Name what it calls itself.
	ID, Name string
	// Section is the object of its config that has an entry for each server.
	Section string
	// Restart says what to do before it sees a change of its config.
	Restart string

	entry func(Server) any
	files func(Machine) []string // most likely first
}

// A Machine is what the places of configs depend on.
type Machine struct {
	// OS is as in runtime.GOOS.
	OS string
	// Home is the user's directory.
	Home string
	// Getenv returns a variable of the environment.
	Getenv func(string) string
}

// A Server is what a client is to launch.
type Server struct {
	Command string
	Args    []string
	Env     map[string]string
}

// Clients are those that are known, in the order of the documentation.
var Clients = []*Client{
	{
		ID: "claude-desktop", Name: "Claude Desktop", Section: "mcpServers", entry: plain,
		Restart: "Quit Claude Desktop and start it again.",
		files: func(m Machine) []string {
			const name = "claude_desktop_config.json"
			if m.OS == "windows" {
				// From the store it has a directory of its own in the place of that of all.
				return []string{
					m.in(m.local(), "Packages", "Claude_pzs8sxrjxfjjc", "LocalCache", "Roaming", "Claude", name),
					m.in(m.data(), "Claude", name),
				}
			}
			return []string{m.in(m.data(), "Claude", name)}
		},
	},
	{
		ID: "claude-code", Name: "Claude Code", Section: "mcpServers", entry: typed,
		Restart: "Start Claude Code anew; /mcp shows its servers.",
		files: func(m Machine) []string {
			if dir := m.Getenv("CLAUDE_CONFIG_DIR"); dir != "" {
				return []string{m.in(dir, ".claude.json")}
			}
			return []string{m.in(m.Home, ".claude.json")}
		},
	},
	{
		ID: "cursor", Name: "Cursor", Section: "mcpServers", entry: plain,
		Restart: "Start Cursor again, or switch the server on in its settings.",
		files:   func(m Machine) []string { return []string{m.in(m.Home, ".cursor", "mcp.json")} },
	},
	{
		ID: "vscode", Name: "VS Code", Section: "servers", entry: typed,
		Restart: "Run \"MCP: List Servers\" in VS Code and start the server there.",
		files:   func(m Machine) []string { return []string{m.in(m.data(), "Code", "User", "mcp.json")} },
	},
	{
		ID: "windsurf", Name: "Windsurf", Section: "mcpServers", entry: plain,
		Restart: "Start Windsurf again, or refresh the servers in its settings of Cascade.",
		files: func(m Machine) []string {
			return []string{m.in(m.Home, ".codeium", "windsurf", "mcp_config.json")}
		},
	},
	{
		ID: "zed", Name: "Zed", Section: "context_servers", entry: plain,
		Restart: "Zed sees the change by itself; the settings of its agent panel show the server.",
		files: func(m Machine) []string {
			switch m.OS {
			case "windows":
				return []string{m.in(m.data(), "Zed", "settings.json")}
			case "darwin":
				return []string{m.in(m.Home, ".config", "zed", "settings.json")}
			}
			return []string{m.in(m.data(), "zed", "settings.json")}
		},
	},
}

// Find returns the client with an id, or nil.
func Find(id string) *Client {
	for _, c := range Clients {
		if c.ID == id {
			return c
		}
	}
	return nil
}

// Entry returns what stands for a server in the client's config.
func (c *Client) Entry(s Server) any { return c.entry(s) }

// Locate returns the file of the client's config. Installed reports whether the directory
// is there that the client makes for it, which Claude Code does not: for that the file.
func (c *Client) Locate(m Machine) (file string, installed bool) {
	files := c.files(m)
	for _, file := range files {
		evidence := filepath.Dir(file)
		if filepath.Base(file) == ".claude.json" {
			evidence = file
		}
		if _, err := os.Stat(evidence); err == nil {
			return file, true
		}
	}
	return files[len(files)-1], false
}

type entry struct {
	Type    string            `json:"type,omitempty"`
	Command string            `json:"command"`
	Args    []string          `json:"args"`
	Env     map[string]string `json:"env,omitempty"`
}

func plain(s Server) any { return entry{"", s.Command, s.Args, s.Env} }

func typed(s Server) any { return entry{"stdio", s.Command, s.Args, s.Env} }

// data is where programs keep their config.
func (m Machine) data() string {
	switch m.OS {
	case "windows":
		return m.variable("APPDATA", m.in(m.Home, "AppData", "Roaming"))
	case "darwin":
		return m.in(m.Home, "Library", "Application Support")
	}
	return m.variable("XDG_CONFIG_HOME", m.in(m.Home, ".config"))
}

// local is where programs keep, on Windows, what stays on the machine.
func (m Machine) local() string { return m.variable("LOCALAPPDATA", m.in(m.Home, "AppData", "Local")) }

func (m Machine) variable(name, otherwise string) string {
	if value := m.Getenv(name); value != "" {
		return value
	}
	return otherwise
}

// in joins a path as the machine's system writes it, which need not be this one.
func (m Machine) in(parts ...string) string {
	separator := "/"
	if m.OS == "windows" {
		separator = `\`
	}
	if m.OS == "windows" && filepath.Separator == '/' {
		separator = "/" // in a test on another system
	}
	return strings.Join(parts, separator)
}
