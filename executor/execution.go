package executor

import (
	"context"
	"strings"
	"sync"
	"sync/atomic"
	"time"

	"github.com/sluice-dev/sluice/tools"
)

// An Execution is one call on its way through the pipeline. A [Policy] reads the
// exported fields, and must not keep them after it has returned.
type Execution struct {
	// Request is what was asked for.
	Request *Request

	// Entry is the tool.
	Entry *tools.Entry

	// Call is what the handler will be given. Who changes its arguments changes both the
	// text and the values: after a wait these may have been decoded anew from the text.
	Call tools.Call

	bounds    *bounds               // of the engine, when the call came
	until     *time.Time            // the deadline of a flight's leader, where there is one
	heard     atomic.Int64          // nanoseconds from when the call came to the last sign of life
	slotted   atomic.Int64          // nanoseconds from then to when it was given its slot; written by the queue
	tool      *toolState            // written by lookup
	ticket    ticket                // belongs to the queue
	gate      *gate                 // belongs to progress; nil where the caller listens to nothing
	reports   tools.ReporterContext // belongs to progress
	clock     stopwatch             // belongs to timeout
	context   callContext           // the first that a handler was given; belongs to timeout
	waits     *waits                // nil where the call is not traced
	audit     *auditor              // nil where there is no log
	allowance Allowance             // written by allow, as is
	priority  Priority              // the class that the call has
	allowed   bool                  // and the audit log says so; belongs to audit
	shelved   bool                  // the decoded arguments; belongs to validate
	answered  bool                  // guarded by mu

	job     *Job          // that runs the call; nil where there is none
	stage   atomic.Int32  // of the handler that the job's own goroutine runs; belongs to leave.go, as do
	leaving *leaving      // how the goroutine is left to the handler; nil until the context is cancelled,
	over    time.Duration // and when that handler returned, after the call came; 0 where there is none
	passed  passage       // belongs to the breaker
	breaks  bool          // the call counts for the breaker
	repeats bool          // the call counts for the guard against repeated failures

	crowded     atomic.Bool // when it came to the queue its caller had all its slots
	cut         atomic.Bool // the result is not whole; written by limitResult
	unreachable atomic.Bool // the handler's error was one; written by invoke

	prev, next *Execution // belong to the ledger, as does
	barriers   []*barrier // what waits for the call to leave it

	starts    int32        // handlers started so far; belongs to the call's own goroutine
	running   atomic.Int32 // those that have not returned; lowered under mu
	mu        sync.Mutex   // guards all below, but for record.Queued, which stays as it is
	record    Record
	flight    *flight            // what the call waits for or has waited for, if anything
	after     []func(*Execution) // to be called when running is 0 again
	cancel    canceller          // the outermost part that waits
	interrupt error              // why the engine cancelled the call
	waitsFor  string             // what the call waits for now, in words
}

// maxName is how many bytes of a name go into the records, and of a tool's name into
// errors: callers choose them, and records and errors are kept. No tool's name is as long.
const maxName = 256

// clip returns a name that is not too long. It keeps nothing of one that is.
func clip(name string) string {
	if len(name) <= maxName {
		return name
	}
	return strings.ToValidUTF8(strings.Clone(name[:maxName]), "")
}

func (e *Engine) newExecution(req *Request) *Execution {
	x := &Execution{}
	e.begin(x, req)
	return x
}

// begin makes the execution, which is new, that of a request.
func (e *Engine) begin(x *Execution, req *Request) {
	now := time.Now()
	priority := new(Allowance).class(req.Priority)
	id, tool := e.ids.next(now), clip(req.Tool)
	x.Request = req
	call, record := &x.Call, &x.record // not by whole structs, which are large to copy
	call.ID, call.Tool, call.Arguments, call.Caller, call.Trace = id, tool, req.Arguments, req.Caller, req.Trace
	record.ID, record.Tool, record.Caller, record.Transport = id, tool, clip(req.Caller), req.Transport
	record.Priority, record.Queued, record.BytesIn = priority.String(), now, int64(len(req.Arguments))
	x.bounds, x.audit, x.priority = e.bounds.Load(), e.audit, priority
	if req.OnProgress != nil || req.OnLog != nil {
		x.gate = &gate{vitals: vitals{x}}
	}
}

