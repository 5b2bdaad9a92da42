package mcp

import "strings"

// The methods of requests and notifications that Sluice takes or sends.
const (
	MethodInitialize = "initialize"       // legacy
	MethodPing       = "ping"             // legacy
	MethodSetLevel   = "logging/setLevel" // legacy
	MethodDiscover   = "server/discover"  // modern
	MethodListen     = "subscriptions/listen"
	MethodListTools  = "tools/list"
	MethodCallTool   = "tools/call"

	NotificationInitialized      = "notifications/initialized" // legacy
	NotificationCancelled        = "notifications/cancelled"
	NotificationProgress         = "notifications/progress"
	NotificationMessage          = "notifications/message"
	NotificationToolsListChanged = "notifications/tools/list_changed"
	NotificationAcknowledged     = "notifications/subscriptions/acknowledged" // modern
)

// The keys of _meta (specification 2026-07-28, basic, "_meta").
const (
	MetaProgressToken      = "progressToken"
	MetaProtocolVersion    = "io.modelcontextprotocol/protocolVersion"
	MetaClientInfo         = "io.modelcontextprotocol/clientInfo"
	MetaClientCapabilities = "io.modelcontextprotocol/clientCapabilities"
	MetaLogLevel           = "io.modelcontextprotocol/logLevel"
	MetaSubscriptionID     = "io.modelcontextprotocol/subscriptionId"
	MetaServerInfo         = "io.modelcontextprotocol/serverInfo"

	// Where a request stands in a distributed trace: SEP-414.
	MetaTraceParent = "traceparent"
	MetaTraceState  = "tracestate"
	MetaBaggage     = "baggage"

	// MetaError is Sluice's own: the kind of failure that a result with isError
	// stands for, and when to try again.
	MetaError = "dev.sluice/error"

	// MetaCache is Sluice's own: what part the cache had in a result of a tool that has
	// one: hit, miss or coalesced.
	MetaCache = "dev.sluice/cache"

	// MetaPriority is Sluice's own, in the request of a call: the class in which it waits
	// where it has to: interactive, normal or batch.
	MetaPriority = "dev.sluice/priority"
)

// Reserved reports whether a key of _meta is one of the protocol's own with a prefix.
// Those are about one request on one connection, and not about what is sent over it.
func Reserved(key string) bool { return strings.HasPrefix(key, "io.modelcontextprotocol/") }

// Error codes (JSON-RPC 2.0, section 5.1; specification 2026-07-28, basic, "Error
// Codes").
const (
	CodeParseError                 = -32700
	CodeInvalidRequest             = -32600
	CodeMethodNotFound             = -32601
	CodeInvalidParams              = -32602
	CodeInternalError              = -32603
	CodeUnsupportedProtocolVersion = -32022

	// CodeOverloaded is Sluice's own, outside the range that JSON-RPC reserves: the
	// connection holds as many requests of this kind, or answers to one batch, as it
	// may.
	CodeOverloaded = -31000

	// CodeUnreachable is Sluice's own as well: the request could not be passed on to the
	// server that was to answer it, or the connection to that was lost before it did.
	CodeUnreachable = -31001
)
