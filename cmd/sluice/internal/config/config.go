package config

import "encoding/json"

// The doc comments of the fields below are the descriptions in the JSON Schema: see
// schema.go. The jsonschema tags (required, enum, minimum, minItems) bind the
// decoder as well, so that the two cannot disagree.

// Config is a whole config file.
type Config struct {
	// Name is the server's name, as clients see it. Defaults to "sluice".
	Name string `yaml:"name"`
	// Instructions tell models how to use the server. Defaults to none.
	Instructions string `yaml:"instructions"`
	// Drain is how long calls that run may go on when the server is asked to stop; new ones
	// are refused. A platform should wait for 10s longer before it kills. Defaults to 20s,
	// and to 5s over stdio.
	Drain Duration `yaml:"drain"`
	// Listen says where WebSocket clients are served.
	Listen Listen `yaml:"listen"`
	// Auth says who may connect. Without tokens, one is made at each start.
	Auth Auth `yaml:"auth"`
	// Engine bounds what runs at once and how long.
	Engine Engine `yaml:"engine"`
	// Log says what the server logs to stderr.
	Log Log `yaml:"log"`
	// Traces says where the traces of calls are sent. Defaults to nowhere, unless the
	// environment names a collector in OTEL_EXPORTER_OTLP_ENDPOINT.
	Traces Traces `yaml:"traces"`
	// Tools are the programs and HTTP endpoints that are served as tools.
	Tools []Tool `yaml:"tools"`
	// Upstreams are other MCP servers whose tools are served.
	Upstreams []Upstream `yaml:"upstreams"`

	// Starter says that no file was given: the built-in tools are served.
	Starter bool `yaml:"-"`

	places map[string]position `yaml:"-"` // of what is written, by its path
}

// Place returns where in the file a value stands, by its path, such as listen.origins[0];
// zeros where it does not.
func (c *Config) Place(path string) (line, column int) {
	at := c.places[path]
	return at.line, at.column
}

// Engine bounds what runs at once, how often and how long. Where a tool has a key of the
// same name, it goes before that of the engine, but concurrency, rate and caller_rate,
// which hold both; "docs/engine.md" explains them.
type Engine struct {
	// Concurrency is how many calls run at once. Defaults to 64.
	Concurrency int `yaml:"concurrency" jsonschema:"minimum=1"`
	// Queue is how many calls may wait for a slot. Defaults to 1024; off lets none wait.
	Queue OrOff[Count] `yaml:"queue"`
	// QueueBytes is how much the arguments of those that wait may come to. Defaults to
	// 64MiB; off is no limit.
	QueueBytes OrOff[Size] `yaml:"queue_bytes"`
	// InFlightBytes is how much the arguments of all calls in flight may come to, of those
	// that run as of those that wait. Defaults to an eighth of the memory limit of the
	// control group, from 8MiB to 256MiB, and to 256MiB without one; off is no limit.
	InFlightBytes OrOff[Size] `yaml:"in_flight_bytes"`
	// QueueTimeout is how long a call may wait; one that is expected to wait longer is
	// refused at once. Defaults to 1m; off is no limit.
	QueueTimeout OrOff[Duration] `yaml:"queue_timeout"`
	// Rate is how often tools may be called, over all, such as 500/s, 100/m or
	// 20/s burst 40, where so many may come at once. Defaults to no limit.
	Rate Rate `yaml:"rate"`
	// CallerRate is how often each caller may call. Defaults to no limit.
	CallerRate Rate `yaml:"caller_rate"`
	// RateWait is how long a call may wait until the rates let it through. Defaults to
	// refusing it at once.
	RateWait Duration `yaml:"rate_wait"`
	// Breaker says when calls of a tool are refused for a while since it fails.
	Breaker Breaker `yaml:"breaker"`
	// RepeatFailures is how many times one caller may send a tool the same arguments
	// that fail, within 5 min. Defaults to 5; off is no limit.
	RepeatFailures OrOff[Count] `yaml:"repeat_failures"`
	// Timeout is how long a call may run, whatever it reports. Defaults to 30s; off is
	// no limit.
	Timeout OrOff[Duration] `yaml:"timeout"`
	// IdleTimeout is how long a call may run without reporting progress. Defaults
	// to no limit of its own.
	IdleTimeout Duration `yaml:"idle_timeout"`
	// Heartbeat is how long a call may be silent, while it waits or runs, before a
	// caller who asked for progress is told that it goes on. Defaults to 15s; off tells
	// nothing.
	Heartbeat OrOff[Duration] `yaml:"heartbeat"`
	// Result is how large a result may be. Defaults to 2MiB; off is no limit.
	Result OrOff[Size] `yaml:"result"`
	// Cache bounds what is kept of the results of the tools that have a cache.
	Cache Cache `yaml:"cache"`
	// History says where past calls are kept, for "sluice history" to search. Defaults
	// to the file of this user; off or false keeps none.
	History History `yaml:"history"`
	// Audit says where every decision on a call is written. Defaults to nowhere.
	Audit Audit `yaml:"audit"`
}

