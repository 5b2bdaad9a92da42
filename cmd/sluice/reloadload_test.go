package main

import (
	"context"
	"fmt"
	"math/rand/v2"
	"net/http/httptest"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"sync/atomic"
	"testing"

	"github.com/sluice-dev/sluice/transport/websocket"
)

// newReloadableService serves a config to WebSocket clients too, at url.
func newReloadableService(t *testing.T, yaml string) (r *reloadable, url string) {
	t.Helper()
	r = newReloadable(t, yaml)
	keys, err := readKeys(r.served)
	if err != nil {
		t.Fatal(err)
	}
	s, err := newService(r.host, r.served, keys, r.reloader.log)
	if err != nil {
		t.Fatal(err)
	}
	r.serving(r.served, r.host, s)
	server := httptest.NewUnstartedServer(nil)
	server.Config = websocket.NewServer(s.accept)
	server.Start()
	t.Cleanup(func() {
		server.Close()
		_ = s.accept.Shutdown(context.Background())
	})
	return r, "ws" + strings.TrimPrefix(server.URL, "http") + "/mcp"
}

// dialURL connects as a legacy client.
func dialURL(t *testing.T, url, token string) (*client, error) {
	stream, err := websocket.Dial(t.Context(), url, websocket.DialOptions{Token: token})
	if err != nil {
		return nil, err
	}
	t.Cleanup(func() { stream.Close(1000, "") })
	for _, m := range handshake {
		if err := stream.Write(t.Context(), []byte(m)); err != nil {
			return nil, err
		}
	}
	return &client{t: t, ctx: context.Background(), stream: stream}, nil
}

// secretFile writes a token and returns where.
func secretFile(t *testing.T, token string) string {
	path := filepath.Join(t.TempDir(), "token")
	if err := os.WriteFile(path, []byte(token), 0o600); err != nil {
		t.Fatal(err)
	}
	return path
}

// TestReloadUnderLoad reloads again and again, to whatever config, while calls are made
// over WebSocket. None is lost: those of tools that stay succeed, and those of tools that
// come and go, of another server's too, succeed or are told that there is no such tool.
func TestReloadUnderLoad(t *testing.T) {
	t.Parallel()
	const token = "load-0123456789abcdef"
	reloads := 200
	if testing.Short() {
		reloads = 40
	}
	endpoint, file := named(t), secretFile(t, token)
	next := func() string { return randomConfig(endpoint, file) }
	r, url := newReloadableService(t, next())
	var calls [3]atomic.Int64          // of tools that stay, of those that may go, and of the server's
	answered := make(chan struct{}, 1) // has a value after that
	tell := func() {
		select {
		case answered <- struct{}{}:
		default:
		}
	}
	ctx, stop := context.WithCancel(t.Context())
	defer stop()
	var callers sync.WaitGroup
	for worker := range 16 {
		c, err := dialURL(t, url, token)
		if err != nil {
			t.Fatal(err)
		}
		callers.Go(func() {
			defer tell()
			for id := 1; ctx.Err() == nil; id++ {
				kind := rand.N(len(calls))
				tool := [...]string{"t0", fmt.Sprintf("t%d", 1+rand.N(5)), "u_echo"}[kind]
				arguments := object{}
				if tool == "u_echo" {
					arguments["text"] = tool
				}
				answer := c.ask(call(id, tool, arguments), fmt.Sprintf(`"id":%d,`, id))
				switch good := strings.Contains(answer, `"text":"`+tool+`"`) && !strings.Contains(answer, `"isError":true`); {
				case good:
					calls[kind].Add(1)
				case tool == "t0" || tool == "t1" || !strings.Contains(answer, "There is no tool named"):
					t.Errorf("caller %d: %s: %s", worker, tool, answer)
					return
				}
				tell()
			}
		})
	}
	good := 0
	for i := range reloads {
		for enough := calls[0].Load() + 5; calls[0].Load() < enough && !t.Failed(); { // the load goes on
			<-answered
		}
		yaml, bad := next(), rand.N(5) == 0
		if bad {
			yaml = yaml[:len(yaml)-rand.N(20)-2] + "{"
		}
		if err := r.follow(yaml); (err != nil) != bad {
			t.Errorf("reload %d: %v\n%s", i, err, yaml)
		} else if err == nil {
			good++
		}
	}
	last := next()
	for !strings.Contains(last, "upstreams:") {
		last = next()
	}
	r.mustFollow(last)
	for calls[2].Load() == 0 && !t.Failed() { // it has had no time to start, perhaps
		<-answered
	}
	stop()
	callers.Wait()
	t.Logf("%d of %d reloads were good; calls that succeeded: %d, %d and %d", good, reloads, calls[0].Load(), calls[1].Load(), calls[2].Load())
	for kind := range calls {
		if calls[kind].Load() == 0 {
			t.Errorf("no call of kind %d has succeeded", kind)
		}
	}
}

