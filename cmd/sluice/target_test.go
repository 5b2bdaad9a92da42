package main

import (
	"context"
	"encoding/json"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	"github.com/sluice-dev/sluice/executor"
	"github.com/sluice-dev/sluice/tools"
	"github.com/sluice-dev/sluice/transport"
	"github.com/sluice-dev/sluice/transport/mcp"
	"github.com/sluice-dev/sluice/transport/websocket"
)

const oddToken = "0123456789abcdef0123456789abcdef"

// An oddServer is a server within the test whose tools give back what others seldom
// do.
type oddServer struct {
	url       string
	cancelled chan struct{} // has a value after the tool hang was cancelled
}

func newOddServer(t *testing.T) *oddServer {
	t.Helper()
	s := &oddServer{cancelled: make(chan struct{}, 1)}
	registry := &tools.Registry{}
	if err := registry.Add(s.tools()...); err != nil {
		t.Fatal(err)
	}
	server := transport.NewServer(transport.Options{
		Engine: executor.New(executor.Options{Registry: registry}), Registry: registry,
		Info: mcp.Implementation{Name: "odd", Version: "1"},
	})
	tokens, err := websocket.NewTokens(websocket.Token{Name: "test", Secret: oddToken})
	if err != nil {
		t.Fatal(err)
	}
	handler, err := websocket.NewHandler(websocket.Options{
		Tokens: tokens,
		Serve: func(ctx context.Context, stream *websocket.Stream, _ websocket.Peer) {
			_ = server.Serve(ctx, stream, transport.Peer{Transport: "websocket"}) // how it ends is the client's to judge
		},
	})
	if err != nil {
		t.Fatal(err)
	}
	listener := httptest.NewServer(handler)
	t.Cleanup(func() {
		ctx, cancel := context.WithTimeout(context.Background(), soon)
		defer cancel()
		_ = handler.Shutdown(ctx)
		listener.Close()
	})
	s.url = "ws" + strings.TrimPrefix(listener.URL, "http")
	return s
}

func (s *oddServer) tools() []*tools.Tool {
	gives := func(name string, result *tools.Result) *tools.Tool {
		return tools.Func(name, "", func(context.Context, struct{}) (*tools.Result, error) { return result, nil })
	}
	return []*tools.Tool{
		gives("picture", &tools.Result{Content: []tools.Content{
			tools.Image{Data: make([]byte, 1234), MIMEType: "image/png"}, tools.Text{Text: "a picture"},
		}}),
		gives("mixture", &tools.Result{Content: []tools.Content{
			tools.Audio{Data: []byte("la"), MIMEType: "audio/wav"},
			tools.ResourceLink{Name: "a", URI: "file:///a"},
			tools.EmbeddedResource{URI: "mem:b", Text: "embedded\n"},
			tools.EmbeddedResource{URI: "mem:c", MIMEType: "application/zip", Blob: make([]byte, 2e6)},
		}}),
		gives("structured", &tools.Result{Structured: json.RawMessage(`{"sum":3}`)}),
		gives("both", &tools.Result{Content: []tools.Content{tools.Text{Text: "three"}}, Structured: json.RawMessage(`{"sum":3}`)}),
		gives("fail", tools.ErrorResult("it broke")),
		gives("malicious", tools.ErrorResult("\x1b]0;owned\x07 malice")),
		gives("kept", &tools.Result{Meta: map[string]any{mcp.MetaCache: "hit"}}),
		gives("refused", &tools.Result{IsError: true, Meta: map[string]any{
			mcp.MetaError: map[string]any{"kind": "overloaded", "retryAfterMs": 1500},
		}}),
		tools.Func("noisy", "", func(ctx context.Context, _ struct{}) (string, error) {
			tools.Log(ctx, tools.LevelInfo, "starting\x1b[31m")
			tools.Log(ctx, tools.LevelError, map[string]int{"n": 1})
			tools.Report(ctx, tools.Progress{Done: 1, Message: "one\nline"})
			return "done", nil
		}),
		tools.Func("hang", "", func(ctx context.Context, _ struct{}) (string, error) {
			tools.Report(ctx, tools.Progress{Done: 1, Total: 2, Message: "hanging"})
			<-ctx.Done()
			s.cancelled <- struct{}{}
			return "", context.Cause(ctx)
		}),
	}
}

// run runs a command line against the server.
func (s *oddServer) run(t *testing.T, args ...string) (code int, out, errOut string) {
	t.Helper()
	return runCommand(t, append(args, "--url", s.url, "--token", oddToken)...)
}

func TestServerURL(t *testing.T) {
	t.Parallel()
	for given, want := range map[string]string{
		"ws://127.0.0.1:7777/mcp":  "ws://127.0.0.1:7777/mcp",
		"127.0.0.1:7777":           "ws://127.0.0.1:7777/mcp",
		"localhost:7777/":          "ws://localhost:7777/mcp",
		"[::1]:7777":               "ws://[::1]:7777/mcp",
		"wss://tools.example":      "wss://tools.example/mcp",
		"wss://tools.example/a?b":  "wss://tools.example/a?b",
		"http://tools.example/mcp": "",
		"ws://":                    "",
		":7777":                    "",
		"ws://%zz":                 "",
	} {
		u, err := serverURL(given)
		if want == "" {
			if err == nil {
				t.Errorf("%s: no error, but %s", given, u)
			}
			continue
		}
		if err != nil || u.String() != want {
			t.Errorf("%s: %v (%v), want %s", given, u, err, want)
		}
	}
}

