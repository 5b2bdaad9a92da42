package progress

import (
	"math"
	"testing"
	"time"

	"github.com/sluice-dev/sluice/tools"
)

// TestLine plays one call and shows what is on the terminal at some moments of it.
func TestLine(t *testing.T) {
	t.Parallel()
	start := time.Date(2026, 7, 28, 12, 0, 0, 0, time.UTC)
	type report struct {
		after time.Duration
		tools.Progress
	}
	p := func(done, total float64, message string) tools.Progress {
		return tools.Progress{Done: done, Total: total, Message: message}
	}
	tests := []struct {
		name    string
		reports []report
		at      time.Duration
		style   Style
		want    string
	}{
		{"nothing yet", nil, 0, Style{Width: 80}, "⠋ 0s"},
		{"nothing yet, later", nil, 8250 * time.Millisecond, Style{Width: 80}, "⠹ 8s"},
		{"nothing yet, in ASCII", nil, 8250 * time.Millisecond, Style{Width: 80, ASCII: true}, "- 8s"},
		{"a message", []report{{time.Second, p(0, 0, "warming up")}}, 65 * time.Second, Style{Width: 80}, "⠋ 1m05s warming up"},
		{"without a total", []report{{2 * time.Second, p(84, 0, "reading")}}, 4 * time.Second, Style{Width: 80}, "⠋ 4s 84 21/s reading"},
		{"in the first second", []report{{0, p(1, 10, "")}}, 0, Style{Width: 40}, " 10% █░░░░░░░░░ 1/10"},
		{"halfway", []report{{5 * time.Second, p(21, 42, "fetching")}}, 5 * time.Second, Style{Width: 80},
			" 50% ██████████░░░░░░░░░░ 21/42 5s left 4.2/s fetching"},
		{"an eighth of a column", []report{{5 * time.Second, p(21, 400, "")}}, 5 * time.Second, Style{Width: 80},
			"  5% █░░░░░░░░░░░░░░░░░░░ 21/400 1m31s left 4.2/s"},
		{"parts of a column", []report{{5 * time.Second, p(33, 400, "")}}, 5 * time.Second, Style{Width: 80},
			"  8% █▋░░░░░░░░░░░░░░░░░░ 33/400 56s left 6.6/s"},
		{"in ASCII", []report{{5 * time.Second, p(21, 42, "")}}, 5 * time.Second, Style{Width: 40, ASCII: true},
			" 50% [#####-----] 21/42 5s left 4.2/s"},
		{"slow", []report{{60 * time.Second, p(6, 60, "")}}, 60 * time.Second, Style{Width: 60},
			" 10% █▌░░░░░░░░░░░░░ 6/60 9m00s left 6/min"},
		{"done", []report{{5 * time.Second, p(42, 42, "")}}, 5 * time.Second, Style{Width: 60},
			"100% ███████████████ 42/42 8.4/s"},
		{"more than done", []report{{5 * time.Second, p(50, 42, "")}}, 5 * time.Second, Style{Width: 40},
			"100% ██████████ 50/42 10/s"},
		{"nonsense", []report{{5 * time.Second, p(math.NaN(), 42, "")}}, 5 * time.Second, Style{Width: 40}, "  0% ░░░░░░░░░░ ?/42"},
		{"never", []report{{5 * time.Second, p(1e-300, 1e300, "")}}, 5 * time.Second, Style{Width: 60}, "  0% ░░░░░░░░░░░░░░░ 0/1e+300 ages left 0/h"},
		{"the message stays", []report{{time.Second, p(1, 2, "one")}, {time.Second, p(2, 2, "")}}, time.Second, Style{Width: 40},
			"100% ██████████ 2/2 2/s one"},
		{"stalled: the rate sinks", []report{{5 * time.Second, p(50, 100, "")}}, 50 * time.Second, Style{Width: 80},
			" 50% ██████████░░░░░░░░░░ 50/100 50s left 1/s"},
		{"faster now: the start is forgotten",
			[]report{{10 * time.Second, p(1, 100, "")}, {15 * time.Second, p(2, 100, "")}, {20 * time.Second, p(52, 100, "")}},
			20 * time.Second, Style{Width: 80}, " 52% ██████████▍░░░░░░░░░ 52/100 5s left 10/s"},
		{"cut message", []report{{5 * time.Second, p(21, 42, "fetching everything there is")}}, 5 * time.Second, Style{Width: 60},
			" 50% ███████▌░░░░░░░ 21/42 5s left 4.2/s fetching everythi…"},
		{"no room for a message", []report{{5 * time.Second, p(21, 42, "fetching")}}, 5 * time.Second, Style{Width: 42},
			" 50% █████░░░░░ 21/42 5s left 4.2/s"},
		{"narrow", []report{{5 * time.Second, p(21, 42, "x")}}, 5 * time.Second, Style{Width: 24}, " 50% █████░░░░░ 21/42 x"},
		{"very narrow", []report{{5 * time.Second, p(21, 42, "fetching")}}, 5 * time.Second, Style{Width: 6}, " 50%"},
		{"no room at all", []report{{5 * time.Second, p(21, 42, "fetching")}}, 5 * time.Second, Style{Width: 0}, ""},
		{"wide letters", []report{{0, p(0, 0, "日本語のメッセージ")}}, 0, Style{Width: 16}, "⠋ 0s 日本語の…"},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			t.Parallel()
			m := NewMeter(start)
			for _, r := range test.reports {
				m.Update(r.Progress, start.Add(r.after))
			}
			got := m.Line(start.Add(test.at), test.style)
			if got != test.want {
				t.Errorf("got  %q\nwant %q", got, test.want)
			}
			if columns := Columns(got); columns >= max(test.style.Width, 1) {
				t.Errorf("it takes %d of %d columns", columns, test.style.Width)
			}
		})
	}
}

