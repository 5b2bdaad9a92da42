package tools

import "context"

// Progress is how far a call has come.
type Progress struct {
	// Done is how much is done, in a unit of the tool's own. It should grow.
	Done float64
	// Total is what Done will be at the end; 0 where it is not known.
	Total float64
	// Message says in a few words what is going on.
	Message string
}

// Level is the severity of a log note: a syslog severity of RFC 5424 by the name
// that MCP gives it.
type Level string

// The levels, from the least severe to the most.
const (
	LevelDebug     Level = "debug"
	LevelInfo      Level = "info"
	LevelNotice    Level = "notice"
	LevelWarning   Level = "warning"
	LevelError     Level = "error"
	LevelCritical  Level = "critical"
	LevelAlert     Level = "alert"
	LevelEmergency Level = "emergency"
)

var severities = map[Level]int{
	LevelDebug: 0, LevelInfo: 1, LevelNotice: 2, LevelWarning: 3,
	LevelError: 4, LevelCritical: 5, LevelAlert: 6, LevelEmergency: 7,
}

// Severity returns 0 for debug up to 7 for emergency, and -1 for a name that is not
// a level.
func (l Level) Severity() int {
	if n, ok := severities[l]; ok {
		return n
	}
	return -1
}

// A Reporter takes what a handler reports while it runs. Its methods are safe to
// call from any goroutine, at any time, even after the call has ended, and never
// block.
type Reporter interface {
	Report(Progress)
	Log(level Level, data any)
	ReportUsage(Usage)
}

type reporterKey struct{}

// A ReporterContext is what [WithReporter] returns, for an engine that has it as part of
// something else. Both parts are to be set, and not changed once it is in use.
type ReporterContext struct {
	context.Context // the parent
	Reporter        Reporter
}

// Value returns the reporter where the functions of this package ask for it, and otherwise
// what the parent has.
func (c *ReporterContext) Value(key any) any {
	if key == (reporterKey{}) {
		return c.Reporter
	}
	return c.Context.Value(key)
}

// WithReporter returns a context whose [Report], [Log] and [ReportUsage] go to r. Engines call it;
// so does a test of a handler that wants to see its progress.
func WithReporter(ctx context.Context, r Reporter) context.Context {
	return &ReporterContext{Context: ctx, Reporter: r}
}

// Report tells the caller how far the call has come. It may be called from any
// goroutine and any number of times: it never blocks, and the engine coalesces what
// comes too fast and drops what does not grow. A report with neither Done nor Total
// carries only its message. Without a caller that asked, it does nothing but show
// that the call is alive, which resets its idle timeout.
func Report(ctx context.Context, p Progress) {
	if r, ok := ctx.Value(reporterKey{}).(Reporter); ok {
		r.Report(p)
	}
}

// Log sends a note to the caller, where it asked for notes of this level. Data is
// anything that encodes to JSON; it must hold no secrets. Like [Report] it never
// blocks.
func Log(ctx context.Context, level Level, data any) {
	if r, ok := ctx.Value(reporterKey{}).(Reporter); ok {
		r.Log(level, data)
	}
}
