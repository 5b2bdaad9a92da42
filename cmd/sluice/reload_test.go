package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"reflect"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/sluice-dev/sluice/cmd/sluice/internal/config"
	"github.com/sluice-dev/sluice/cmd/sluice/internal/journal"
	"github.com/sluice-dev/sluice/executor"
	"github.com/sluice-dev/sluice/tools"
)

// A reloadable is a host over a config file that a test changes.
type reloadable struct {
	*reloader
	t    *testing.T
	path string
	log  *record
}

// newReloadable serves a config over nothing but the engine.
func newReloadable(t *testing.T, yaml string) *reloadable {
	t.Helper()
	r := &reloadable{t: t, path: filepath.Join(t.TempDir(), "sluice.yaml"), log: newRecord()}
	r.write(yaml)
	logger := slog.New(slog.NewTextHandler(r.log, nil))
	logs := journal.New(io.Discard, slog.LevelInfo, false)
	t.Cleanup(logs.Close)
	from := source{r.path, nil, func() (*config.Config, error) { return loadConfig(r.path) }}
	cfg, err := from.load()
	if err != nil {
		t.Fatal(err)
	}
	h, err := newHost(cfg, logger)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { h.await(context.Background(), slog.New(slog.DiscardHandler)) })
	r.reloader = &reloader{source: from, logs: logs, log: logger}
	r.serving(cfg, h, nil)
	return r
}

// write replaces the file in one step.
func (r *reloadable) write(yaml string) {
	r.t.Helper()
	if err := os.WriteFile(r.path+".new", []byte(yaml), 0o600); err != nil {
		r.t.Fatal(err)
	}
	if err := os.Rename(r.path+".new", r.path); err != nil {
		r.t.Fatal(err)
	}
}

// follow writes the file and reloads it.
func (r *reloadable) follow(yaml string) error {
	r.t.Helper()
	r.write(yaml)
	next, err := r.again()
	if err != nil {
		return err
	}
	return r.apply(next)
}

func (r *reloadable) mustFollow(yaml string) {
	r.t.Helper()
	if err := r.follow(yaml); err != nil {
		r.t.Fatal(err)
	}
}

// names are those of the tools that are served.
func (r *reloadable) names() string {
	var names []string
	for entry := range r.host.registry.Snapshot().All() {
		names = append(names, entry.Name)
	}
	return strings.Join(names, " ")
}

// list is a config of tools that are endpoints at url.
func list(url string, names ...string) string {
	var b strings.Builder
	b.WriteString("engine: {history: off}\ntools:\n")
	for _, name := range names {
		fmt.Fprintf(&b, "  - {name: %s, http: {url: '%s/%s'}}\n", name, url, name)
	}
	return b.String()
}

// named answers each request with its path.
func named(t *testing.T) (url string) {
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		fmt.Fprint(w, r.URL.Path[1:])
	}))
	t.Cleanup(server.Close)
	return server.URL
}

func TestReloadSwapsTools(t *testing.T) {
	t.Parallel()
	r := newReloadable(t, list("http://127.0.0.1:1", "a", "b", "c"))
	told := 0
	r.host.registry.Subscribe(func() { told++ })
	before := r.host.registry.Snapshot()
	r.mustFollow(list("http://127.0.0.1:1", "c", "b", "d") + "  - {name: e, command: [date]}\n")
	if got := r.names(); got != "b c d e" || told != 1 {
		t.Errorf("served are %q; told %d times", got, told)
	}
	for name, same := range map[string]bool{"b": true, "c": true} {
		old, _ := before.Lookup(name)
		now, _ := r.host.registry.Snapshot().Lookup(name)
		if (old == now) != same {
			t.Errorf("%s: the same: %v", name, !same)
		}
	}
	r.mustFollow(strings.Replace(list("http://127.0.0.1:1", "c", "b", "d"), "name: b,", "name: b, timeout: 3s,", 1))
	b, _ := r.host.registry.Snapshot().Lookup("b")
	if got := r.names(); got != "b c d" || told != 2 || b.Limits.Timeout != 3*time.Second {
		t.Errorf("served are %q; told %d times; the timeout is %v", got, told, b.Limits.Timeout)
	}
	r.mustFollow(strings.Replace(list("http://127.0.0.1:1", "b", "c", "d"), "name: b,", "name: b, timeout: 3s,", 1))
	if told != 2 {
		t.Errorf("told %d times where nothing but the order has changed", told)
	}
}

