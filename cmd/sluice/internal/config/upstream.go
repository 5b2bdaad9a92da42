package config

import "fmt"

// Upstream is another MCP server whose tools are served: it has either a command or a url.
// It is started and connected to in the background, and again whenever it ends.
type Upstream struct {
	// Name is what the server is called in errors, logs and pins.
	Name string `yaml:"name" jsonschema:"required,minLength=1"`
	// Command is a program that speaks MCP on its stdin and stdout, and its arguments. It
	// is run without a shell.
	Command []string `yaml:"command" jsonschema:"minItems=1"`
	// URL is where a server listens for WebSocket clients, such as
	// ws://127.0.0.1:7777/mcp.
	URL string `yaml:"url"`
	// TokenEnv is the environment variable that holds the token for the url, in upper
	// case. It and token_file are read at each connection. Defaults to no token.
	TokenEnv string `yaml:"token_env"`
	// TokenFile is the file that holds the token for the url; relative to the config
	// file.
	TokenFile string `yaml:"token_file"`
	// Prefix stands before the name of each tool of the server. Defaults to none.
	Prefix string `yaml:"prefix"`
	// Env are environment variables that are set for the program.
	Env map[string]string `yaml:"env"`
	// PassEnv are environment variables that the program inherits besides the few
	// that every program gets, such as PATH and HOME.
	PassEnv []string `yaml:"pass_env"`
	// Dir is the working directory of the program; relative to the config file. Defaults
	// to the directory that sluice was started in.
	Dir string `yaml:"dir"`
	// StartTimeout is how long the server may take until it has listed its tools. Nobody
	// waits for it meanwhile. Defaults to 10s.
	StartTimeout Duration `yaml:"start_timeout"`
	// Required says that the server is not ready, as /readyz tells, while this one is not
	// connected. Defaults to false.
	Required bool `yaml:"required"`
	// Pins is a file that holds what each tool was when the server was first seen;
	// relative to the config file. A tool that is new or has changed since then is not
	// served until "sluice pin" accepts it. Defaults to none: tools may change.
	Pins string `yaml:"pins"`
	// Timeout is how long a call of each of its tools may run. Defaults to the engine's;
	// off is no limit.
	Timeout OrOff[Duration] `yaml:"timeout"`
	// IdleTimeout is how long a call may run without progress from the server. Defaults
	// to the engine's; off is no limit.
	IdleTimeout OrOff[Duration] `yaml:"idle_timeout"`
	// Concurrency is how many calls of each tool run at once. Defaults to no limit but
	// the engine's.
	Concurrency int `yaml:"concurrency" jsonschema:"minimum=1"`
	// QueueTimeout is how long a call may wait for a slot. Defaults to the engine's; off
	// is any time.
	QueueTimeout OrOff[Duration] `yaml:"queue_timeout"`
	// Rate is how often each tool may be called. Defaults to no limit but the engine's.
	Rate Rate `yaml:"rate"`
	// CallerRate is how often each caller may call each tool. Defaults to no limit but
	// the engine's.
	CallerRate Rate `yaml:"caller_rate"`
	// Breaker says when calls of a tool are refused for a while since it fails, or the
	// server is down. What it does not say is as the engine has it.
	Breaker Breaker `yaml:"breaker"`

	// InheritEnv says that the program inherits the whole environment.
	InheritEnv bool `yaml:"-"`

	// Line and Column are where the upstream stands in the file.
	Line, Column int `yaml:"-"`
}

// Secret reads the token for the url, as [Token.Secret] does. It is empty where none is
// named.
func (u Upstream) Secret() (string, error) {
	if u.TokenEnv == "" && u.TokenFile == "" {
		return "", nil
	}
	return readSecret(u.TokenEnv, u.TokenFile)
}

func (u *Upstream) resolve(in func(path *string)) {
	in(&u.TokenFile)
	in(&u.Dir)
	in(&u.Pins)
}

// Which keys of an upstream say something of a program, and which of a url.
var (
	ofPrograms = []string{"env", "pass_env", "dir"}
	ofURLs     = []string{"token_env", "token_file"}
)

func (d *decoder) checkUpstreams(upstreams []Upstream) {
	names := map[string]bool{}
	for i, u := range upstreams {
		path := fmt.Sprintf("upstreams[%d]", i)
		if names[u.Name] {
			d.problem(d.places[path+".name"], fmt.Sprintf("%s.name: the name %q is taken by one before it", path, u.Name), "")
		}
		names[u.Name] = true
		d.checkUpstream(&u, path)
	}
}

func (d *decoder) checkUpstream(u *Upstream, path string) {
	if (u.Command == nil) == (u.URL == "") {
		d.problem(d.places[path], path+" needs either command or url", "")
		return
	}
	keys, what := ofURLs, "a url, and this server is a program"
	if u.Command == nil {
		keys, what = ofPrograms, "programs, and this server has a url"
	}
	for _, key := range keys {
		if at, written := d.places[path+"."+key]; written {
			d.problem(at, fmt.Sprintf("%s.%s is for %s", path, key, what), "")
		}
	}
	if u.TokenEnv != "" || u.TokenFile != "" {
		d.checkSecret(u.TokenEnv, u.TokenFile, path)
	}
}
