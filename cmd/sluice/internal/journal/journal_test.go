package journal

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"
)

// A sink is where a journal writes to. While it is blocked nothing gets in.
type sink struct {
	mu      sync.Mutex // taken while it is blocked
	text    bytes.Buffer
	failure error
	entered chan struct{} // told of each write that begins
}

func newSink() *sink { return &sink{entered: make(chan struct{}, 1000)} }

func (s *sink) Write(p []byte) (int, error) {
	s.entered <- struct{}{}
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.failure != nil {
		return 0, s.failure
	}
	return s.text.Write(p)
}

// TestBlockedSink is row 69 of the faults: whoever logs goes on while nobody reads, what
// does not fit is counted, and the log tells of it when it is read again.
func TestBlockedSink(t *testing.T) {
	t.Parallel()
	out := newSink()
	out.mu.Lock()
	j := New(out, slog.LevelInfo, false)
	const n = 20_000 // which is more than fits
	for i := range n {
		j.Info("a line of some length, so that fewer of them fit into what is held", "number", i)
	}
	dropped := j.Dropped()
	if dropped == 0 || dropped >= n {
		t.Errorf("%d lines of %d were dropped", dropped, n)
	}
	out.mu.Unlock()
	j.Close()
	lines := strings.Split(strings.TrimSpace(out.text.String()), "\n")
	if got := len(lines); uint64(got) != n-dropped+1 && uint64(got) != n-dropped {
		t.Errorf("%d lines were written of %d, %d dropped", got, n, dropped)
	}
	if !strings.HasSuffix(lines[0], "number=0") {
		t.Errorf("the first line is %q", lines[0])
	}
}

// TestLostIsTold checks that the log says how many lines it lacks, once for each loss.
func TestLostIsTold(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		out := newSink()
		out.failure = errors.New("no space left on device")
		j := New(out, slog.LevelInfo, false)
		j.Info("lost")
		synctest.Wait()
		out.failure = nil
		j.Info("first")
		synctest.Wait()
		j.Info("second")
		synctest.Wait()
		j.Close()
		if got := out.text.String(); strings.Count(got, "were dropped") != 1 || !strings.Contains(got, "lines=1") || j.Dropped() != 1 {
			t.Errorf("%d dropped, the log is:\n%s", j.Dropped(), got)
		}
	})
}

// TestCloseDoesNotHang checks that the end of the process waits for its log, and not for
// ever.
func TestCloseDoesNotHang(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		hangs, release := io.Pipe()
		j := New(release, slog.LevelInfo, false)
		j.Info("nobody reads this")
		begin := time.Now()
		j.Close()
		if took := time.Since(begin); took != lastLines {
			t.Errorf("closed after %v", took)
		}
		j.Info("too late")
		if j.Dropped() != 1 {
			t.Errorf("%d dropped", j.Dropped())
		}
		hangs.Close()
		synctest.Wait()
	})
}

// TestLevel checks that the level holds at once.
func TestLevel(t *testing.T) {
	t.Parallel()
	out := newSink()
	j := New(out, slog.LevelInfo, true)
	j.Debug("a")
	j.SetLevel(slog.LevelDebug)
	j.With("k", "v").Debug("b")
	j.SetLevel(slog.LevelError)
	j.Warn("c")
	j.Close()
	var line struct{ Msg, K string }
	if err := json.Unmarshal(out.text.Bytes(), &line); err != nil || line.Msg != "b" || line.K != "v" {
		t.Errorf("got %s, %v", out.text.String(), err)
	}
	Discard().Close()
}

type stringer struct{ text string }

func (s stringer) String() string { return s.text }

// TestMask checks that no secret gets into a line, whatever it travels in.
func TestMask(t *testing.T) {
	t.Parallel()
	const known, plain = "correct horse/battery", "tr0ub4dor"
	Hide(known)
	Hide("short")
	out := newSink()
	for _, asJSON := range []bool{false, true} {
		j := New(out, slog.LevelInfo, asJSON)
		j.Info("message "+known, "text", known, "error", fmt.Errorf("wrapped: %w", errors.New(known)),
			"any", stringer{known}, "list", []string{"a", known}, "escaped", "?q=correct+horse%2Fbattery",
			slog.Group("group", "inner", known),
			"authorization", plain, "client_secret", plain, "bearer", "Bearer "+plain,
			"url", "https://user:"+plain+"@host.example/", "line", "curl --password "+plain)
		j.With("password", plain, "with", known).WithGroup("g").Info("m", "x", "api_key="+plain)
		j.Info("shown", "token_file", "/run/token", "n", 3, "short", "short", "took", time.Second)
		j.Close()
	}
	got := out.text.String()
	for _, secret := range []string{known, "correct", plain} {
		if strings.Contains(got, secret) {
			t.Errorf("%q is in the log:\n%s", secret, got)
		}
	}
	for _, shown := range []string{"token_file=/run/token", "n=3", "short=short", "took=1s", `"took":"1s"`, "host.example"} {
		if !strings.Contains(got, shown) {
			t.Errorf("%q is not in the log:\n%s", shown, got)
		}
	}
}

// TestHideIsBounded checks that secrets that change all the time do not fill the memory.
func TestHideIsBounded(t *testing.T) {
	for i := range maxSecrets + 10 {
		Hide(fmt.Sprintf("rotating-secret-%d", i))
	}
	last := fmt.Sprintf("rotating-secret-%d", maxSecrets+9)
	if Mask(last) != masked || Mask("rotating-secret-0") == masked || len(hidden.list) != maxSecrets {
		t.Errorf("%d are kept", len(hidden.list))
	}
}
