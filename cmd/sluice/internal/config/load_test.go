package config

import (
	"fmt"
	"os"
	"path/filepath"
	"reflect"
	"strings"
	"testing"
	"time"
)

func write(t *testing.T, name, text string) string {
	t.Helper()
	path := filepath.Join(t.TempDir(), name)
	if err := os.WriteFile(path, []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
	return path
}

func TestLoadFillsEveryField(t *testing.T) {
	t.Parallel()
	c, err := Load(filepath.Join(examplesDir, "full.yaml"))
	if err != nil {
		t.Fatal(err)
	}
	dir, err := filepath.Abs(examplesDir)
	if err != nil {
		t.Fatal(err)
	}
	if c.Drain != Duration(20*time.Second) {
		t.Errorf("drain: got %v", c.Drain)
	}
	if want := (Listen{
		Address: "127.0.0.1:7777", Admin: "127.0.0.1:7778",
		Origins: []string{"https://shop.example", "http://localhost:*"}, Hosts: []string{"tools.shop.example"},
		TLS: &TLS{
			CertFile: filepath.Join(dir, "secrets", "shop.pem"), KeyFile: filepath.Join(dir, "secrets", "shop.key"),
			ClientCAFile: filepath.Join(dir, "secrets", "clients.pem"), ClientCert: "optional",
		},
		Also: []Listener{
			{Address: "unix:" + filepath.Join(dir, "sluice.sock")},
			{Address: "127.0.0.1:7780", TLS: &TLS{CertFile: filepath.Join(dir, "secrets", "shop.pem"), KeyFile: filepath.Join(dir, "secrets", "shop.key")}},
		},
		Proxies: []string{"10.0.0.0/8"}, ProxyHeader: "X-Forwarded-For",
		MaxConnections: 5000, MaxPerCaller: 1000, MaxPerAddress: 500,
		HeaderTimeout: Duration(5 * time.Second), HandshakeTimeout: Duration(10 * time.Second), IdleTimeout: Duration(time.Minute),
		PingInterval: Duration(20 * time.Second), MaxMessage: 4 << 20,
	}); !reflect.DeepEqual(c.Listen, want) {
		t.Errorf("listen: got %+v", c.Listen)
	}
	if want := (Engine{
		Concurrency: 64, Queue: OrOff[Count]{1024}, QueueBytes: OrOff[Size]{64 << 20}, InFlightBytes: OrOff[Size]{128 << 20}, QueueTimeout: lasts(time.Minute),
		Rate: Rate{Count: 500, Per: time.Second, Burst: 500}, CallerRate: Rate{Count: 50, Per: time.Second, Burst: 100},
		RateWait: Duration(2 * time.Second),
		Breaker: Breaker{
			Failures: OrOff[Count]{10}, Share: OrOff[Share]{0.5}, Window: Duration(30 * time.Second), MinCalls: 20,
			Open: Duration(5 * time.Second), MaxOpen: Duration(5 * time.Minute),
		},
		RepeatFailures: OrOff[Count]{5}, Timeout: lasts(30 * time.Second), IdleTimeout: Duration(20 * time.Second),
		Heartbeat: lasts(15 * time.Second), Result: OrOff[Size]{2 << 20}, Cache: Cache{Entries: 10000, Bytes: 32 << 20},
		History: History{
			Path: filepath.Join(dir, "sluice.db"), Keep: Duration(30 * 24 * time.Hour), Rows: 1_000_000, Size: 256 << 20,
			Arguments: "preview", Redact: []string{"card_holder"},
		},
		Audit: Audit{Path: c.Engine.Audit.Path, Size: 64 << 20, Keep: 16},
	}); !reflect.DeepEqual(c.Engine, want) {
		t.Errorf("engine: got %+v", c.Engine)
	}
	if want := filepath.Join(dir, "secrets", "support.token"); c.Auth.Tokens[2].TokenFile != want {
		t.Errorf("token_file: got %s, want %s", c.Auth.Tokens[2].TokenFile, want)
	}
	if got, want := c.Tools[0], (Tool{
		Timeout: lasts(10 * time.Second), IdleTimeout: lasts(5 * time.Second), QueueTimeout: lasts(20 * time.Second),
		Rate: Rate{Count: 10, Per: time.Second, Burst: 10}, CallerRate: Rate{Count: 2, Per: time.Second, Burst: 5},
		Cache: &Reuse{TTL: lasts(time.Minute), Shared: true}, Limits: Limits{Output: 64 << 10, Result: OrOff[Size]{16 << 10}, Truncate: true},
	}); got.Timeout != want.Timeout || got.IdleTimeout != want.IdleTimeout || got.QueueTimeout != want.QueueTimeout || got.Rate != want.Rate ||
		got.CallerRate != want.CallerRate || *got.Cache != *want.Cache || got.Limits != want.Limits {
		t.Errorf("word_count: got %+v", got)
	}
	if got, want := c.Tools[1].Adaptive, (&Adaptive{Factor: 3, Floor: lasts(500 * time.Millisecond), Ceiling: Duration(time.Minute)}); *got != *want {
		t.Errorf("adaptive: got %+v", got)
	}
	if got := c.Tools[3]; got.IdleTimeout.Value != -1 || got.RepeatFailures.Value != -1 || !got.Breaker.CountToolErrors {
		t.Errorf("build: got %+v", got)
	}
	if got := c.Tools[3]; got.Dir != dir || !got.Stream || !reflect.DeepEqual(got.PassEnv, []string{"GOFLAGS"}) {
		t.Errorf("build: got %+v", got)
	}
	if got := c.Tools[0]; got.Limits.Output != 64<<10 || got.Concurrency != 4 || !*got.Annotations.ReadOnlyHint || *got.Annotations.DestructiveHint {
		t.Errorf("word_count: got %+v", got)
	}
	if got := c.Tools[1]; got.Stdin != "{text}" || got.Env["LC_ALL"] != "C" {
		t.Errorf("sort_lines: got %+v", got)
	}
	if got := c.Tools[4].HTTP; *got.Redirects != 0 || *got.Retries != 3 || got.Query["fields"] != "{fields}" || got.Auth[0].TokenEnv != "ORDERS_TOKEN" {
		t.Errorf("order_status: got %+v", got)
	}
	if got := c.Tools[5].HTTP; got.CAFile != filepath.Join(dir, "..", "ca.pem") || got.Auth[0].TokenFile != filepath.Join(dir, "secrets", "orders.login") {
		t.Errorf("add_note: got %+v", got)
	}
}

func lasts(d time.Duration) OrOff[Duration] { return OrOff[Duration]{Duration(d)} }

// TestOff checks what off may stand for, and that the schema says the same.
func TestOff(t *testing.T) {
	t.Parallel()
	published := compiledSchema(t)
	for key, off := range map[string]func(*Config) bool{
		"engine: {queue: %s}":            func(c *Config) bool { return c.Engine.Queue.Value == -1 },
		"engine: {queue_bytes: %s}":      func(c *Config) bool { return c.Engine.QueueBytes.Value == -1 },
		"engine: {in_flight_bytes: %s}":  func(c *Config) bool { return c.Engine.InFlightBytes.Value == -1 },
		"engine: {timeout: %s}":          func(c *Config) bool { return c.Engine.Timeout.Value == -1 },
		"engine: {breaker: %s}":          func(c *Config) bool { return c.Engine.Breaker.Off },
		"engine: {breaker: {share: %s}}": func(c *Config) bool { return c.Engine.Breaker.Share.Value == -1 },
		"engine: {cache: %s}":            func(c *Config) bool { return c.Engine.Cache.Off },
		"engine: {concurrency: %s}":      nil, "engine: {rate: %s}": nil, "engine: {idle_timeout: %s}": nil,
		"tools: [{name: a, command: [x], cache: %s}]": nil,
	} {
		for _, word := range []string{"off", "'off'", "false", "on", "true", "no", "Off"} {
			source := []byte(fmt.Sprintf(key, word))
			c, err := Parse("c.yaml", source)
			if want := off != nil && (word == "false" || strings.Contains(word, "off")); (err == nil) != want || want && !off(c) {
				t.Errorf("%s: got %+v, %v", source, c, err)
			}
			if (published.Validate(valueOf(t, source)) == nil) != (err == nil) {
				t.Errorf("the schema says otherwise of %s", source)
			}
		}
	}
}

func TestMergeKeysShareAndGiveWay(t *testing.T) {
	t.Parallel()
	c, err := Load(filepath.Join(examplesDir, "anchors.yaml"))
	if err != nil {
		t.Fatal(err)
	}
	head, tail := c.Tools[0], c.Tools[1]
	if tail.Name != "tail" || tail.Command[0] != "tail" {
		t.Errorf("what is written must win over what is merged: %+v", tail)
	}
	if tail.Timeout != head.Timeout || string(tail.Input) != string(head.Input) {
		t.Errorf("what is not written must be merged: %+v", tail)
	}
}

func TestDefaults(t *testing.T) {
	t.Parallel()
	c, err := Parse("c.yaml", []byte("tools: []"))
	if err != nil {
		t.Fatal(err)
	}
	for _, c := range []*Config{c, Starter()} {
		if c.Name != "sluice" || c.Listen.Address != "127.0.0.1:7777" || c.Log != (Log{Level: "info", Format: "text"}) {
			t.Errorf("got %+v", c)
		}
	}
	if c.Starter || !Starter().Starter {
		t.Error("only the starter config has the built-in tools")
	}
}

func TestHistoryIsSwitchedOff(t *testing.T) {
	t.Parallel()
	published := compiledSchema(t)
	for source, want := range map[string]bool{
		"engine: {history: off}": true, "engine: {history: 'off'}": true, "engine: {history: false}": true,
		"engine: {history: {}}": false, "engine: {}": false, "engine: {history: {path: off}}": false,
	} {
		c, err := Parse("c.yaml", []byte(source))
		if err != nil || c.Engine.History.Off != want {
			t.Errorf("%s: got %+v, %v", source, c, err)
		}
		if err := published.Validate(valueOf(t, []byte(source))); err != nil {
			t.Errorf("the schema refuses %s: %v", source, err)
		}
	}
}

func TestDays(t *testing.T) {
	t.Parallel()
	for source, want := range map[string]time.Duration{
		"30d": 720 * time.Hour, "1d12h": 36 * time.Hour, "0.5d": 12 * time.Hour, "1m30s": 90 * time.Second, "250ms": 250 * time.Millisecond,
		"106752d": 0, "9999999999d": 0, "106751d24h": 0, "d": 0, "1D": 0, "0d": 0,
	} {
		var d Duration
		if err := d.UnmarshalText([]byte(source)); time.Duration(d) != want || (err == nil) != (want > 0) {
			t.Errorf("%s: got %v, %v", source, time.Duration(d), err)
		}
	}
}

func TestLoadWithoutFile(t *testing.T) {
	t.Parallel()
	if _, err := Load(filepath.Join(t.TempDir(), "none.yaml")); !os.IsNotExist(err) {
		t.Errorf("got %v", err)
	}
}

func TestSecret(t *testing.T) {
	const canary = "canary-7f3a-0123456789"
	t.Setenv("SLUICE_TEST_TOKEN", " "+canary+"\n")
	t.Setenv("SLUICE_TEST_BLANK", " ")
	file := write(t, "token", canary+"\r\n")
	for _, test := range []struct {
		name  string
		token Token
		want  string // of the error; empty where the secret is to be had
	}{
		{"environment", Token{Name: "a", TokenEnv: "SLUICE_TEST_TOKEN"}, ""},
		{"file", Token{Name: "a", TokenFile: file}, ""},
		{"no variable", Token{Name: "a", TokenEnv: "SLUICE_TEST_NONE"}, `token "a": the environment variable SLUICE_TEST_NONE is not set`},
		{"blank variable", Token{Name: "a", TokenEnv: "SLUICE_TEST_BLANK"}, `token "a": the environment variable SLUICE_TEST_BLANK is not set`},
		{"no file", Token{Name: "a", TokenFile: file + "x"}, `token "a": open ` + file + "x:"},
		{"blank file", Token{Name: "a", TokenFile: write(t, "blank", "\n")}, "is empty"},
		{"long file", Token{Name: "a", TokenFile: write(t, "long", strings.Repeat(canary, 1000))}, "it is no token file"},
	} {
		t.Run(test.name, func(t *testing.T) {
			secret, err := test.token.Secret()
			if test.want == "" {
				if secret != canary || err != nil {
					t.Errorf("got %q, %v", secret, err)
				}
				return
			}
			if err == nil || !strings.Contains(err.Error(), test.want) || strings.Contains(err.Error(), "canary") {
				t.Errorf("got %v, want %q in it", err, test.want)
			}
		})
	}
}

func TestSuggest(t *testing.T) {
	t.Parallel()
	known := []string{"timeout", "idle_timeout", "name", "readOnlyHint"}
	for key, want := range map[string]string{
		"tiemout":        `did you mean "timeout"?`,
		"idleTimeout":    `did you mean "idle_timeout"?`,
		"nmae":           `did you mean "name"?`,
		"read_only_hint": `did you mean "readOnlyHint"?`,
		"zzzzzz":         "known keys: timeout, idle_timeout, name, readOnlyHint",

		strings.Repeat("timeout", 1000): "known keys: timeout, idle_timeout, name, readOnlyHint",
	} {
		if got := suggest(key, known); got != want {
			t.Errorf("%.20s: got %s", key, got)
		}
	}
}
