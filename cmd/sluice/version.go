package main

import (
	"encoding/json"
	"fmt"
	"runtime/debug"
	"strings"

	"github.com/spf13/cobra"

	"github.com/sluice-dev/sluice/transport/mcp"
)

// A build says what this binary was made from.
type build struct {
	Version   string   `json:"version"`            // of the module; "(devel)" from a checkout
	Revision  string   `json:"revision,omitempty"` // of version control, with "+dirty" where files were changed
	Go        string   `json:"go"`
	Protocols []string `json:"protocols,omitempty"` // revisions of MCP that are served, newest first
}

// revision is what the build of an image says that it was made from, by
// -ldflags "-X main.revision=...": there is no version control within.
var revision string

// buildVersion reads what the toolchain left in the binary.
func buildVersion() build {
	info, ok := debug.ReadBuildInfo()
	if !ok {
		return build{Version: "(unknown)"}
	}
	b := build{Version: info.Main.Version, Go: info.GoVersion}
	for _, r := range mcp.Revisions() {
		b.Protocols = append(b.Protocols, r.Version)
	}
	dirty := ""
	for _, s := range info.Settings {
		switch {
		case s.Key == "vcs.revision":
			b.Revision = s.Value
		case s.Key == "vcs.modified" && s.Value == "true":
			dirty = "+dirty"
		}
	}
	if b.Revision == "" {
		b.Revision = revision
	} else {
		b.Revision += dirty
	}
	return b
}

func newVersionCommand() *cobra.Command {
	var asJSON bool
	cmd := &cobra.Command{
		Use:   "version",
		Short: "Print the version of sluice and the protocol revisions it serves",
		Args:  usageArgs(cobra.NoArgs),
		RunE: func(cmd *cobra.Command, _ []string) error {
			b := buildVersion()
			if asJSON {
				return json.NewEncoder(cmd.OutOrStdout()).Encode(b)
			}
			_, err := fmt.Fprint(cmd.OutOrStdout(), b)
			return err
		},
	}
	cmd.Flags().BoolVar(&asJSON, "json", false, "print JSON")
	return cmd
}

// String prints the build for people, one fact a line.
func (b build) String() string {
	var s strings.Builder
	fmt.Fprintf(&s, "sluice    %s\n", b.Version)
	if b.Revision != "" {
		fmt.Fprintf(&s, "revision  %s\n", b.Revision)
	}
	fmt.Fprintf(&s, "go        %s\n", b.Go)
	if len(b.Protocols) > 0 {
		fmt.Fprintf(&s, "mcp       %s\n", strings.Join(b.Protocols, ", "))
	}
	return s.String()
}
