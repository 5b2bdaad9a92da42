package main

import (
	"context"
	"encoding/json"
	"fmt"
	"io"
	"net"
	"net/http"
	"os"
	"regexp"
	"strings"
	"testing"

	"github.com/sluice-dev/sluice/transport/websocket"
)

var (
	urlLine   = regexp.MustCompile(`Serving \d+ tools? at (ws://\S+)`)
	tokenLine = regexp.MustCompile(`(?m)^token +(\S+)$`)
)

// serving is a process that listens, and what it printed.
type serving struct {
	*process
	banner, url, token string
	base               string // http://host:port
}

// serve runs `sluice serve` on a free port until its banner is complete.
func serve(t *testing.T, args ...string) *serving {
	t.Helper()
	s := &serving{process: start(t, append([]string{"serve", "--listen", "127.0.0.1:0"}, args...)...)}
	for !strings.Contains(s.banner, "/healthz") {
		s.banner += s.next() + "\n"
	}
	found := urlLine.FindStringSubmatch(s.banner)
	if found == nil {
		t.Fatalf("no URL in:\n%s", s.banner)
	}
	s.url = found[1]
	s.base = "http" + strings.TrimSuffix(strings.TrimPrefix(s.url, "ws"), "/mcp")
	if found := tokenLine.FindStringSubmatch(s.banner); found != nil {
		s.token = found[1]
	}
	return s
}

// A client is one connection to a serving process.
type client struct {
	t      *testing.T
	ctx    context.Context // of all reads: the stream ends with it
	stream *websocket.Stream
}

// dial connects as a legacy client.
func (s *serving) dial(opts websocket.DialOptions) (*client, error) {
	ctx, cancel := context.WithTimeout(s.t.Context(), 2*soon)
	s.t.Cleanup(cancel)
	stream, err := websocket.Dial(ctx, s.url, opts)
	if err != nil {
		return nil, err
	}
	s.t.Cleanup(func() { stream.Close(1000, "") })
	for _, m := range handshake {
		if err := stream.Write(ctx, []byte(m)); err != nil {
			return nil, err
		}
	}
	return &client{t: s.t, ctx: ctx, stream: stream}, nil
}

// connect is dial where it must work.
func (s *serving) connect(token string) *client {
	s.t.Helper()
	c, err := s.dial(websocket.DialOptions{Token: token})
	if err != nil {
		s.t.Fatal(err)
	}
	return c
}

// ask sends a message and returns the first answer that holds want.
func (c *client) ask(message, want string) string {
	c.t.Helper()
	if err := c.stream.Write(c.ctx, []byte(message)); err != nil {
		c.t.Fatal(err)
	}
	return c.until(want)
}

// until returns the next message that holds a text.
func (c *client) until(want string) string {
	c.t.Helper()
	for {
		answer, err := c.stream.Read(c.ctx)
		if err != nil {
			c.t.Fatalf("no %q: %v", want, err)
		}
		if strings.Contains(string(answer), want) {
			return string(answer)
		}
	}
}

func get(t *testing.T, url string) (status int, body string) {
	t.Helper()
	request, err := http.NewRequestWithContext(t.Context(), http.MethodGet, url, nil)
	if err != nil {
		t.Fatal(err)
	}
	request.Close = true
	response, err := http.DefaultClient.Do(request)
	if err != nil {
		t.Fatal(err)
	}
	defer response.Body.Close()
	text, err := io.ReadAll(response.Body)
	if err != nil {
		t.Fatal(err)
	}
	return response.StatusCode, string(text)
}

func TestServePrintsATokenThatWorks(t *testing.T) {
	t.Parallel()
	s := serve(t)
	s.connect(s.token).ask(call(1, "countdown", object{"from": 2, "interval_ms": 10}), "Counted down from 2.")
	for _, token := range []string{"", "wrong-wrong-wrong-wrong"} {
		if _, err := s.dial(websocket.DialOptions{Token: token}); err == nil || !strings.Contains(err.Error(), "401") {
			t.Errorf("token %q: got %v", token, err)
		}
	}
	if strings.Contains(s.stderr.String(), s.token) {
		t.Error("the token is in the log")
	}
	for _, want := range []string{
		"call --url " + s.url + " countdown from=5",
		"#url=" + s.url + "&token=" + s.token,
		`import { connect } from "` + s.base + `/sluice.js"`,
		`"args":["stdio"]`,
	} {
		if !strings.Contains(s.banner, want) {
			t.Errorf("no %q in:\n%s", want, s.banner)
		}
	}
}

