package command

import (
	"fmt"
	"runtime"
	"strings"
	"testing"
	"testing/iotest"

	"github.com/sluice-dev/sluice/tools"
)

// read runs text through a stream and returns what it kept and what it reported.
func read(text string, limit int64, messages, bytewise bool) (kept string, reports []string, full bool) {
	h := newHead(limit)
	s := newStream(h, limit, func(p tools.Progress) {
		reports = append(reports, fmt.Sprintf("%v/%v %s", p.Done, p.Total, p.Message))
	}, messages)
	if bytewise {
		s.readFrom(iotest.OneByteReader(strings.NewReader(text)))
	} else {
		s.readFrom(strings.NewReader(text))
	}
	select {
	case <-s.full:
		full = true
	default:
	}
	return h.String(), reports, full
}

func TestStream(t *testing.T) {
	t.Parallel()
	long := strings.Repeat("x", 3*maxLine)
	tests := []struct {
		name, text, kept string
		reports          []string
	}{
		{"lines", "a\nb\n", "a\nb\n", []string{"0/0 a", "0/0 b"}},
		{"no newline at the end", "a\nb", "a\nb", []string{"0/0 a", "0/0 b"}},
		{"CRLF", "a\r\nb\r\n", "a\r\nb\r\n", []string{"0/0 a", "0/0 b"}},
		{"a bar", "1%\r2%\r", "1%\r2%\r", []string{"0/0 1%", "0/0 2%"}},
		{"empty lines", "\n\n \n", "\n\n \n", nil},
		{"progress", "a\n::progress 1/2 x y\nb\n", "a\nb\n", []string{"0/0 a", "1/2 x y", "0/0 b"}},
		{"progress with CRLF", "::progress 1/2 x\r\n\r\nb", "\r\nb", []string{"1/2 x", "0/0 b"}},
		{"progress at the end", "a\n::progress 2", "a\n", []string{"0/0 a", "2/0 "}},
		{"progress in a line", "a ::progress 2\n", "a ::progress 2\n", []string{"0/0 a ::progress 2"}},
		{"progress of nothing", "::progress x\n", "::progress x\n", []string{"0/0 ::progress x"}},
		{"a long line", long + "\nb", long + "\nb", []string{"0/0 " + long[:maxLine], "0/0 b"}},
		{"a line of the longest length", long[:maxLine-1] + "\nb", long[:maxLine-1] + "\nb", []string{"0/0 " + long[:maxLine-1], "0/0 b"}},
		{"long progress", "::progress 1 " + long + "\n", "::progress 1 " + long + "\n", []string{"0/0 ::progress 1 " + long[:maxLine-13]}},
		{"a long line cut in a character", "x" + strings.Repeat("é", maxLine) + "\n", "x" + strings.Repeat("é", maxLine) + "\n", []string{"0/0 x" + strings.Repeat("é", maxLine/2-1)}},
		{"colours", "\x1b[1ma\x1b[0m\n\x1b[K\r\n", "\x1b[1ma\x1b[0m\n\x1b[K\r\n", []string{"0/0 a"}},
		{"binary", "\x00\xff\n", "\x00\xff\n", []string{"0/0 \uFFFD"}},
	}
	for _, test := range tests {
		for _, bytewise := range []bool{false, true} {
			kept, reports, full := read(test.text, 1<<20, true, bytewise)
			if kept != test.kept || full {
				t.Errorf("%s: kept %.80q, full: %v", test.name, kept, full)
			}
			if got, want := strings.Join(reports, "\n"), strings.Join(test.reports, "\n"); got != want {
				t.Errorf("%s: reported %.80q, want %.80q", test.name, got, want)
			}
		}
	}
}

func TestStreamLimit(t *testing.T) {
	t.Parallel()
	tests := []struct {
		text string
		kept string
		full bool
	}{
		{"1234567890", "1234567890", false},
		{"12345678901", "1234567890", true},
		{"123\n456\n89012\n\n", "123\n456\n89", true},
		{strings.Repeat("x", 3*maxLine), "xxxxxxxxxx", true},
		{strings.Repeat("::progress 1/2\n", 100), "", false},
	}
	for _, test := range tests {
		for _, bytewise := range []bool{false, true} {
			if kept, _, full := read(test.text, 10, false, bytewise); kept != test.kept || full != test.full {
				t.Errorf("%.40q: kept %q, full: %v", test.text, kept, full)
			}
		}
	}
}

func TestParseProgress(t *testing.T) {
	t.Parallel()
	tests := map[string]tools.Progress{
		"::progress 3":                              {Done: 3},
		"::progress 3/10":                           {Done: 3, Total: 10},
		"::progress 3/10 packing it":                {Done: 3, Total: 10, Message: "packing it"},
		"::progress  0.5/1  x ":                     {Done: 0.5, Total: 1, Message: "x"},
		"::progress 1e3 x\xff":                      {Done: 1000, Message: "x\uFFFD"},
		"::progress 1 \x1b[31mx\x1b]0;y\a\u202e\tz": {Done: 1, Message: "x z"},
	}
	for line, want := range tests {
		if got, ok := parseProgress([]byte(line + "\r\n")); !ok || got != want {
			t.Errorf("%q: got %+v, %v", line, got, ok)
		}
	}
	for _, line := range []string{
		"", "::progress", "::progress ", "::progress x", "::progress 1/", "::progress /2", "::progress -1",
		"::progress NaN", "::progress Inf", "::progress 1e999", "::progress 1/-2", " ::progress 1", "::progression 1",
	} {
		if got, ok := parseProgress([]byte(line)); ok {
			t.Errorf("%q: got %+v", line, got)
		}
	}
}

func TestTail(t *testing.T) {
	t.Parallel()
	line := strings.Repeat("x", 99) + "\n"
	for _, size := range []int{100, 4000, 4100, 50_000, 1_000_000} {
		for _, step := range []int{100, 1000, 32_000} {
			var tail tail
			for text := strings.Repeat(line, size/100); text != ""; text = text[min(step, len(text)):] {
				_, _ = tail.Write([]byte(text[:min(step, len(text))]))
			}
			want := strings.Repeat(line, min(size, maxTail)/100)
			if size > maxTail {
				want = "[...]\n" + want
			}
			if got := tail.String(); got != want {
				t.Errorf("%d bytes by %d: got %d bytes: %.20q", size, step, len(got), got)
			}
			if cap(tail.text) > 10*maxTail {
				t.Errorf("%d bytes by %d: holds %d", size, step, cap(tail.text))
			}
		}
	}
}

// TestHeadAllocation holds the promise of head: to fill it takes less than twice its
// limit, garbage included.
func TestHeadAllocation(t *testing.T) {
	chunk := make([]byte, 32<<10)
	for _, limit := range []int64{7_000_000, 8 << 20, 10_000_001} {
		var before, after runtime.MemStats
		runtime.ReadMemStats(&before)
		h := newHead(limit)
		for range 2 * limit / int64(len(chunk)) {
			_, _ = h.Write(chunk)
		}
		runtime.ReadMemStats(&after)
		if got := after.TotalAlloc - before.TotalAlloc; got >= 2*uint64(limit) || int64(len(h.String())) != limit {
			t.Errorf("%d bytes allocated to keep %d of %d", got, len(h.String()), limit)
		}
	}
}

func BenchmarkStream(b *testing.B) {
	text := strings.Repeat("a line of the output of a program\n", 1000)
	b.SetBytes(int64(len(text)))
	b.ReportAllocs()
	for b.Loop() {
		read(text, 1<<20, false, false)
	}
}
