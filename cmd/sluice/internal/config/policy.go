package config

// Breaker says when calls of a tool are refused for a while since it fails, to let it
// recover and its callers know at once. What counts are timeouts, panics, programs that
// cannot be started and output that breaks its schema; not what a tool itself calls an
// error. Off lets all calls through.
type Breaker struct {
	// Failures is how many failures in a row it takes. Defaults to 10; off counts none.
	Failures OrOff[Count] `yaml:"failures"`
	// Share is which share of the calls within window has to fail, as in 0.5. Defaults
	// to one half; off counts none.
	Share OrOff[Share] `yaml:"share"`
	// Window is for how long calls count towards share. Defaults to 30s.
	Window Duration `yaml:"window"`
	// MinCalls is how many calls there have to be within window. Defaults to 20.
	MinCalls int `yaml:"min_calls" jsonschema:"minimum=1"`
	// Open is for how long calls are refused at first; then a few go through, to see.
	// It doubles each time that the tool soon fails again. Defaults to 5s.
	Open Duration `yaml:"open"`
	// MaxOpen is for how long calls are refused at most. Defaults to 5m.
	MaxOpen Duration `yaml:"max_open"`
	// CountToolErrors has what a tool itself calls an error count too, such as a
	// program's exit code. Defaults to false.
	CountToolErrors bool `yaml:"count_tool_errors"`

	// Off says that the file has off for the whole.
	Off bool `yaml:"-"`
}

// Cache bounds what is kept of the results of the tools that have a cache; those used
// least recently go first. Off keeps none, so that identical calls at the same time share
// one run and no more.
type Cache struct {
	// Entries is how many results are kept. Defaults to 10000.
	Entries int `yaml:"entries" jsonschema:"minimum=1"`
	// Bytes is how much they may take. Defaults to 32MiB.
	Bytes Size `yaml:"bytes"`

	// Off says that the file has off for the whole.
	Off bool `yaml:"-"`
}

// Reuse says that calls of a tool with the same arguments have the same result for a
// while, and no effect that must happen again. Identical calls at the same time share one
// run. Errors, and results that were cut, are not kept.
type Reuse struct {
	// TTL is how long a result is kept. Defaults to 1m; off keeps none, so that calls
	// share runs only.
	TTL OrOff[Duration] `yaml:"ttl"`
	// Shared gives a result to all callers. Defaults to false: each has its own.
	Shared bool `yaml:"shared"`
}

// Adaptive has the timeout of a tool follow the time that its calls take: factor times
// what 99 in 100 of the recent ones that succeeded kept to. It is the ordinary timeout
// until 32 have, doubles when a call runs into it, and comes down again.
type Adaptive struct {
	// Factor is how many times the usual a call may take. Defaults to 3.
	Factor float64 `yaml:"factor" jsonschema:"minimum=1"`
	// Floor is the least that the timeout becomes. Defaults to 1s; off is none.
	Floor OrOff[Duration] `yaml:"floor"`
	// Ceiling is the most that the timeout becomes. Defaults to the ordinary timeout.
	Ceiling Duration `yaml:"ceiling"`
}

// Limits bound what a call of a tool may use.
type Limits struct {
	// Output is how much a program may print to stdout before it is ended, and how much
	// of an endpoint's answer is read. Defaults to 1MiB.
	Output Size `yaml:"output"`
	// Result is how large a result may be. Defaults to the engine's; off is no limit.
	Result OrOff[Size] `yaml:"result"`
	// Truncate cuts the text of a result that is larger, with a mark that says how much
	// is missing. Defaults to false: the call fails.
	Truncate bool `yaml:"truncate"`
	// CPU is how much processor time a program may use, with all that it starts. Defaults
	// to no limit.
	CPU Duration `yaml:"cpu"`
	// CPUs is how many processors a program may keep busy, such as 0.5; it takes a cgroup.
	// Defaults to no limit.
	CPUs float64 `yaml:"cpus" jsonschema:"minimum=0"`
	// Memory is how much memory a program may have resident, with all that it starts.
	// Defaults to no limit.
	Memory Size `yaml:"memory"`
	// AddressSpace is how much memory each process may map; many need 4GiB and more.
	// Defaults to no limit.
	AddressSpace Size `yaml:"address_space"`
	// Processes is how many processes and threads there may be. Defaults to 1024; off is
	// no limit.
	Processes OrOff[Count] `yaml:"processes"`
	// Files is how many files each process may have open. Defaults to the system's limit.
	Files int `yaml:"files" jsonschema:"minimum=1"`
	// FileSize is how large a file may become that a program writes. Defaults to no limit.
	FileSize Size `yaml:"file_size"`
}