// The client for pages is given without a token; what is behind it is not.
func TestServeScript(t *testing.T) {
	t.Parallel()
	s := serve(t)
	if status, body := get(t, s.base+"/sluice.js"); status != http.StatusOK || !strings.Contains(body, "export async function connect(") {
		t.Errorf("got %d: %.100s", status, body)
	}
	if status, _ := get(t, s.base+"/mcp"); status != http.StatusUnauthorized {
		t.Errorf("/mcp: %d", status)
	}
}

func TestServeTakesEachTokenOfTheConfig(t *testing.T) {
	const first, second, third = "canary-first-0123456789", "canary-second-0123456789", "canary-third-0123456789"
	t.Setenv("SLUICE_TEST_TOKEN", first)
	config := writeFile(t, fmt.Sprintf(`
auth:
  tokens:
    - {name: a, token_env: SLUICE_TEST_TOKEN}
    - {name: b, token_file: %q}
tools: [{name: greet, command: [echo, hi]}]`, writeFile(t, second+"\n")))
	s := serve(t, "--config", config, "--token-file", writeFile(t, third), "--log-level", "debug")
	for _, token := range []string{first, second, third} {
		s.connect(token).ask(call(1, "greet", object{}), `"text":"hi`)
	}
	if said := s.banner + s.stderr.String(); s.token != "" || strings.Contains(said, "canary") {
		t.Errorf("a token was printed:\n%s", said)
	}
}

func TestServeAddressOfTheConfig(t *testing.T) {
	t.Parallel()
	p := start(t, "serve", "--config", writeFile(t, "listen: {address: 'localhost:0'}\ntools: []"))
	if line := p.until("ws://"); !strings.Contains(line, "ws://127.0.0.1:") && !strings.Contains(line, "ws://[::1]:") || strings.Contains(line, ":7777") {
		t.Errorf("got %s", line)
	}
}

func TestServeNamesAMissingToken(t *testing.T) {
	t.Parallel()
	p := start(t, "serve", "--listen", "127.0.0.1:0", "--config", writeFile(t, "auth: {tokens: [{name: planner, token_env: SLUICE_TEST_NONE}]}"))
	p.wantExit(exitUsage)
	if want := `token "planner": the environment variable SLUICE_TEST_NONE is not set`; !strings.Contains(p.stderr.String(), want) {
		t.Errorf("stderr:\n%s", p.stderr)
	}
}

func TestServeRefusesAnOpenAddressWithoutToken(t *testing.T) {
	t.Parallel()
	for _, address := range []string{":0", "0.0.0.0:0", "[::]:0", "192.0.2.1:0", "127.evil.example:0"} {
		p := start(t, "serve", "--listen", address)
		p.wantExit(exitUsage)
		for _, want := range []string{address, "can be reached by other machines", "auth.tokens", "--token-file"} {
			if !strings.Contains(p.stderr.String(), want) {
				t.Errorf("%s: no %q in:\n%s", address, want, p.stderr)
			}
		}
	}
}

// A token that might be guessed is taken where only this machine can try, with a
// warning that does not show it.
func TestServeWeakToken(t *testing.T) {
	t.Parallel()
	file := writeFile(t, "hunter2")
	p := start(t, "serve", "--listen", "0.0.0.0:0", "--token-file", file)
	p.wantExit(exitUsage)
	local := start(t, "serve", "--listen", "127.0.0.1:0", "--token-file", file)
	local.until("Serving 2 tools at ws://")
	local.stderr.await(t, "fewer than 16 characters") // the log is written beside what is printed
	for _, stderr := range []string{p.stderr.String(), local.stderr.String()} {
		if !strings.Contains(stderr, "fewer than 16 characters") || strings.Contains(stderr, "hunter2") {
			t.Errorf("stderr:\n%s", stderr)
		}
	}
}

func TestServeOnAnOpenAddressWithToken(t *testing.T) {
	t.Parallel()
	const token = "canary-0123456789abcdef"
	p := start(t, "serve", "--listen", "0.0.0.0:0", "--token-file", writeFile(t, token))
	p.until("Serving 2 tools at ws://")
}