func TestPlain(t *testing.T) {
	t.Parallel()
	for want, p := range map[string]tools.Progress{
		"progress 3/10 fetching": {Done: 3, Total: 10, Message: "fetching"},
		"progress 0.5/1":         {Done: 0.5, Total: 1},
		"progress 7":             {Done: 7},
	} {
		if got := Plain(p); got != want {
			t.Errorf("got %q, want %q", got, want)
		}
	}
}

func TestFormats(t *testing.T) {
	t.Parallel()
	for n, want := range map[float64]string{
		0: "0", 3: "3", 3.14: "3.1", 3.96: "4", 99999: "99999", 100000: "100k", 999999: "1.0M", 1234567: "1.2M", 5e9: "5.0G",
		123.4: "123", -2.5: "-2.5", 1e300: "1e+300", math.Inf(1): "?",
	} {
		if got := count(n); got != want {
			t.Errorf("count(%v) is %q, want %q", n, got, want)
		}
	}
	for d, want := range map[time.Duration]string{
		0: "0s", 59 * time.Second: "59s", 200 * time.Second: "3m20s", 3900 * time.Second: "1h05m",
		51 * time.Hour: "2d03h", 1e6 * time.Hour: "ages", -1: "ages",
	} {
		if got := span(d); got != want {
			t.Errorf("span(%v) is %q, want %q", d, got, want)
		}
	}
	for rate, want := range map[float64]string{2: "2/s", 0.5: "30/min", 0.001: "3.6/h"} {
		if got := perTime(rate); got != want {
			t.Errorf("perTime(%v) is %q, want %q", rate, got, want)
		}
	}
}

func BenchmarkLine(b *testing.B) {
	now := time.Now()
	m := NewMeter(now)
	m.Update(tools.Progress{Done: 21, Total: 42, Message: "fetching everything there is"}, now)
	b.ReportAllocs()
	for b.Loop() {
		m.Line(now.Add(5*time.Second), Style{Width: 80})
	}
}
