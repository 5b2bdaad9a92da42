package mcp

import "github.com/sluice-dev/sluice/tools"

// Implementation names a server or a client to its peer
// (specification 2026-07-28, schema, "Implementation").
type Implementation struct {
	Name        string       `json:"name"`
	Title       string       `json:"title,omitempty"`
	Version     string       `json:"version"`
	Description string       `json:"description,omitempty"`
	WebsiteURL  string       `json:"websiteUrl,omitempty"`
	Icons       []tools.Icon `json:"icons,omitempty"`
}
