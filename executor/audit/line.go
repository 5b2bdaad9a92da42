package audit

import (
	"encoding/hex"
	"strconv"
	"strings"
	"time"

	"github.com/go-json-experiment/json/jsontext"

	"github.com/sluice-dev/sluice/executor/history"
)

// timeLayout is RFC 3339 in UTC with a fixed number of digits, so that lines sort.
const timeLayout = "2006-01-02T15:04:05.000000Z"

// line is a line of JSON in the making: members are appended behind one that is there.
type line []byte

// text adds a member unless it is empty.
func (l *line) text(name, value string) { l.cut(name, value, maxName) }

func (l *line) cut(name, value string, most int) {
	if value == "" {
		return
	}
	if len(value) > most {
		value = value[:most]
	}
	l.name(name)
	*l, _ = jsontext.AppendQuote(*l, strings.ToValidUTF8(value, "\uFFFD")) // fails for invalid UTF-8 alone
}

func (l *line) name(name string) {
	*l = append(*l, ',', '"')
	*l = append(*l, name...)
	*l = append(*l, '"', ':')
}

func (l *line) number(name string, value int64) {
	l.name(name)
	*l = strconv.AppendInt(*l, value, 10)
}

// milliseconds adds a time span, to the microsecond.
func (l *line) milliseconds(name string, value time.Duration) {
	l.name(name)
	*l = strconv.AppendFloat(*l, float64(value.Microseconds())/1e3, 'f', -1, 64)
}

func (l *line) hex(name string, value []byte) {
	l.name(name)
	*l = append(*l, '"')
	*l = hex.AppendEncode(*l, value)
	*l = append(*l, '"')
}

// entry adds what the event has to say. What does not apply to a call is left out.
func (l *line) entry(e *Entry, p *process) {
	switch e.Event {
	case EventOpened, EventContinued:
		l.process(p)
	case EventDropped:
		l.number("lines", int64(e.lines))
	case EventAllowed:
		l.request(e)
	case EventRefused:
		l.request(e)
		l.refusal(e)
	case EventStarted:
		l.call(&e.Call)
		l.milliseconds("wait_ms", e.Call.Started.Sub(e.Call.Queued))
	case EventFinished:
		l.call(&e.Call)
		l.end(&e.Call)
	case EventPanicked:
		l.call(&e.Call)
		l.cut("stack", e.Stack, maxStack)
	}
}

func (l *line) process(p *process) {
	l.number("format", format)
	l.text("host", p.host)
	l.number("pid", int64(p.pid))
	l.text("version", p.version)
}

func (l *line) call(r *history.Record) {
	l.text("call_id", r.ID)
	l.text("tool", r.Tool)
	l.text("caller", r.Caller)
}

func (l *line) request(e *Entry) {
	l.call(&e.Call)
	l.text("transport", e.Call.Transport)
	l.text("priority", e.Call.Priority)
	l.number("bytes_in", e.Call.BytesIn)
	l.hex("arguments_sha256", e.Arguments[:])
}

func (l *line) refusal(e *Entry) {
	l.text("policy", e.Policy)
	l.text("kind", string(e.Call.Kind))
	l.text("reason", e.Call.Reason)
	if e.RetryAfter > 0 {
		l.milliseconds("retry_after_ms", e.RetryAfter)
	}
	l.milliseconds("duration_ms", e.Call.Finished.Sub(e.Call.Queued))
}

func (l *line) end(r *history.Record) {
	l.text("outcome", string(r.Outcome))
	l.text("kind", string(r.Kind))
	l.text("reason", r.Reason)
	l.text("cached", string(r.Cached))
	if !r.Started.IsZero() {
		l.milliseconds("wait_ms", r.Started.Sub(r.Queued))
	}
	l.milliseconds("duration_ms", r.Finished.Sub(r.Queued))
	l.number("bytes_out", r.BytesOut)
	if r.CPU > 0 {
		l.milliseconds("cpu_ms", r.CPU)
	}
	if r.PeakMemory > 0 {
		l.number("peak_memory_bytes", r.PeakMemory)
	}
	l.text("sandbox", r.Sandbox)
	if r.Abandoned {
		l.name("abandoned")
		*l = append(*l, "true"...)
	}
}