// History says where past calls are kept, and how long; whichever limit is reached first
// counts. Several servers may share a file.
type History struct {
	// Path is the file, in SQLite's format; relative to the config file. Defaults to
	// sluice/history.db in the user's directory for such data: ~/.local/state,
	// ~/Library/Application Support on macOS, %LocalAppData% on Windows.
	Path string `yaml:"path"`
	// Keep is how long a call is kept, such as 30d or 12h. Defaults to 30d.
	Keep Duration `yaml:"keep"`
	// Rows is how many calls are kept. Defaults to 1000000.
	Rows int `yaml:"rows" jsonschema:"minimum=1"`
	// Size is how large the file may become. Defaults to 256MiB.
	Size Size `yaml:"size"`
	// Arguments is what is kept of the arguments: preview for a SHA-256 and their
	// beginning, with what looks secret masked; hash for the SHA-256 alone; off for
	// nothing. Defaults to preview.
	Arguments string `yaml:"arguments" jsonschema:"enum=preview,enum=hash,enum=off"`
	// Redact are keys of arguments whose values are masked too, at any depth and
	// however they are written: card_holder stands for CardHolder as well. Defaults to
	// none.
	Redact []string `yaml:"redact"`

	// Off says that nothing is kept: the file has off or false for the whole.
	Off bool `yaml:"-"`
}

// Audit says where every decision on a call is written: a line of JSON for each, chained
// by hashes, which "sluice audit verify" checks.
type Audit struct {
	// Path is the first file; relative to the config file. Its directory must exist.
	// When it is full the next has a number: audit.jsonl, audit.000001.jsonl.
	Path string `yaml:"path" jsonschema:"required,minLength=1"`
	// Size is how large a file may get before the next is begun. Defaults to 64MiB.
	Size Size `yaml:"size"`
	// Keep is how many files are kept, the one in use among them. Defaults to 16.
	Keep int `yaml:"keep" jsonschema:"minimum=1"`
	// Required refuses each call whose first line cannot be written. Without it such
	// lines are dropped and counted. Defaults to false.
	Required bool `yaml:"required"`
}

// Log says what the server logs to stderr.
type Log struct {
	// Level is the least severe level that is logged. Defaults to info.
	Level string `yaml:"level" jsonschema:"enum=debug,enum=info,enum=warn,enum=error"`
	// Format is text for people or json for machines. Defaults to text.
	Format string `yaml:"format" jsonschema:"enum=text,enum=json"`
}