// staying is how many tools each random config has.
const staying = 2

// randomConfig has t0, t1 and some of t2 to t5, with any slots and limits, and often a
// server's.
func randomConfig(endpoint, tokenFile string) string {
	var b strings.Builder
	fmt.Fprintf(&b, "auth: {tokens: [{name: load, token_file: '%s'}]}\n", tokenFile)
	fmt.Fprintf(&b, "listen: {origins: ['https://o%d.example'], hosts: [h%d.example]}\n", rand.N(3), rand.N(3))
	fmt.Fprintf(&b, "engine: {history: off, concurrency: %d, queue: %d, timeout: %ds, rate: %d/s, rate_wait: 1m, heartbeat: %ds, cache: {entries: %d}}\n",
		1+rand.N(8), 100+rand.N(8), 60+rand.N(3), 10_000+rand.N(3), 1+rand.N(3), 1+rand.N(3))
	if n := rand.N(8); n > 0 {
		fmt.Fprintf(&b, "upstreams: [{name: u, prefix: u_, start_timeout: %ds, command: ['%s', stdio]}]\n", 60+n/6, binary)
	}
	b.WriteString("tools:\n")
	for _, n := range rand.Perm(6) {
		if n < staying || rand.N(2) == 0 {
			fmt.Fprintf(&b, "  - {name: t%d, cache: {ttl: 1ms}, concurrency: %d, timeout: %ds, http: {url: '%s/t%d'}}\n", n, 1+rand.N(4), 10+rand.N(3), endpoint, n)
		}
	}
	return b.String()
}

// TestReloadRotatesTokens checks that a token whose file has another value lets nobody in
// any more and takes its connections with it, and no others.
func TestReloadRotatesTokens(t *testing.T) {
	t.Parallel()
	const old, next, other = "old-0123456789abcdef", "next-0123456789abcdef", "other-0123456789abcdef"
	rotated, kept := secretFile(t, old), secretFile(t, other)
	yaml := fmt.Sprintf("engine: {history: off}\nauth: {tokens: [{name: a, token_file: '%s'}, {name: b, token_file: '%s'}]}\n", rotated, kept)
	r, url := newReloadableService(t, yaml)
	connect := func(token string) *client {
		t.Helper()
		c, err := dialURL(t, url, token)
		if err != nil {
			t.Fatal(err)
		}
		c.ask(ping, `"id":"ping"`)
		return c
	}
	a, b := connect(old), connect(other)
	if err := os.WriteFile(rotated, []byte(next+"\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	r.mustFollow(yaml)
	for {
		if _, err := a.stream.Read(a.ctx); err != nil {
			if !strings.Contains(err.Error(), "1008") {
				t.Errorf("the connection ended with %v", err)
			}
			break
		}
	}
	b.ask(ping, `"id":"ping"`)
	if _, err := dialURL(t, url, old); err == nil {
		t.Error("the old token lets in")
	}
	connect(next)

	for want, yaml := range map[string]string{
		"auth has no token any more": "engine: {history: off}\n",
		"sluice.yaml:2:":             "auth: {tokens: [\n  {name: a, token_file: '/not/there'}]}\n",
		"sluice.yaml:3:":             yaml + "listen: {origins: ['*']}\n",
	} {
		if err := r.follow(yaml); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("got %v, want %q", err, want)
		}
	}
	b.ask(ping, `"id":"ping"`)
	connect(next)
	r.mustFollow(yaml + "listen: {hosts: [x.example]}\n")
	b.ask(ping, `"id":"ping"`)
}

const ping = `{"jsonrpc":"2.0","id":"ping","method":"ping"}`
