package mcpb

// Version is that of the manifests.
const Version = "0.3"

// Root stands, in a manifest, for the directory that a bundle is unpacked to.
const Root = "${__dirname}"

// A Manifest says what is in a bundle and how it is started.
type Manifest struct {
	ManifestVersion string             `json:"manifest_version"`
	Name            string             `json:"name"`
	Version         string             `json:"version"`
	Description     string             `json:"description"`
	Author          Author             `json:"author"`
	Server          Server             `json:"server"`
	Tools           []Tool             `json:"tools,omitempty"`
	ToolsGenerated  bool               `json:"tools_generated,omitempty"` // there are more than Tools
	Compatibility   Compatibility      `json:"compatibility"`
	UserConfig      map[string]Setting `json:"user_config,omitempty"`
}

// An Author is who answers for a bundle.
type Author struct {
	Name string `json:"name"`
}

// A Server is the program in a bundle.
type Server struct {
	Type       string `json:"type"`
	EntryPoint string `json:"entry_point"`
	Launch     Launch `json:"mcp_config"`
}

// A Launch is how the program is started; on the platforms named in Overrides otherwise.
type Launch struct {
	Command   string              `json:"command"`
	Args      []string            `json:"args"`
	Env       map[string]string   `json:"env,omitempty"`
	Overrides map[string]Override `json:"platform_overrides,omitempty"`
}

// An Override is the program of a platform.
type Override struct {
	Command string `json:"command"`
}

// A Tool is what people are shown of one.
type Tool struct {
	Name        string `json:"name"`
	Description string `json:"description,omitempty"`
}

// Compatibility has the platforms that there is a program for.
type Compatibility struct {
	Platforms []string `json:"platforms"`
}

// A Setting is what the client asks its user for.
type Setting struct {
	Type        string  `json:"type"`
	Title       string  `json:"title"`
	Description string  `json:"description"`
	Required    bool    `json:"required"`
	Sensitive   bool    `json:"sensitive"`
	Default     *string `json:"default,omitempty"`
}
