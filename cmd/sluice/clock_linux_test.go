package main

import (
	"encoding/json"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"golang.org/x/sys/unix"
)

// clockEnv lets tests move the clock of the machine, and set it right again: for a
// machine that is thrown away.
const clockEnv = "SLUICE_TEST_MOVES_CLOCK"

// moveClock moves the clock on the wall, as an administrator or a jump of NTP does.
func moveClock(t *testing.T, by time.Duration) {
	t.Helper()
	var now unix.Timespec
	if err := unix.ClockGettime(unix.CLOCK_REALTIME, &now); err != nil {
		t.Fatal(err)
	}
	next := unix.NsecToTimeval(now.Nano() + by.Nanoseconds())
	if err := unix.Settimeofday(&next); err != nil {
		t.Fatal("the clock cannot be moved: ", err)
	}
}

// TestClockJumps moves the clock under a server with calls that run, rates, an open
// breaker, a full cache and a history: nothing ends sooner or later for it, and nothing
// is let through that would not have been.
func TestClockJumps(t *testing.T) {
	if os.Getenv(clockEnv) == "" {
		t.Skipf("NOT TRIED: it moves the clock of the machine. On one that is thrown away, as root, set %s=yes", clockEnv)
	}
	for _, by := range []time.Duration{time.Hour, -time.Hour} {
		t.Run(by.String(), func(t *testing.T) { clockJumps(t, by) })
	}
}

const clockConfig = `engine: {history: {path: h.db}, heartbeat: 1s, breaker: {failures: 2, open: 5s}, audit: {path: audit.jsonl}}
tools:
  - {name: slow, command: [sh, -c, 'sleep 4; echo ended'], timeout: 20s}
  - {name: hang, command: [sleep, '60'], timeout: 3s}
  - {name: idle, command: [sh, -c, 'for i in 1 2 3 4; do echo "::progress $i/4" >&2; sleep 1; done; echo ended'], idle_timeout: 2500ms}
  - {name: rated, command: [echo, let through], rate: 3/s}
  - {name: hourly, command: [echo, let through], rate: 2/h}
  - {name: broken, command: [/no/such/program]}
  - {name: cached, command: [cat, /proc/sys/kernel/random/uuid], cache: {ttl: 4s}}
`

func clockJumps(t *testing.T, by time.Duration) {
	path := filepath.Join(t.TempDir(), "sluice.yaml")
	if err := os.WriteFile(path, []byte(clockConfig), 0o600); err != nil {
		t.Fatal(err)
	}
	p := start(t, "stdio", "--config", path)
	p.send(handshake...)
	p.until(`"id":"hello"`)
	s := &clockServer{process: p}

	for range 2 {
		s.ask("hourly", "let through")
		s.ask("broken", "does not exist")
	}
	s.ask("hourly", "rate_limited")
	s.ask("broken", "circuit_open")
	opened := time.Now()
	kept := s.ask("cached", `"text"`)
	filled := time.Now()

	begun := time.Now()
	slow, hang, idle := s.call("slow"), s.call("hang"), s.call("idle")
	p.until(`"progress":1`)
	moveClock(t, by)
	defer moveClock(t, -by)
	s.ask("hourly", "rate_limited")
	s.ask("broken", "circuit_open")
	if again := s.ask("cached", `"text"`); textIn(again) != textIn(kept) {
		t.Errorf("the cache has forgotten: %s", again)
	}
	ended := map[int]time.Duration{}
	answers := map[int]string{}
	for len(ended) < 3 {
		line := p.until(`"result"`)
		var answer struct{ ID int }
		if json.Unmarshal([]byte(line), &answer) == nil {
			ended[answer.ID], answers[answer.ID] = time.Since(begun), line
		}
	}
	for id, want := range map[int]struct {
		text     string
		from, to time.Duration
	}{slow: {`"text":"ended`, 4 * time.Second, 12 * time.Second}, hang: {"time limit", 3 * time.Second, 10 * time.Second}, idle: {`"text":"ended`, 4 * time.Second, 12 * time.Second}} {
		if !strings.Contains(answers[id], want.text) || ended[id] < want.from || ended[id] > want.to {
			t.Errorf("after %v, want %v to %v: %s", ended[id], want.from, want.to, answers[id])
		}
		t.Logf("%v: %s", ended[id].Round(time.Millisecond), textIn(answers[id]))
	}
	passed := 0
	for begin := time.Now(); time.Since(begin) < 2*time.Second; {
		if strings.Contains(s.ask("rated", ""), "let through") {
			passed++
		}
	}
	if t.Logf("a rate of 3/s let %d through in 2 s", passed); passed < 6 || passed > 10 {
		t.Errorf("a rate of 3/s let %d through in 2 s", passed)
	}
	<-time.After(time.Until(opened.Add(8 * time.Second))) // 5 s and up to a quarter
	s.ask("broken", "does not exist")                     // a probe
	<-time.After(time.Until(filled.Add(4100 * time.Millisecond)))
	if again := s.ask("cached", `"text"`); textIn(again) == textIn(kept) {
		t.Errorf("the cache keeps for ever: %s", again)
	}
	p.stdin.Close()
	p.wantExit(exitOK)
	recordsAfter(t, path)
}

// recordsAfter holds that what calls took is told right, whatever the clock said, and that
// the log of the audit is whole.
func recordsAfter(t *testing.T, path string) {
	t.Helper()
	code, out, errOut := runCommand(t, "history", "--config", path, "--json", "--limit", "0")
	if code != exitOK {
		t.Fatal(errOut)
	}
	want := map[string][2]float64{"slow": {4000, 12000}, "hang": {3000, 10000}, "idle": {4000, 12000}}
	for line := range strings.Lines(out) {
		var r struct {
			Tool              string
			Wait              float64 `json:"wait_ms"`
			Run               float64 `json:"run_ms"`
			Started, Finished time.Time
		}
		if err := json.Unmarshal([]byte(line), &r); err != nil {
			t.Fatal(err, line)
		}
		if w, ok := want[r.Tool]; ok && (r.Run < w[0] || r.Run > w[1]) || r.Run < 0 || r.Wait < 0 || r.Finished.Before(r.Started) {
			t.Errorf("recorded: %s", line)
		}
		delete(want, r.Tool)
	}
	if len(want) > 0 {
		t.Errorf("no record of %v", want)
	}
	if code, out, errOut := runCommand(t, "audit", "verify", "--config", path); code != exitOK {
		t.Errorf("%s%s", out, errOut)
	}
}

// A clockServer is asked by calls whose ids it counts.
type clockServer struct {
	*process
	last int
}

func (s *clockServer) call(tool string) (id int) {
	s.last++
	s.send(call(s.last, tool, object{}))
	return s.last
}

// ask returns the answer to a call, which is to hold want.
func (s *clockServer) ask(tool, want string) string {
	s.t.Helper()
	answer := s.until(fmt.Sprintf(`"id":%d,`, s.call(tool)))
	if !strings.Contains(answer, want) {
		s.t.Errorf("%s: want %q: %s", tool, want, answer)
	}
	return answer
}

func textIn(answer string) string {
	_, behind, _ := strings.Cut(answer, `"text":"`)
	text, _, _ := strings.Cut(behind, `"`)
	return text
}
