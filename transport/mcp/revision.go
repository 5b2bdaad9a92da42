package mcp

// Revision is one published revision of the protocol, with everything in which it
// differs from the others.
type Revision struct {
	// Version is its name, a date.
	Version string

	// Modern revisions carry version and capabilities in the _meta of every
	// request; the others settle them once by initialize.
	Modern bool

	// Batches says that a message may be an array of messages.
	Batches bool

	// InvalidArgumentsResult says that arguments which break a tool's input schema
	// are answered with a result that the model reads, not with a JSON-RPC error.
	InvalidArgumentsResult bool

	// AnyStructured says that structured content and output schemas may be of any
	// JSON type, not only objects.
	AnyStructured bool

	// Audio, ResourceLinks, Structured (with output schemas), ToolAnnotations,
	// Titles, DefinitionMeta, Icons and ProgressMessages say that the revision has
	// these.
	Audio            bool
	ResourceLinks    bool
	Structured       bool
	ToolAnnotations  bool
	Titles           bool
	DefinitionMeta   bool
	Icons            bool
	ProgressMessages bool
}

// The revisions served, the newest first.
var (
	Revision20260728 = &Revision{
		Version: "2026-07-28", Modern: true,
		InvalidArgumentsResult: true, AnyStructured: true,
		Audio: true, ResourceLinks: true, Structured: true, ToolAnnotations: true,
		Titles: true, DefinitionMeta: true, Icons: true, ProgressMessages: true,
	}
	Revision20251125 = &Revision{
		Version:                "2025-11-25",
		InvalidArgumentsResult: true,
		Audio:                  true, ResourceLinks: true, Structured: true, ToolAnnotations: true,
		Titles: true, DefinitionMeta: true, Icons: true, ProgressMessages: true,
	}
	Revision20250618 = &Revision{
		Version: "2025-06-18",
		Audio:   true, ResourceLinks: true, Structured: true, ToolAnnotations: true,
		Titles: true, DefinitionMeta: true, ProgressMessages: true,
	}
	Revision20250326 = &Revision{
		Version: "2025-03-26", Batches: true,
		Audio: true, ToolAnnotations: true, ProgressMessages: true,
	}
	Revision20241105 = &Revision{Version: "2024-11-05"}
)

var revisions = []*Revision{
	Revision20260728, Revision20251125, Revision20250618, Revision20250326, Revision20241105,
}

// Revisions returns the revisions served, the newest first.
func Revisions() []*Revision { return append([]*Revision(nil), revisions...) }

// Modern returns the modern revision of this version, or nil where it is not
// served.
func Modern(version string) *Revision { return lookup(version, true) }

// Legacy returns the legacy revision of this version, or nil where it is not
// served.
func Legacy(version string) *Revision { return lookup(version, false) }

// NewestLegacy is what a server answers to an initialize with a version that it
// does not know (specification 2025-11-25, basic/lifecycle, "Version Negotiation").
var NewestLegacy = Revision20251125

func lookup(version string, modern bool) *Revision {
	for _, r := range revisions {
		if r.Version == version && r.Modern == modern {
			return r
		}
	}
	return nil
}

// ModernVersions returns the versions that a request may name in its _meta, the
// newest first.
func ModernVersions() []string {
	var versions []string
	for _, r := range revisions {
		if r.Modern {
			versions = append(versions, r.Version)
		}
	}
	return versions
}
