package main

import (
	"bytes"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/sluice-dev/sluice/cmd/sluice/internal/progress"
	"github.com/sluice-dev/sluice/tools"
	"github.com/sluice-dev/sluice/tools/upstream"
)

// TestBarView plays a call on a terminal and shows every byte that it gets.
func TestBarView(t *testing.T) {
	t.Setenv("LC_ALL", "C.UTF-8")
	t.Setenv("WT_SESSION", "x")
	synctest.Test(t, func(t *testing.T) {
		out := newRecord()
		w := watch(newBarView(newScreen(out), time.Now()))
		seen := 0
		step := func(d time.Duration, want string) {
			t.Helper()
			time.Sleep(d) // virtual
			synctest.Wait()
			all := out.String()
			if got := all[seen:]; got != want {
				t.Errorf("got  %q\nwant %q", got, want)
			}
			seen = len(all)
		}
		step(250*time.Millisecond, "") // too soon to draw
		step(100*time.Millisecond, "\r⠸ 0s\x1b[K")
		w.report(tools.Progress{Done: 1, Total: 4, Message: "un\x1b[2Jtrusted"})
		step(0, "") // at most ten times a second
		step(100*time.Millisecond, "\r 25% █████░░░░░░░░░░░░░░░ 1/4 un␛[2Jtrusted\x1b[K")
		step(500*time.Millisecond, "") // the same frame is not drawn again
		w.note(upstream.Note{Level: "info", Logger: "db", Data: []byte(`"hello"`)})
		step(0, "\r\x1b[K[info] db: hello\n 25% █████░░░░░░░░░░░░░░░ 1/4 un␛[2Jtrusted")
		step(100*time.Millisecond, "\r 25% █████░░░░░░░░░░░░░░░ 1/4 3s left 1/s un␛[2Jtrusted\x1b[K")
		w.end()
		step(0, "\r\x1b[K")
	})
}

func TestWatcherKeepsTheNewest(t *testing.T) {
	t.Parallel()
	var out bytes.Buffer
	stuck, free := make(chan struct{}), make(chan struct{})
	w := watch(&stuckView{lineView: lineView{&screen{progress.NewConsole(&out), &out}}, stuck: stuck, free: free})
	w.report(tools.Progress{})
	<-stuck
	for i := range 2 * maxEvents { // must not block
		w.report(tools.Progress{Done: float64(i + 1)})
	}
	close(free)
	w.end()
	lines := strings.Split(strings.TrimSpace(out.String()), "\n")
	if len(lines) != maxEvents+1 || lines[len(lines)-1] != "progress 2048" {
		t.Errorf("%d lines, the last %q", len(lines), lines[len(lines)-1])
	}
}

// stuckView does not come back from its first event until it is freed.
type stuckView struct {
	lineView
	stuck, free chan struct{}
	once        bool
}

func (v *stuckView) progress(p tools.Progress, now time.Time) {
	if !v.once {
		v.once = true
		close(v.stuck)
		<-v.free
	}
	v.lineView.progress(p, now)
}

func TestEventView(t *testing.T) {
	t.Parallel()
	var out bytes.Buffer
	w := watch(eventView{&out})
	w.report(tools.Progress{Done: 0.5})
	w.note(upstream.Note{Level: "info", Data: []byte(`{"a":1.0}`)})
	w.end()
	want := "{\"type\":\"progress\",\"progress\":0.5}\n{\"type\":\"log\",\"level\":\"info\",\"data\":{\"a\":1.0}}\n"
	if out.String() != want {
		t.Errorf("got  %s\nwant %s", &out, want)
	}
}

func TestInert(t *testing.T) {
	t.Parallel()
	for text, want := range map[string]string{
		"plain\n\ttext é 日本": "plain\n\ttext é 日本",
		"\x1b[31mred\x1b[0m": "␛[31mred␛[0m",
		"\x1b]52;c;aGk=\a":   "␛]52;c;aGk=␇",
		"a\rb\x7f":           "a␍b␡",
		"c1 \u009b31m":       "c1 \ufffd31m",
		"bidi \u202e\u2066":  "bidi \ufffd\ufffd",
		"tags \U000e0041":    "tags \ufffd",
		"\xff":               "\ufffd",
	} {
		if got := inert(text); got != want {
			t.Errorf("%q became %q, want %q", text, got, want)
		}
	}
	if got := oneLine(" a\n\n b\r\n\x1b"); got != "a b ␛" {
		t.Errorf("got %q", got)
	}
}

func TestASCIIOnly(t *testing.T) {
	for _, test := range []struct {
		all, lang string
		want      bool
	}{{"C", "de_DE.UTF-8", true}, {"", "de_DE.UTF-8", false}, {"en_US.utf8", "C", false}, {"", "POSIX", true}} {
		t.Setenv("LC_ALL", test.all)
		t.Setenv("LC_CTYPE", "")
		t.Setenv("LANG", test.lang)
		if got := asciiOnlyOnUnix(); got != test.want {
			t.Errorf("%+v: got %v", test, got)
		}
	}
}