func TestServePortInUse(t *testing.T) {
	t.Parallel()
	taken, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer taken.Close()
	p := start(t, "serve", "--listen", taken.Addr().String())
	p.wantExit(exitFailure)
	for _, want := range []string{taken.Addr().String() + " is in use", "hint: another sluice may be running"} {
		if !strings.Contains(p.stderr.String(), want) {
			t.Errorf("no %q in:\n%s", want, p.stderr)
		}
	}
}

func TestServeLogsJSONInPlaceOfABanner(t *testing.T) {
	t.Parallel()
	p := start(t, "serve", "--listen", "127.0.0.1:0", "--log-format", "json")
	p.stderr.await(t, "\n")
	line, _, _ := strings.Cut(p.stderr.String(), "\n")
	var said struct {
		Msg, URL  string
		TokenFile string `json:"token_file"`
	}
	if err := json.Unmarshal([]byte(line), &said); err != nil || said.Msg != "serving" {
		t.Fatalf("%v in %s", err, line)
	}
	token, err := os.ReadFile(said.TokenFile)
	if err != nil {
		t.Fatal(err)
	}
	if strings.Contains(p.stderr.String(), strings.TrimSpace(string(token))) {
		t.Error("the token is in the log")
	}
	s := &serving{process: p, url: said.URL}
	s.connect(strings.TrimSpace(string(token))).ask(call(1, "echo", object{"text": "hi"}), `"text":"hi"`)
	select {
	case line := <-p.lines:
		t.Errorf("on stdout: %s", line)
	default:
	}
}

func TestServeProbes(t *testing.T) {
	t.Parallel()
	s := serve(t)
	for path, want := range map[string]string{"/healthz": `"status": "ok"`, "/readyz": `"status": "ready"`} {
		if status, body := get(t, s.base+path); status != http.StatusOK || !strings.Contains(body, want) {
			t.Errorf("%s: %d %q", path, status, body)
		}
	}
	if status, _ := get(t, s.base+"/"); status != http.StatusUnauthorized {
		t.Errorf("/: %d", status)
	}
}

func TestServeProbesOnAnAddressOfTheirOwn(t *testing.T) {
	t.Parallel()
	s := serve(t, "--config", writeFile(t, "listen: {admin: '127.0.0.1:0'}\ntools: []"))
	admin := regexp.MustCompile(`http://\S+/healthz`).FindString(s.banner)
	if status, _ := get(t, admin); status != http.StatusOK {
		t.Errorf("%s: %d", admin, status)
	}
	if status, _ := get(t, s.base+"/healthz"); status != http.StatusUnauthorized {
		t.Errorf("on the address for clients: %d", status)
	}
	if status, _ := get(t, strings.Replace(admin, "/healthz", "/mcp", 1)); status != http.StatusNotFound {
		t.Errorf("clients on the address for probes: %d", status)
	}
}

func TestServeOriginsAndHosts(t *testing.T) {
	t.Parallel()
	const token = "canary-0123456789abcdef"
	s := serve(t, "--origin", "http://localhost:*", "--token-file", writeFile(t, token), "--config", writeFile(t, `
listen: {origins: ["https://shop.example"], hosts: [tools.example]}
tools: []`))
	for origin, allowed := range map[string]bool{
		"": true, "https://shop.example": true, "http://localhost:3000": true,
		"https://evil.example": false, "https://localhost:3000": false, "null": false,
	} {
		_, err := s.dial(websocket.DialOptions{Token: token, Origin: origin})
		if (err == nil) != allowed {
			t.Errorf("origin %q: %v", origin, err)
		}
	}
	for host, want := range map[string]int{"tools.example": http.StatusNotFound, "evil.example": http.StatusForbidden} {
		request, err := http.NewRequestWithContext(t.Context(), http.MethodGet, s.base+"/none", nil)
		if err != nil {
			t.Fatal(err)
		}
		request.Host = host
		request.Close = true
		request.Header.Set("Authorization", "Bearer "+token)
		response, err := http.DefaultClient.Do(request)
		if err != nil {
			t.Fatal(err)
		}
		response.Body.Close()
		if response.StatusCode != want {
			t.Errorf("host %s: %d, want %d", host, response.StatusCode, want)
		}
	}
}

func TestServeRefusesOriginsThatMakeNoSense(t *testing.T) {
	t.Parallel()
	p := start(t, "serve", "--listen", "127.0.0.1:0", "--config", writeFile(t, `listen: {origins: ["*"]}`))
	p.wantExit(exitUsage)
	if !strings.Contains(p.stderr.String(), `origin "*"`) {
		t.Errorf("stderr:\n%s", p.stderr)
	}
}
