package executor

import (
	"math"

	"github.com/sluice-dev/sluice/tools"
)

// A meter makes of what a tool reports a series that strictly grows, as the
// specification demands (2026-07-28, basic/patterns/progress). It is only the
// arithmetic: the gate says when it is read.
type meter struct {
	latest  tools.Progress // Done is the tool's own last value, Message the last message
	counts  bool           // the tool has given a value, not only messages
	changed bool           // there is something that was not read yet
	shown   float64        // the value read last
	started bool           // shown is set
	steps   int            // how far shown is from latest.Done, in messageSteps
}

// A new message alone moves the value on by messageStep, maxSteps times; from then on
// the value grows by the least there is, so that it stays below the next whole
// number, which is likely to be the tool's next real value.
const (
	messageStep = 1.0 / 1000
	maxSteps    = 999
)

// maxValue bounds the values that a tool may report: beyond it there may be nothing
// greater to show for the next message, and infinity has no JSON.
const maxValue = 1e300

func usable(p tools.Progress) bool { // false for NaN too
	return math.Abs(p.Done) <= maxValue && math.Abs(p.Total) <= maxValue
}

// take takes a report in, and reports whether there is something new to read. A
// report that falls behind the last is dropped.
func (m *meter) take(p tools.Progress) bool {
	switch {
	case p.Done == 0 && p.Total == 0: // only a message
		return m.takeMessage(p.Message, m.latest.Total)
	case m.counts && p.Done < m.latest.Done:
		return false
	case m.counts && p.Done == m.latest.Done:
		return m.takeMessage(p.Message, p.Total)
	}
	if p.Message == "" && m.changed {
		p.Message = m.latest.Message // or it would be lost unread
	}
	m.latest, m.counts, m.changed, m.steps = p, true, true, 0
	return true
}

func (m *meter) takeMessage(message string, total float64) bool {
	if message == "" {
		message = m.latest.Message
	}
	if message == m.latest.Message && total == m.latest.Total {
		return false
	}
	m.latest.Message, m.latest.Total, m.changed = message, total, true
	return true
}

// read returns what to show, which is more than was shown before.
func (m *meter) read() tools.Progress {
	p := m.latest
	if m.started && p.Done <= m.shown || !m.counts {
		p.Done = m.between()
	}
	m.shown, m.started, m.changed = p.Done, true, false
	return p
}

// beat returns a value that moves on by a message of ours, beside the tool's own.
func (m *meter) beat(message string) tools.Progress {
	p := m.latest
	p.Done = m.between()
	if p.Message != "" {
		message = p.Message + " (" + message + ")"
	}
	p.Message = message
	m.shown, m.started = p.Done, true
	return p
}

// between returns a value above what was shown, for when the tool gave none.
func (m *meter) between() float64 {
	m.steps++
	if m.started {
		m.steps = max(m.steps, int((m.shown-m.latest.Done)/messageStep)+1)
	}
	value := m.latest.Done + float64(m.steps)/1000
	if m.steps > maxSteps || m.started && value <= m.shown {
		m.steps = min(m.steps, maxSteps)
		value = math.Nextafter(max(m.shown, m.latest.Done), math.Inf(1))
	}
	return value
}
