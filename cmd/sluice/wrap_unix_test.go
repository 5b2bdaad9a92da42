//go:build unix

package main

import (
	"encoding/json"
	"os"
	"strings"
	"syscall"
	"testing"

	"github.com/sluice-dev/sluice/transport/websocket"
)

func rewrite(t *testing.T, path, text string) {
	t.Helper()
	if err := os.WriteFile(path, []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
}

// wrapped starts a process that wraps this program's own starter tools.
func wrapped(t *testing.T, flags ...string) *process {
	args := append([]string{"wrap", "--history", "off"}, flags...)
	return start(t, append(args, "--", binary, "stdio", "--log-level", "warn")...)
}

func TestWrap(t *testing.T) {
	t.Parallel()
	p := wrapped(t, "--prefix", "w_", "--name", "own")
	for _, m := range handshake {
		p.send(m)
	}
	p.send(`{"jsonrpc":"2.0","id":"l","method":"tools/list"}`)
	p.send(`{"jsonrpc":"2.0","id":"c","method":"tools/call","params":{"name":"w_countdown","arguments":{"from":3,"interval_ms":5},"_meta":{"progressToken":"p"}}}`)
	var progress int
	for line := p.next(); ; line = p.next() {
		switch {
		case strings.Contains(line, `"id":"l"`) && !strings.Contains(line, `"name":"w_echo"`):
			t.Errorf("listed are %s", line)
		case strings.Contains(line, `"progressToken":"p"`):
			progress++
		}
		if strings.Contains(line, `"id":"c"`) {
			if !strings.Contains(line, "Counted down from 3.") {
				t.Errorf("got %s", line)
			}
			break
		}
	}
	if progress == 0 {
		t.Error("no progress came through")
	}
	p.stdin.Close()
	p.wantExit(exitOK)
}

// A cancelled call is cancelled at the server that is wrapped.
func TestWrapPassesOnCancellation(t *testing.T) {
	t.Parallel()
	server := newTether(t)
	script := server.hold() + strings.Replace(legacyScript, `*'"tools/call"'*)`, `*'notifications/cancelled'*) echo "$line" >&9;; *'"tools/call"'*) echo called >&2;; *'"never"'*)`, 1)
	p := start(t, "wrap", "--history", "off", "--", "sh", "-c", script)
	for _, m := range handshake {
		p.send(m)
	}
	p.send(`{"jsonrpc":"2.0","id":"c","method":"tools/call","params":{"name":"greet","arguments":{}}}`)
	p.stderr.await(t, "called")
	p.send(`{"jsonrpc":"2.0","method":"notifications/cancelled","params":{"requestId":"c"}}`)
	if heard := server.next(); !strings.Contains(heard, `"requestId":`) {
		t.Errorf("the server heard %s", heard)
	}
	p.stdin.Close()
	p.wantExit(exitOK)
}

func TestWrapListens(t *testing.T) {
	t.Parallel()
	token := writeFile(t, strings.Repeat("t", 20))
	p := wrapped(t, "--listen", "127.0.0.1:0", "--token-file", token)
	s := &serving{process: p}
	for !strings.Contains(s.banner, "/healthz") {
		s.banner += s.next() + "\n"
	}
	s.url = urlLine.FindStringSubmatch(s.banner)[1]
	client, err := s.dial(websocket.DialOptions{Token: strings.Repeat("t", 20)})
	if err != nil {
		t.Fatal(err)
	}
	if err := client.stream.Write(client.ctx, []byte(`{"jsonrpc":"2.0","id":"c","method":"tools/call","params":{"name":"echo","arguments":{"text":"through"}}}`)); err != nil {
		t.Fatal(err)
	}
	for {
		text, err := client.stream.Read(client.ctx)
		if err != nil {
			t.Fatal(err)
		}
		if strings.Contains(string(text), `"id":"c"`) {
			if !strings.Contains(string(text), `"text":"through"`) {
				t.Errorf("got %s", text)
			}
			break
		}
	}
	rewritten(t, token, strings.Repeat("n", 20))
	if rest, err := client.rest(); err == nil || !strings.Contains(err.Error(), "1008") {
		t.Errorf("the connection of the old token ended with %v after %s", err, rest)
	}
	s.connect(strings.Repeat("n", 20)).ask(call(2, "echo", object{"text": "again"}), `"text":"again"`)
	p.signal(syscall.SIGTERM)
	p.wantExit(exitOK)
	if n := strings.Count(p.stderr.String(), "the config is reloaded"); n != 1 || strings.Contains(p.stderr.String(), "next start") {
		t.Errorf("the log says:\n%s", p.stderr)
	}
}

func TestWrapOfNoServer(t *testing.T) {
	t.Parallel()
	for name, test := range map[string]struct {
		args []string
		code int
		want string
	}{
		"not there":        {[]string{"--", "/nonexistent/server"}, exitConnect, "the server did not start: start the server"},
		"ends":             {[]string{"--", "sh", "-c", "echo usage >&2; exit 2"}, exitConnect, "usage"},
		"silent":           {[]string{"--start-timeout", "100ms", "--", "sleep", "600"}, exitConnect, "did not list its tools in time"},
		"no command":       {[]string{"server"}, exitUsage, "after -- comes the command"},
		"nothing":          {nil, exitUsage, "after -- comes the command"},
		"a bad rate":       {[]string{"--rate", "often", "--", "cat"}, exitUsage, "--rate"},
		"a bad number":     {[]string{"--queue", "-1", "--", "cat"}, exitUsage, "--queue is negative"},
		"only for sockets": {[]string{"--drain", "1s", "--", "cat"}, exitUsage, "add --listen"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			p := start(t, append([]string{"wrap"}, test.args...)...)
			p.wantExit(test.code)
			if !strings.Contains(p.stderr.String(), test.want) {
				t.Errorf("got:\n%s", p.stderr)
			}
		})
	}
}

func TestWrapFlags(t *testing.T) {
	t.Parallel()
	cmd := newWrapCommand()
	var opts wrapOptions
	cmd.ResetFlags()
	opts.addFlags(cmd)
	err := cmd.ParseFlags(strings.Fields("--timeout 1s --idle-timeout 2s --concurrency 3 --queue 4 --rate 5/s --caller-rate 6/s --history h --audit a --pins p --prefix x_ --pass-env A"))
	if err != nil {
		t.Fatal(err)
	}
	opts.server.Command = []string{"npx", "-y", "@scope/server-x"}
	cfg, err := opts.config()
	if err != nil {
		t.Fatal(err)
	}
	e, u := cfg.Engine, cfg.Upstreams[0]
	if e.Timeout.Value != 1e9 || e.IdleTimeout != 2e9 || e.Concurrency != 3 || e.Queue.Value != 4 || e.Rate.Count != 5 || e.CallerRate.Count != 6 ||
		e.History.Path != "h" || e.Audit.Path != "a" || u.Pins != "p" || u.Prefix != "x_" || u.Name != "server-x" || u.InheritEnv || cfg.Starter {
		text, _ := json.Marshal(cfg)
		t.Errorf("got %s", text)
	}
}