// TestReloadRefuses checks that a bad file changes nothing and is told with its line.
func TestReloadRefuses(t *testing.T) {
	t.Parallel()
	good := list("http://127.0.0.1:1", "a", "b")
	r := newReloadable(t, good)
	before := r.host.registry.Snapshot()
	for name, test := range map[string]struct {
		yaml, want string
		line       int
	}{
		"not YAML":    {"tools: [", "sluice.yaml:1", 1},
		"unknown key": {good + "  - {name: c, command: [date], tiemout: 3s}\n", "unknown key", 5},
		"cut":         {good[:len(good)-8], "sluice.yaml:4", 4},
		"bad schema":  {good + "  - {name: c, command: [date], input: {type: object, properties: 5}}\n", "input schema", 5},
		"bad URL":     {good + "  - {name: c, http: {url: 'ftp://x'}}\n", "sluice.yaml:5", 5},
		"bad server":  {good + "upstreams:\n  - {name: s, command: [''], prefix: a}\n", "sluice.yaml:6", 6},
		"empty":       {"", "is empty", 0},
		"too long":    {strings.Repeat("#", 2<<20), "more than 1024 KiB", 0},
		"bomb": {"a: &a [x,x,x,x,x,x,x,x,x]\nb: &b [*a,*a,*a,*a,*a,*a,*a,*a]\nc: &c [*b,*b,*b,*b,*b,*b,*b]\n",
			"sluice.yaml:1", 1},
	} {
		err := r.follow(test.yaml)
		if err == nil || !strings.Contains(err.Error(), test.want) {
			t.Errorf("%s: got %v, want %q", name, err, test.want)
			continue
		}
		if invalid, ok := errors.AsType[*config.Error](err); test.line > 0 && (!ok || invalid.Problems[0].Line != test.line) {
			t.Errorf("%s: it is not told of line %d: %v", name, test.line, err)
		}
	}
	if r.host.registry.Snapshot() != before {
		t.Error("the tools have changed")
	}
	r.mustFollow(list("http://127.0.0.1:1", "z"))
	if got := r.names(); got != "z" {
		t.Errorf("served are %q", got)
	}
}

// TestReloadKeepsWhatIsLeftOut checks that a tool which the start has left out does not
// stand in the way of others.
func TestReloadKeepsWhatIsLeftOut(t *testing.T) {
	t.Parallel()
	broken := "  - {name: x, command: [date], input: {type: object, properties: 5}}\n"
	r := newReloadable(t, list("http://127.0.0.1:1", "a")+broken)
	r.mustFollow(list("http://127.0.0.1:1", "b") + broken)
	if got := r.names(); got != "b" {
		t.Errorf("served are %q", got)
	}
	r.mustFollow(list("http://127.0.0.1:1", "b", "x"))
	if got := r.names(); got != "b x" {
		t.Errorf("served are %q", got)
	}
}

// TestReloadLeavesRunningCalls checks that a call ends on the tool that it was made to,
// though that was removed, and that one which waits has the new slots.
func TestReloadLeavesRunningCalls(t *testing.T) {
	t.Parallel()
	arrived, release := make(chan string, 10), make(chan struct{})
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		arrived <- r.URL.Path
		<-release
		fmt.Fprint(w, r.URL.Path)
	}))
	defer server.Close()
	letGo := sync.OnceFunc(func() { close(release) })
	defer letGo()
	one := strings.Replace(list(server.URL, "a"), "engine: {", "engine: {concurrency: 1, "+beating+", ", 1)
	r := newReloadable(t, one)
	answers, does := make(chan string, 3), make(chan string, 3)
	for range 3 {
		go func() {
			result, err := r.host.engine.Execute(t.Context(), &executor.Request{Tool: "a", OnProgress: tells(does)})
			if err != nil {
				answers <- err.Error()
				return
			}
			answers <- result.Content[0].(tools.Text).Text
		}()
	}
	<-arrived
	wantOneRuns(t, does)
	r.mustFollow(strings.Replace(list(server.URL, "b"), "engine: {", "engine: {concurrency: 3, ", 1))
	<-arrived
	<-arrived // none of them has ended
	if _, err := r.host.engine.Execute(t.Context(), &executor.Request{Tool: "a"}); !errors.Is(err, executor.ErrUnknownTool) {
		t.Errorf("the tool that is gone: %v", err)
	}
	letGo()
	for range 3 {
		if got := <-answers; got != "/a" {
			t.Errorf("got %q", got)
		}
	}
}

// TestReloadSaysWhatItCannot checks that no key is passed over in silence: each that
// has no effect before the next start is named.
func TestReloadSaysWhatItCannot(t *testing.T) {
	t.Parallel()
	r := newReloadable(t, "engine: {history: off}\n")
	r.mustFollow("name: other\nlog: {format: json}\nengine: {concurrency: 3, timeout: 7s, history: {rows: 7}, breaker: off}\n" +
		"listen: {address: '127.0.0.1:1', origins: ['https://a.example']}\n")
	for _, key := range []string{"name", "log.format", "engine.history"} {
		if !strings.Contains(r.log.String(), "next start only\" key="+key+"\n") {
			t.Errorf("%s is not named in:\n%s", key, r.log)
		}
	}
	for _, key := range []string{"concurrency", "timeout", "breaker", "listen", "log.level"} {
		if strings.Contains(r.log.String(), key) {
			t.Errorf("%s is named in:\n%s", key, r.log)
		}
	}
}

