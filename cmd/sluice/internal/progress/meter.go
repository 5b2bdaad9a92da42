package progress

import (
	"fmt"
	"math"
	"strings"
	"time"

	"github.com/sluice-dev/sluice/tools"
)

// rateWindow is how far back the rate looks, at least and at most twice: long enough
// to be steady, short enough to follow a change.
const rateWindow = 5 * time.Second

// A Style is how a line is drawn.
type Style struct {
	// Width is how many columns there are.
	Width int
	// ASCII keeps to letters that every terminal has.
	ASCII bool
}

// A Meter follows one call. It is not safe for concurrent use.
type Meter struct {
	start        time.Time
	last         tools.Progress
	older, newer sample // of which the rate is reckoned from the older
}

type sample struct {
	at   time.Time
	done float64
}

// NewMeter returns the meter of a call that starts now.
func NewMeter(now time.Time) *Meter {
	first := sample{at: now}
	return &Meter{start: now, older: first, newer: first}
}

// Update takes a report. One without a message keeps the last message.
func (m *Meter) Update(p tools.Progress, now time.Time) {
	if p.Message == "" {
		p.Message = m.last.Message
	}
	m.last = p
	if now.Sub(m.newer.at) >= rateWindow {
		m.older, m.newer = m.newer, sample{at: now, done: p.Done}
	}
}

// Line returns the line for this moment: a bar where the total is known, a spinner
// otherwise. It fits the width, less a column that terminals wrap at.
func (m *Meter) Line(now time.Time, style Style) string {
	fit := &fitter{left: style.Width - 1}
	if m.last.Total > 0 {
		m.bar(fit, now, style)
	} else {
		m.spinner(fit, now, style)
	}
	fit.rest(m.last.Message)
	return fit.String()
}

func (m *Meter) bar(fit *fitter, now time.Time, style Style) {
	share := min(1, m.last.Done/m.last.Total)
	if !(share >= 0) { // also what is not a number
		share = 0
	}
	fit.add(fmt.Sprintf("%3d%%", int(share*100)))
	fit.add(blocks(share, max(10, min(30, style.Width/4)), style.ASCII))
	fit.add(count(m.last.Done) + "/" + count(m.last.Total))
	rate := m.rate(now)
	if !(rate > 0) {
		return
	}
	if left := m.last.Total - m.last.Done; left > 0 {
		fit.add(span(seconds(math.Ceil(left/rate))) + " left")
	}
	fit.add(perTime(rate))
}

func (m *Meter) spinner(fit *fitter, now time.Time, style Style) {
	frames := []rune("⠋⠙⠹⠸⠼⠴⠦⠧⠇⠏")
	if style.ASCII {
		frames = []rune(`|/-\`)
	}
	elapsed := now.Sub(m.start)
	fit.add(string(frames[int(elapsed/(100*time.Millisecond))%len(frames)]))
	fit.add(span(elapsed))
	if m.last.Done > 0 {
		fit.add(count(m.last.Done))
		if rate := m.rate(now); rate > 0 {
			fit.add(perTime(rate))
		}
	}
}

// rate returns how much is done a second, 0 in the first second.
func (m *Meter) rate(now time.Time) float64 {
	elapsed := now.Sub(m.older.at)
	if elapsed < time.Second {
		return 0
	}
	return (m.last.Done - m.older.done) / elapsed.Seconds()
}

// blocks draws a bar, in eighths of a column where the letters allow.
func blocks(share float64, width int, ascii bool) string {
	if ascii {
		full := int(share * float64(width))
		return "[" + strings.Repeat("#", full) + strings.Repeat("-", width-full) + "]"
	}
	eighths := int(share * float64(width) * 8)
	bar := strings.Repeat("█", eighths/8)
	if rest := eighths % 8; rest > 0 {
		bar += string([]rune("▏▎▍▌▋▊▉")[rest-1])
	}
	return bar + strings.Repeat("░", width-cells(bar))
}

// Plain returns a line for a log, for example "progress 3/10 fetching".
func Plain(p tools.Progress) string {
	words := []string{"progress", count(p.Done)}
	if p.Total > 0 {
		words[1] += "/" + count(p.Total)
	}
	if p.Message != "" {
		words = append(words, p.Message)
	}
	return strings.Join(words, " ")
}
