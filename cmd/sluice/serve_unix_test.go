//go:build unix

package main

import (
	"fmt"
	"io"
	"net/http"
	"os"
	"strings"
	"syscall"
	"testing"
	"time"
)

func TestServeDrains(t *testing.T) {
	t.Parallel()
	s := serve(t)
	c := s.connect(s.token)
	c.ask(call(1, "countdown", object{"from": 20, "interval_ms": 100}), `"progress":1`)
	s.signal(syscall.SIGTERM)
	s.stderr.await(t, "draining")
	if status, body := get(t, s.base+"/readyz"); status != http.StatusServiceUnavailable || !strings.Contains(body, `"status": "draining"`) {
		t.Errorf("/readyz says %d %q", status, body)
	}
	if status, _ := get(t, s.base+"/healthz"); status != http.StatusOK {
		t.Errorf("/healthz says %d", status)
	}
	if status := s.upgrade(); status != http.StatusServiceUnavailable {
		t.Errorf("a new connection is answered with %d", status)
	}
	refused := false
	for id := 2; !refused; id++ { // from some moment on
		refused = strings.Contains(c.ask(call(id, "echo", object{"text": "too late"}), fmt.Sprintf(`"id":%d,`, id)), "shutting_down")
	}
	answers, err := c.rest()
	if !strings.Contains(answers, "Counted down from 20.") || err != io.EOF {
		t.Errorf("closed by %v after:\n%s", err, answers)
	}
	s.wantExit(exitOK)
}

// upgrade asks for a connection and returns the status of the answer.
func (s *serving) upgrade() int {
	s.t.Helper()
	req, err := http.NewRequestWithContext(s.t.Context(), http.MethodGet, s.base+"/mcp", nil)
	if err != nil {
		s.t.Fatal(err)
	}
	for name, value := range map[string]string{
		"Authorization": "Bearer " + s.token, "Connection": "Upgrade", "Upgrade": "websocket",
		"Sec-WebSocket-Version": "13", "Sec-WebSocket-Key": "dGhlIHNhbXBsZSBub25jZQ==",
	} {
		req.Header.Set(name, value)
	}
	answer, err := http.DefaultClient.Do(req)
	if err != nil {
		s.t.Fatal(err)
	}
	_ = answer.Body.Close()
	return answer.StatusCode
}

func TestServeDrainEnds(t *testing.T) {
	t.Parallel()
	config, tool := stubborn(t)
	s := serve(t, "--config", config, "--drain", "100ms")
	c := s.connect(s.token)
	c.ask(call(1, "stay", object{}), "hello")
	tool.next()
	s.signal(syscall.SIGTERM)
	signalled := time.Now()
	if answers, _ := c.rest(); !strings.Contains(answers, "shutting_down") {
		t.Errorf("the call that was cut was answered with:\n%s", answers)
	}
	s.wantExit(exitOK)
	if took := time.Since(signalled); took > defaultDrain/2 {
		t.Errorf("it took %v", took)
	}
	tool.wantGone()
}

func TestServeSecondSignalEndsAtOnce(t *testing.T) {
	t.Parallel()
	config, tool := stubborn(t)
	s := serve(t, "--config", config)
	s.connect(s.token).ask(call(1, "stay", object{}), "hello")
	tool.next()
	s.signal(syscall.SIGTERM)
	s.stderr.await(t, "draining")
	s.signal(syscall.SIGTERM)
	signalled := time.Now()
	s.wantExit(exitFailure)
	if took := time.Since(signalled); took > atOnce {
		t.Errorf("it took %v", took)
	}
	tool.wantGone()
}

func TestServeTakesItsTokenFileAway(t *testing.T) {
	t.Parallel()
	s := serve(t)
	address := strings.TrimPrefix(s.base, "http://")
	path, err := tokenFilePath(address)
	if err != nil {
		t.Fatal(err)
	}
	if token, ok := readTokenFile(address); !ok || token != s.token {
		t.Errorf("in %s: %q", path, token)
	}
	s.signal(syscall.SIGTERM)
	s.wantExit(exitOK)
	if _, err := os.Stat(path); !os.IsNotExist(err) {
		t.Errorf("%s is still there: %v", path, err)
	}
}

// rest returns what the server sends until it closes the connection, and how that
// went: io.EOF is in order.
func (c *client) rest() (answers string, err error) {
	for {
		answer, err := c.stream.Read(c.ctx)
		if err != nil {
			return answers, err
		}
		answers += string(answer) + "\n"
	}
}
