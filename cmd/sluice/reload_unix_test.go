//go:build unix

package main

import (
	"fmt"
	"net/http"
	"net/http/httptest"
	"os"
	"os/signal"
	"path/filepath"
	"strings"
	"sync"
	"syscall"
	"testing"

	"github.com/sluice-dev/sluice/tools"
	"github.com/sluice-dev/sluice/transport/websocket"
)

// rewritten replaces a file in one step.
func rewritten(t *testing.T, path, text string) {
	t.Helper()
	if err := os.WriteFile(path+".new", []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
	if err := os.Rename(path+".new", path); err != nil {
		t.Fatal(err)
	}
}

const listTools = `{"jsonrpc":"2.0","id":"list","method":"tools/list"}`

// TestServeReloads drives the program as whoever runs it does: by the file, and by SIGHUP.
func TestServeReloads(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	path, tokens := filepath.Join(dir, "sluice.yaml"), filepath.Join(dir, "token")
	config := func(tools string) string {
		return "engine: {history: off}\nauth: {tokens: [{name: a, token_file: token}]}\n" + tools
	}
	rewritten(t, tokens, "first-0123456789abcdef")
	rewritten(t, path, config("tools: [{name: one, command: [echo, one]}, {name: slow, command: [sh, -c, 'echo begun >&2; sleep 1; echo ended']}]\n"))
	s := serve(t, "--config", path)
	c := s.connect("first-0123456789abcdef")
	c.ask(call(1, "slow", object{}), "begun")

	rewritten(t, path, config("tools: [{name: two, command: [echo, two]}]\n"))
	c.ask(ping, "notifications/tools/list_changed")
	c.ask(call(2, "two", object{}), `"text":"two`)
	if answer := c.ask(listTools, `"id":"list"`); strings.Contains(answer, `"name":"one"`) || !strings.Contains(answer, `"name":"two"`) {
		t.Errorf("listed are %s", answer)
	}
	c.ask(ping, "ended")

	rewritten(t, path, config("tools:\n  - {name: three, comand: [echo]}\n"))
	s.stderr.await(t, "the config is not reloaded and the old one stays")
	if log := s.stderr.String(); !strings.Contains(log, "line=4") || !strings.Contains(log, "comand") {
		t.Errorf("the log says:\n%s", log)
	}
	c.ask(call(3, "two", object{}), `"text":"two`)

	if err := os.Remove(path); err != nil {
		t.Fatal(err)
	}
	s.stderr.await(t, "no such file")
	if err := syscall.Mkfifo(path, 0o600); err != nil {
		t.Fatal(err)
	}
	s.stderr.await(t, "it is not a regular file")
	if err := os.Remove(path); err != nil {
		t.Fatal(err)
	}
	large, err := os.Create(path)
	if err != nil {
		t.Fatal(err)
	}
	if err := large.Truncate(1 << 30); err != nil {
		t.Fatal(err)
	}
	large.Close()
	s.stderr.await(t, "more than 1024 KiB")
	c.ask(call(4, "two", object{}), `"text":"two`)

	rewritten(t, path, config("tools: [{name: four, command: [echo, four]}]\n"))
	c.ask(ping, "notifications/tools/list_changed")

	rewritten(t, tokens, "second-0123456789abcdef")
	if rest, err := c.rest(); err == nil || !strings.Contains(err.Error(), "1008") {
		t.Errorf("the connection of the old token ended with %v after %s", err, rest)
	}
	if _, err := s.dial(websocket.DialOptions{Token: "first-0123456789abcdef"}); err == nil {
		t.Error("the old token lets in")
	}
	c = s.connect("second-0123456789abcdef")
	s.signal(syscall.SIGHUP)
	c.ask(call(5, "four", object{}), `"text":"four`)
	s.signal(syscall.SIGTERM)
	s.wantExit(exitOK)
}

// TestStdioReloads checks the same of a server on stdin and stdout, and that SIGHUP alone,
// with nothing changed, is a reload and not the end.
func TestStdioReloads(t *testing.T) {
	t.Parallel()
	path := filepath.Join(t.TempDir(), "sluice.yaml")
	rewritten(t, path, "engine: {history: off}\ntools: [{name: one, command: [echo, one]}]\n")
	p := start(t, "stdio", "--config", path)
	p.send(handshake...)
	p.until(`"id":"hello"`)
	p.signal(syscall.SIGHUP)
	p.stderr.await(t, "the config is reloaded")
	rewritten(t, path, "engine: {history: off}\ntools: [{name: two, command: [echo, two]}]\n")
	p.until("notifications/tools/list_changed")
	p.send(call(1, "two", object{}))
	for line := ""; !strings.Contains(line, `"text":"two`); {
		if line = p.next(); strings.Contains(line, "list_changed") {
			t.Error("list_changed came twice")
		}
	}
	p.stdin.Close()
	if rest := p.wantExit(exitOK); len(rest) > 0 {
		t.Errorf("stdout goes on with %q", rest)
	}
}

// TestReloadMistrusts checks that a config which others may have written is not followed:
// it names programs to run.
func TestReloadMistrusts(t *testing.T) {
	t.Parallel()
	r := newReloadable(t, "engine: {history: off}\ntools: [{name: a, command: [date]}]\n")
	r.first = takeFingerprint([]string{r.path})
	r.write("engine: {history: off}\ntools: [{name: b, command: [date]}]\n")
	refuses := func(want string) {
		t.Helper()
		if _, err := r.again(); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("got %v, want %q", err, want)
		}
	}
	if err := os.Chmod(r.path, 0o606); err != nil {
		t.Fatal(err)
	}
	refuses("everybody may write it")
	if err := os.Chmod(r.path, 0o664); err != nil {
		t.Fatal(err)
	}
	if _, err := r.again(); err != nil {
		t.Error(err)
	}
	if os.Getuid() == 0 { // nobody else can give a file away
		if err := os.Chown(r.path, 12345, -1); err != nil {
			t.Fatal(err)
		}
		refuses("belongs to another user than before")
		r.first = takeFingerprint([]string{r.path})
		if _, err := r.again(); err != nil {
			t.Errorf("as it was at the start: %v", err)
		}
	}
}