// Tool is a program or an HTTP endpoint that is served as a tool: it has either a command
// or http.
type Tool struct {
	// Name identifies the tool: 1 to 128 letters, digits, "_", "-" and ".".
	Name string `yaml:"name" jsonschema:"required,minLength=1"`
	// Title is a name for people.
	Title string `yaml:"title"`
	// Description tells the model what the tool does and when to use it.
	Description string `yaml:"description"`
	// Command is the program and its arguments, run without a shell. "{name}" is
	// replaced by the argument of that name and never splits into two.
	Command []string `yaml:"command" jsonschema:"minItems=1"`
	// HTTP is the endpoint that is called.
	HTTP *HTTP `yaml:"http"`
	// Input is the JSON Schema of the arguments. Defaults to one required string
	// for each placeholder.
	Input json.RawMessage `yaml:"input"`
	// Output is the JSON Schema of what the program prints or the endpoint answers,
	// which then must be JSON. Defaults to none.
	Output json.RawMessage `yaml:"output"`
	// Timeout is how long a call may run. Defaults to the engine's; off is no limit.
	Timeout OrOff[Duration] `yaml:"timeout"`
	// Adaptive has that timeout follow the time that calls take. Defaults to not.
	Adaptive *Adaptive `yaml:"adaptive"`
	// IdleTimeout is how long a call may run without a line of progress. Defaults
	// to the engine's; off is no limit.
	IdleTimeout OrOff[Duration] `yaml:"idle_timeout"`
	// Concurrency is how many calls of this tool run at once. Defaults to no limit
	// but the engine's.
	Concurrency int `yaml:"concurrency" jsonschema:"minimum=1"`
	// QueueTimeout is how long a call may wait for a slot. Defaults to the engine's; off
	// is no limit.
	QueueTimeout OrOff[Duration] `yaml:"queue_timeout"`
	// Rate is how often this tool may be called. Defaults to no limit but the engine's.
	Rate Rate `yaml:"rate"`
	// CallerRate is how often each caller may call this tool. Defaults to no limit but
	// the engine's.
	CallerRate Rate `yaml:"caller_rate"`
	// Breaker says when calls are refused for a while since the tool fails. What it does
	// not set is as the engine's.
	Breaker Breaker `yaml:"breaker"`
	// RepeatFailures is how many times one caller may send the same arguments that fail.
	// Defaults to the engine's; off is no limit.
	RepeatFailures OrOff[Count] `yaml:"repeat_failures"`
	// Cache gives results again to calls with the same arguments. Defaults to not: only
	// who knows the tool knows whether a call may go without effect.
	Cache *Reuse `yaml:"cache"`
	// Stdin is what the program reads: "{name}" for the text of one argument, json
	// for all of them as a JSON object. Defaults to nothing.
	Stdin string `yaml:"stdin"`
	// Stream turns lines of output into progress while the program runs. Lines on
	// stderr always are.
	Stream bool `yaml:"stream"`
	// Env are environment variables that are set for the program.
	Env map[string]string `yaml:"env"`
	// PassEnv are environment variables that the program inherits besides the few
	// that every program gets, such as PATH and HOME.
	PassEnv []string `yaml:"pass_env"`
	// Dir is the working directory; relative to the config file. Defaults to the
	// directory that sluice was started in.
	Dir string `yaml:"dir"`
	// AllowDash names placeholders whose values may begin with "-" at the start of an
	// argument. Defaults to none: such a value could be taken for an option.
	AllowDash []string `yaml:"allow_dash"`
	// Pattern says what the whole values of placeholders must match, by their names:
	// regular expressions in the syntax of RE2.
	Pattern map[string]string `yaml:"pattern"`
	// Sandbox is require to refuse the tool where its program cannot be contained as
	// "sluice doctor" says, and off to not contain it. Defaults to what there is.
	Sandbox string `yaml:"sandbox" jsonschema:"enum=require,enum=off"`
	// Network is none to leave the program without a network. Defaults to the server's.
	Network string `yaml:"network" jsonschema:"enum=none"`
	// Read are the files and directories that the program may read beside the system's;
	// relative to the config file. Defaults to all.
	Read []string `yaml:"read"`
	// Write are the files and directories that the program may read and write; relative
	// to the config file. Defaults to all, and to none where read is set.
	Write []string `yaml:"write"`
	// Annotations are hints on the tool's behaviour, as MCP defines them.
	Annotations *Annotations `yaml:"annotations"`
	// Limits bound what a call of this tool may use.
	Limits Limits `yaml:"limits"`

	// Line and Column are where the tool stands in the file.
	Line, Column int `yaml:"-"`
}

// Annotations are hints on a tool's behaviour; clients do not trust them.
type Annotations struct {
	// ReadOnlyHint says that the tool changes nothing. The protocol's default is
	// false.
	ReadOnlyHint *bool `yaml:"readOnlyHint"`
	// DestructiveHint says that a change may destroy something. The protocol's
	// default is true.
	DestructiveHint *bool `yaml:"destructiveHint"`
	// IdempotentHint says that calling twice does no more than calling once. The
	// protocol's default is false.
	IdempotentHint *bool `yaml:"idempotentHint"`
	// OpenWorldHint says that the tool deals with the outside world. The protocol's
	// default is true.
	OpenWorldHint *bool `yaml:"openWorldHint"`
}