func TestTokenFor(t *testing.T) {
	ownCache(t)
	t.Setenv("SLUICE_TOKEN", "")
	remove, err := writeTokenFile("127.0.0.1:7777", "of the file")
	if err != nil {
		t.Fatal(err)
	}
	defer remove()
	removeOther, err := writeTokenFile("tools.example:7777", "of a server elsewhere")
	if err != nil {
		t.Fatal(err)
	}
	defer removeOther()
	for _, test := range []struct{ flag, env, url, want string }{
		{"of the flag", "of the environment", "localhost:7777", "of the flag"},
		{"", "of the environment", "localhost:7777", "of the environment"},
		{"", "", "localhost:7777", "of the file"},
		{"", "", "[::1]:7777", "of the file"},
		{"", "", "localhost:7778", ""},
		{"", "", "tools.example:7777", ""},
		{"", "", "wss://localhost", ""},
	} {
		t.Setenv("SLUICE_TOKEN", test.env)
		u, err := serverURL(test.url)
		if err != nil {
			t.Fatal(err)
		}
		if got := (&target{token: test.flag}).tokenFor(u); got != test.want {
			t.Errorf("%+v: got %q", test, got)
		}
	}
}

func TestTargetUsage(t *testing.T) {
	t.Parallel()
	for _, test := range []struct {
		args   []string
		code   int
		errOut string
	}{
		{[]string{"tools", "--url", "x:1", "--config", "y"}, exitUsage, "each choose a server"},
		{[]string{"tools", "--url", "x:1", "--", "y"}, exitUsage, "each choose a server"},
		{[]string{"tools", "--"}, exitUsage, "after -- comes the command"},
		{[]string{"tools", "--token", "x"}, exitUsage, "add --url"},
		{[]string{"tools", "a", "b"}, exitUsage, "one tool at a time"},
		{[]string{"tools", "--url", "http://x"}, exitUsage, "ws://127.0.0.1:7777/mcp"},
		{[]string{"tools", "--config", "none.yaml"}, exitUsage, "--config names the config file"},
		{[]string{"tools", "--url", "127.0.0.1:1"}, exitConnect, "nothing listens at 127.0.0.1:1\nhint: start one: `sluice serve --listen 127.0.0.1:1`"},
		{[]string{"tools", "--", "sluice-has-no-such-program"}, exitConnect, "start the server: exec"},
		{[]string{"call"}, exitUsage, "requires at least 1 arg"},
		{[]string{"call", "--", "x"}, exitUsage, "which tool?"},
		{[]string{"call", "echo", "--progress"}, exitUsage, "--progress goes with --json"},
		{[]string{"call", "echo", "--log", "loud"}, exitUsage, "there is no log level"},
		{[]string{"call", "echo", "--timeout", "-1s"}, exitUsage, "--timeout is negative"},
	} {
		t.Run(strings.Join(test.args, " "), func(t *testing.T) {
			t.Parallel()
			code, out, errOut := runCommand(t, test.args...)
			if code != test.code || out != "" || !strings.Contains(errOut, test.errOut) {
				t.Errorf("got %d, %q and:\n%s\nwant %d and %q", code, out, errOut, test.code, test.errOut)
			}
		})
	}
}

func TestWrongToken(t *testing.T) {
	t.Parallel()
	s := newOddServer(t)
	code, _, errOut := runCommand(t, "tools", "--url", s.url, "--token", "secret-that-is-wrong-0123456789")
	if code != exitConnect || !strings.Contains(errOut, "401") || !strings.Contains(errOut, "SLUICE_TOKEN") {
		t.Errorf("got %d and:\n%s", code, errOut)
	}
	if strings.Contains(errOut, "secret") {
		t.Errorf("the token is printed:\n%s", errOut)
	}
}

func TestMemoryStreams(t *testing.T) {
	t.Parallel()
	a, b := memoryStreams()
	message := []byte("hello")
	go func() {
		_ = a.Write(t.Context(), message)
		message[0] = 'j' // the sender may use its bytes again
		_ = a.Close(1000, "")
	}()
	got, err := b.Read(t.Context())
	if err != nil || string(got) != "hello" {
		t.Errorf("read %q, %v", got, err)
	}
	if _, err := b.Read(t.Context()); err == nil {
		t.Error("a closed stream is read")
	}
	if err := b.Write(t.Context(), message); err == nil {
		t.Error("a closed stream is written")
	}
	ctx, cancel := context.WithTimeout(t.Context(), time.Nanosecond)
	defer cancel()
	<-ctx.Done()
	c, _ := memoryStreams()
	if _, err := c.Read(ctx); err == nil {
		t.Error("a read outlives its context")
	}
	if err := c.Write(ctx, message); err == nil {
		t.Error("a write outlives its context")
	}
}