// TestReloadSwapsUpstreams checks that a server that is no longer in the config is ended
// when its last call has, and that another one's tools come.
func TestReloadSwapsUpstreams(t *testing.T) {
	t.Parallel()
	with := func(name string) string {
		return fmt.Sprintf("engine: {history: off}\nupstreams: [{name: %s, prefix: %s_, command: ['%s', stdio]}]\n", name, name, binary)
	}
	r := newReloadable(t, with("a"))
	r.host.settleUpstreams(t.Context())
	if got := r.names(); got != "a_countdown a_echo" {
		t.Fatalf("served are %q", got)
	}
	old := r.host.upstreams.all()[0]
	ended := make(chan error, 1)
	begun := make(chan struct{})
	begins := sync.OnceFunc(func() { close(begun) })
	go func() {
		ended <- r.execute("a_countdown", `{"from":5,"interval_ms":200}`, func(tools.Progress) { begins() })
	}()
	<-begun
	r.mustFollow(with("b"))
	if got := r.names(); strings.Contains(got, "a_") {
		t.Errorf("served are %q", got)
	}
	r.host.settleUpstreams(t.Context())
	if got := r.names(); got != "b_countdown b_echo" {
		t.Errorf("served are %q", got)
	}
	if err := <-ended; err != nil {
		t.Errorf("the call that ran: %v", err)
	}
	r.host.upstreams.closing.Wait()
	if got := old.Status().State; got != "closed" {
		t.Errorf("the server that is gone is %s", got)
	}
}

// TestReloadKeepsCallsThatWaitForAnUpstream checks that a server which is gone from the
// config is still there for calls that were made to it and have no slot yet.
func TestReloadKeepsCallsThatWaitForAnUpstream(t *testing.T) {
	t.Parallel()
	release := make(chan struct{})
	endpoint := httptest.NewServer(http.HandlerFunc(func(http.ResponseWriter, *http.Request) { <-release }))
	defer endpoint.Close()
	letGo := sync.OnceFunc(func() { close(release) })
	defer letGo()
	inner := writeFile(t, "engine: {history: off}\ntools: [{name: slow, http: {url: '"+endpoint.URL+"'}}]\n")
	with := func(timeout string) string {
		return fmt.Sprintf("engine: {history: off, concurrency: 1, "+beating+"}\nupstreams: [{name: a, timeout: %s, command: ['%s', stdio, --config, '%s']}]\n", timeout, binary, inner)
	}
	r := newReloadable(t, with("20s"))
	r.host.settleUpstreams(t.Context())
	ended, does := make(chan error, 3), make(chan string, 3)
	for range cap(ended) {
		go func() { ended <- r.execute("slow", "", tells(does)) }()
	}
	wantOneRuns(t, does)
	r.mustFollow(with("21s"))
	letGo()
	for range cap(ended) {
		if err := <-ended; err != nil {
			t.Error(err)
		}
	}
	r.host.upstreams.closing.Wait()
}

// TestHangupWithoutConfig checks that SIGHUP ends a server that has no file to read again.
func TestHangupWithoutConfig(t *testing.T) {
	t.Parallel()
	if signal.Ignored(syscall.SIGHUP) {
		t.Skip("the program inherits what nohup has set")
	}
	s := serve(t)
	s.signal(syscall.SIGHUP)
	s.wantExit(exitOK)

	p := start(t, "stdio")
	p.send(handshake...)
	p.until(`"id":"hello"`)
	p.signal(syscall.SIGHUP)
	p.wantExit(exitOK)
}
