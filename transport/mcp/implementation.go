package mcp

import "github.com/sluice-dev/sluice/tools"

// Implementation names a server or a client to its peer
// (specification 2026-07-28, schema, "Implementation").
type Implementation struct {
	Name        string       `json:"name"`
	Title       string       `json:"title,omitzero"` // from 2025-06-18 on
	Version     string       `json:"version"`
	Description string       `json:"description,omitzero"` // from 2025-11-25 on
	WebsiteURL  string       `json:"websiteUrl,omitzero"`  // from 2025-11-25 on
	Icons       []tools.Icon `json:"icons,omitempty"`      // from 2025-11-25 on
}

// In returns what revision r knows of it.
func (i Implementation) In(r *Revision) Implementation {
	if !r.Titles {
		i.Title = ""
	}
	if !r.Icons {
		i.Description, i.WebsiteURL, i.Icons = "", "", nil
	}
	return i
}