// TestReloadRequired checks that an upstream becomes one that must be connected, and no
// longer is, without a new connection.
func TestReloadRequired(t *testing.T) {
	t.Parallel()
	const yaml = "engine: {history: off}\nupstreams: [{name: files, command: [/does/not/exist]%s}]\n"
	r := newReloadable(t, fmt.Sprintf(yaml, ""))
	before := r.host.upstreams.all()[0]
	for keys, want := range map[string]bool{", required: true": true, "": false} {
		r.mustFollow(fmt.Sprintf(yaml, keys))
		if now := r.host.upstreams.all(); len(now) != 1 || now[0] != before || r.host.upstreams.required()["files"] != want {
			t.Errorf("%q: required: %v, the same: %v", keys, r.host.upstreams.required(), now[0] == before)
		}
	}
}

// TestReloadLogLevel checks that the level follows the file, and that one which was set
// meanwhile stays until the file has another.
func TestReloadLogLevel(t *testing.T) {
	t.Parallel()
	r := newReloadable(t, "engine: {history: off}\n")
	for _, step := range []struct {
		set, follow string
		want        slog.Level
	}{
		{"", "engine: {history: off}\nlog: {level: debug}\n", slog.LevelDebug},
		{"error", "engine: {history: off, concurrency: 3}\nlog: {level: debug}\n", slog.LevelError},
		{"", "engine: {history: off}\nlog: {level: warn}\n", slog.LevelWarn},
	} {
		if step.set != "" {
			r.logs.SetLevel(slog.LevelError)
		}
		r.mustFollow(step.follow)
		if got := r.logs.Level(); got != step.want {
			t.Errorf("the level is %v, want %v", got, step.want)
		}
	}
}

// TestReloadAdjustsTheEngine checks that limits of the engine hold for the calls that come
// after the change, and those from before keep theirs.
func TestReloadAdjustsTheEngine(t *testing.T) {
	t.Parallel()
	arrived, release := make(chan struct{}, 10), make(chan struct{})
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		arrived <- struct{}{}
		select {
		case <-release:
			fmt.Fprint(w, "0123456789")
		case <-r.Context().Done():
		}
	}))
	defer server.Close()
	yaml := func(engine string) string {
		return strings.Replace(list(server.URL, "a"), "engine: {", "engine: {"+engine, 1)
	}
	r := newReloadable(t, yaml("idle_timeout: 1m, "))
	call := func() <-chan error {
		done := make(chan error, 1)
		go func() { done <- r.execute("a", "", nil) }()
		return done
	}
	before := call()
	<-arrived
	r.mustFollow(yaml("idle_timeout: 50ms, result: 9B, "))
	if err := <-call(); !errors.Is(err, executor.ErrIdleTimeout) {
		t.Errorf("a call after the change: %v", err)
	}
	close(release)
	if err := <-before; err != nil {
		t.Errorf("a call from before it: %v", err)
	}
	if err := <-call(); !errors.Is(err, executor.ErrResultTooLarge) {
		t.Errorf("a call with a large result: %v", err)
	}
	r.mustFollow(yaml("rate: 1/h, "))
	if err := errors.Join(<-call(), <-call()); !errors.Is(err, executor.ErrRateLimited) {
		t.Errorf("a call too many: %v", err)
	}
}

// TestLiveKeysAreKeys checks that each key which takes effect at once is one of the config.
func TestLiveKeysAreKeys(t *testing.T) {
	t.Parallel()
	known := map[string]bool{}
	root := reflect.TypeFor[config.Config]()
	for section := range root.Fields() {
		known[keyOf(section)] = true
		if section.Type.Kind() == reflect.Struct {
			for key := range section.Type.Fields() {
				known[keyOf(section)+"."+keyOf(key)] = true
			}
		}
	}
	for key := range live {
		if !known[key] {
			t.Errorf("there is no key %s", key)
		}
	}
}

// execute calls a tool, and closes begun, where there is one, at its first sign of progress.
func (r *reloadable) execute(tool, arguments string, onProgress func(tools.Progress)) error {
	result, err := r.host.engine.Execute(r.t.Context(), &executor.Request{
		Tool: tool, Arguments: []byte(arguments), OnProgress: onProgress,
	})
	if err == nil && result.IsError {
		err = fmt.Errorf("%v", result.Content)
	}
	return err
}