// fork returns an execution of the same call, which may go through policies that x does
// not wait in. It has the call's id, but neither a place in the ledger nor a record
// that is kept.
func (x *Execution) fork() *Execution {
	x.mu.Lock()
	record := x.record
	x.mu.Unlock()
	return &Execution{
		Request: x.Request, Entry: x.Entry, Call: x.Call, bounds: x.bounds, tool: x.tool, waits: x.waits, audit: x.audit,
		record: record, allowance: x.allowance, priority: x.priority,
	}
}

// deadline returns when the caller waits no longer, where that is known. That of a
// flight is not in its context, since it does not end the flight.
func (x *Execution) deadline(ctx context.Context) (time.Time, bool) {
	if x.until != nil {
		return *x.until, true
	}
	return ctx.Deadline()
}

// born returns when the call came.
func (x *Execution) born() time.Time { return x.record.Queued }

// age is how long ago the call came. All times but the first are measured from
// there: it is cheaper than the time of day, and does not jump with it.
func (x *Execution) age() time.Duration { return time.Since(x.born()) }

// end returns when the call has ended, after it came. Policies ask on the way back. Where
// the call's own goroutine has run the handler, they are told when that returned: next to
// nothing has passed since, and to read the clock takes longer than most policies do.
func (x *Execution) end() time.Duration {
	if x.over > 0 {
		return x.over
	}
	return x.age()
}

// AfterReturn calls f when every handler that the execution has started has really
// returned: at once where that is so already or none was started, and otherwise,
// that is when a handler was abandoned, from the handler's goroutine. This is how a
// policy gives back what it took: what an abandoned handler may still use stays
// charged. f must not block.
//
//	defer x.AfterReturn(giveBack)
func (x *Execution) AfterReturn(f func(*Execution)) {
	if !x.stuck() || !x.later(f) {
		f(x)
	}
}

// stuck reports whether a handler runs. None starts behind the back of who asks: that is
// for the call's own goroutine to do.
func (x *Execution) stuck() bool { return x.running.Load() > 0 }

// later has the last handler call f, unless it has returned meanwhile.
func (x *Execution) later(f func(*Execution)) bool {
	x.mu.Lock()
	defer x.mu.Unlock()
	if !x.stuck() {
		return false
	}
	x.after = append(x.after, f)
	return true
}

// handlerStarts and handlerReturned enclose the life of a handler.
func (x *Execution) handlerStarts() {
	x.running.Add(1)
	x.starts++
}

// handlerDoesNotStart takes back what handlerStarts said.
func (x *Execution) handlerDoesNotStart() {
	x.running.Add(-1)
	x.starts--
}

// handlers returns how many have been started. A policy sees from it whether what is
// below it has called the tool or has refused to.
func (x *Execution) handlers() int { return int(x.starts) }

func (x *Execution) handlerReturned() {
	x.mu.Lock()
	var after []func(*Execution)
	if x.running.Add(-1) == 0 {
		after, x.after = x.after, nil
	}
	x.mu.Unlock()
	for _, f := range after {
		f(x)
	}
}

// note changes the record.
func (x *Execution) note(change func(*Record)) {
	x.mu.Lock()
	defer x.mu.Unlock()
	change(&x.record)
}

// snapshot returns the record as it stands.
func (x *Execution) snapshot() Record {
	x.mu.Lock()
	defer x.mu.Unlock()
	return x.complete()
}

// complete returns the record with what its flight adds. The caller holds x.mu.
func (x *Execution) complete() Record {
	r := x.record
	if x.flight != nil {
		x.flight.complete(&r, x)
	}
	return r
}

// fail returns an error of this execution.
func (x *Execution) fail(kind Kind, cause error) *Error {
	return &Error{Kind: kind, ID: x.Call.ID, Tool: x.Call.Tool, Err: cause}
}
