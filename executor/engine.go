package executor

import (
	"context"
	"encoding/json"
	"log/slog"
	"runtime"
	"time"
	"weak"

	"github.com/sluice-dev/sluice/executor/audit"
	"github.com/sluice-dev/sluice/executor/history"
	"github.com/sluice-dev/sluice/tools"
)

// Options configure an [Engine]. The zero value of each field but Registry takes
// its default.
type Options struct {
	// Registry holds the tools. It is required.
	Registry *tools.Registry

	// Concurrency is how many calls run at once, over all tools; a call that was
	// abandoned counts until its handler returns. Defaults to 64.
	Concurrency int

	// Queue is how many calls may wait for a slot. Defaults to 1024; a negative
	// number means that none may wait.
	Queue int

	// QueueBytes is how many bytes of arguments those that wait may have in all, and as
	// many those that wait for a rate limit or the result of an identical call. Defaults
	// to 64 MiB; a negative number means any.
	QueueBytes int64

	// InFlightBytes is how many bytes of arguments the calls in flight may have in all,
	// those that run included, and those that were abandoned until their handlers return.
	// Further calls are refused with [ErrInFlightBytes]; one that is alone is not.
	// Defaults to 256 MiB; a negative number means any.
	InFlightBytes int64

	// Pressure reports whether the process has so little memory left that it must not
	// take on more: while it returns true, new calls are refused with
	// [ErrMemoryPressure], and those in flight go on. It is called for each call, at once
	// from many goroutines, so it must be quick. Defaults to never.
	Pressure func() bool

	// QueueTimeout is how long a call may wait for a slot; one that is expected to
	// wait longer is refused at once, and any other when the time is over. A tool's own
	// tools.Limits.QueueTimeout goes before it. Defaults to 1 min, after which many
	// clients give up; a negative one means any time.
	QueueTimeout time.Duration

	// Rate is how often tools may be called, over all. Calls beyond it are refused, as
	// are those beyond the limits on one tool (tools.Limits.Rate), one caller, and one
	// caller with one tool (tools.Limits.CallerRate). A call takes a token of each or of
	// none, and gives them back where its tool is not called in the end; one whose
	// arguments are invalid costs its caller a token all the same. Defaults to no limit.
	Rate tools.Rate

	// CallerRate is how often each caller may call, whatever tools; those without a name
	// count as one. At 16384 callers and pairs of callers and tools a newcomer takes over
	// the bucket that was not used for the longest time, as full as that is. Defaults to
	// no limit.
	CallerRate tools.Rate

	// Allowance says what a caller may use; those without a name count as one. It is
	// called for each call, at once from many goroutines, and by Adjust under a lock: so
	// it must be quick and call nothing of the engine. Defaults to bounding nobody beyond
	// what holds for all.
	Allowance func(caller string) Allowance

	// RateWait is how long a call may wait until the rate limits let it through. One for
	// which that would take longer, or beyond its deadline, is refused at once. Defaults
	// to 0: none waits.
	RateWait time.Duration

	// Breaker says when calls of a tool are refused for a while since it fails: see
	// tools.Breaker and [ErrCircuitOpen]. What a tool's own tools.Limits.Breaker sets
	// goes before it; Off holds for all tools.
	Breaker tools.Breaker

	// RepeatFailures is how many times one caller may send a tool the same arguments
	// that fail, within 5 min; see [ErrRepeatedFailure]. A tool's own
	// tools.Limits.RepeatFailures goes before it. Defaults to 5; a negative number means
	// any.
	RepeatFailures int

	// Timeout is the hard cap on the time a call may run, from the moment it has
	// its slot; nothing extends it. A tool's own tools.Limits.Timeout goes before
	// it. Defaults to 30 s; a negative one means no cap.
	Timeout time.Duration

	// IdleTimeout is how long a call may run without reporting progress. A tool's
	// own tools.Limits.IdleTimeout goes before it. Defaults to none.
	IdleTimeout time.Duration

	// Heartbeat is how long a call whose Request has OnProgress may be silent, while it
	// waits or runs, before the engine reports that it goes on: clients give up on what
	// they hear nothing of. It is no sign of life that would reset an idle timeout.
	// Defaults to 15 s; a negative one means never.
	Heartbeat time.Duration

	// AbandonGrace is how long a handler whose context is done may take to return
	// before its caller is answered without it. Defaults to 100 ms; a negative one
	// means that it is abandoned at once.
	AbandonGrace time.Duration

	// ResultBytes is how many bytes a result may have: the texts, links, data and
	// structured content in it, before the wire's own encoding. A tool's own
	// tools.Limits.ResultBytes goes before it. Defaults to 2 MiB, which in any
	// encoding fits into the 4 MiB that most peers read; a negative one means no
	// limit.
	ResultBytes int64

	// CacheEntries and CacheBytes are how many results are kept at most, of all tools
	// that declare a cache, and how many bytes they may take; those used least
	// recently go first. See tools.Cache. They default to 10000 and 32 MiB; a negative
	// number in either means that none are kept, so that identical calls share
	// executions only.
	CacheEntries int
	CacheBytes   int64

	// Authorize says whether a caller may use a tool: it returns nil, or why not.
	// What it returns is for the log and the record only, unless it is a
	// [*tools.Error], whose text the caller is told, or an [*Error], which stays as
	// it is. It is called for each call and for each tool of a list, at once from
	// many goroutines, so it must be quick. Defaults to allowing everything.
	Authorize func(ctx context.Context, caller string, tool *tools.Entry) error

	// Before are called, in order, before each call whose arguments are valid. The
	// first that returns an error refuses the call by it, with the same rules as for
	// Authorize; see [ErrVetoed]. After are called, in order, with what came of each
	// of these calls, refused ones too; an error or a panic of theirs is logged and
	// counted and changes nothing for the call. They run on the caller's time and
	// under its context, which may be done, so they must not block; they must not
	// keep the execution nor change the result.
	Before []func(ctx context.Context, x *Execution) error
	After  []func(ctx context.Context, x *Execution, result *tools.Result, err error) error

	// History takes the record of each call that has ended. The engine does not
	// close it. Defaults to keeping none.
	History history.Store

	// Submitted bounds what is kept of the results of submitted calls: see
	// [Engine.Submit].
	Submitted Retention

	// Audit takes every decision on every call: allowed, refused and by which policy,
	// started, finished. The engine does not close it. Defaults to none.
	Audit audit.Sink

	// AuditRequired refuses a call, before it costs anything but its validation, where
	// Audit cannot write that it is allowed; see [ErrUnaudited]. Without it a call
	// neither waits for the log nor fails with it.
	AuditRequired bool

	// Tracer follows each call in a distributed trace. Defaults to none: then where a
	// call stands in its caller's trace is handed on as it came.
	Tracer Tracer

	// Policies are the user's own, the outermost first. They run after the
	// arguments were validated and before the call takes a slot: see [Policy].
	Policies []Policy

	// Logger takes the engine's log: panics with their stacks, internal errors,
	// abandoned calls, each with the id of its call. Defaults to discarding it.
	Logger *slog.Logger
}

func (o Options) withDefaults() Options {
	o.Concurrency = max(orDefault(o.Concurrency, 64), 1)
	o.Queue = orDefault(o.Queue, 1024)
	o.QueueBytes = orDefault(o.QueueBytes, 64<<20)
	o.InFlightBytes = orDefault(o.InFlightBytes, 256<<20)
	o.QueueTimeout = orDefault(o.QueueTimeout, time.Minute)
	o.RateWait = max(o.RateWait, 0)
	o.RepeatFailures = orDefault(o.RepeatFailures, 5)
	o.Timeout = orDefault(o.Timeout, 30*time.Second)
	o.Heartbeat = orDefault(o.Heartbeat, 15*time.Second)
	o.AbandonGrace = min(orDefault(o.AbandonGrace, 100*time.Millisecond), unlimited)
	o.CacheEntries = orDefault(o.CacheEntries, 10_000)
	o.CacheBytes = orDefault(o.CacheBytes, 32<<20)
	o.ResultBytes = orDefault(o.ResultBytes, 2<<20)
	o.Submitted = o.Submitted.withDefaults()
	if o.History == nil {
		o.History = history.NewMemory(0)
	}
	if o.Logger == nil {
		o.Logger = slog.New(slog.DiscardHandler)
	}
	return o
}

// orDefault returns value, standard where it is 0, and 0 where it is negative: in
// Options a negative number switches off what 0 leaves at its default.
func orDefault[T ~int | ~int64 | ~float64](value, standard T) T {
	if value == 0 {
		return standard
	}
	return max(value, 0)
}

// A Request asks for one execution. It must not be changed while the call is in
// flight.
type Request struct {
	// Tool is the name of the tool.
	Tool string

	// Arguments is a JSON object; nil, nothing and null stand for an empty one.
	Arguments json.RawMessage

	// Caller and Transport say who calls, and through what.
	Caller, Transport string

	// Priority is the class in which the call waits where it has to; it is lowered to what
	// its caller may have. PriorityUsual leaves it to that.
	Priority Priority

	// Trace is where the caller stands in a distributed trace.
	Trace tools.Trace

	// OnProgress, where set, is given the progress of the call, and heartbeats while
	// there is none ([Options.Heartbeat]): strictly growing, coalesced to at most 20 in
	// any second, never after Execute has returned, never at once with itself or with
	// OnLog. It must not block, and it must not report progress itself.
	OnProgress func(tools.Progress)

	// OnLog, where set, is given the notes that the handler logs, under the same
	// rules; of more than 1000 in a second the rest is dropped and counted.
	OnLog func(level tools.Level, data any)
}

// Engine runs calls. Its methods are safe for concurrent use.
type Engine struct {
	opts   Options // as it was made; see bounds for what has changed since
	bounds inForce
	ids    idSource
	stats  *statistics
	rates  *rates
	repeat *repeats
	trips  *breakers
	queue  *queue
	aside  *room // where calls wait for other things than a slot
	ledger *ledger
	alarms alarms
	beats  heartbeats
	hooks  *hooks
	cache  *cache
	audit  *auditor // nil where there is no log
	run    Handler

	recorder *recorder
	leaves   bool // the goroutine of a job to its handler: see leavable

	workers *workers

	submissions submissions
}

// New returns an engine. It starts no goroutine: an engine that is dropped needs no
// closing. It panics without a registry, and where an audit log is required and there is
// none.
func New(opts Options) *Engine {
	if opts.Registry == nil {
		panic("executor: Options.Registry is nil")
	}
	if opts.AuditRequired && opts.Audit == nil {
		panic("executor: Options.AuditRequired is set and Options.Audit is nil")
	}
	opts = opts.withDefaults()
	aside := &room{}
	e := &Engine{
		opts:   opts,
		aside:  aside,
		stats:  newStatistics(opts.Registry),
		repeat: newRepeats(maxRepeats),
		ledger: &ledger{space: opts.InFlightBytes},
		alarms: alarms{epoch: time.Now()},
		hooks:  &hooks{before: opts.Before, after: opts.After, log: opts.Logger},
		cache:  newCache(opts.CacheEntries, opts.CacheBytes, aside, opts.Logger),
		audit:  newAuditor(opts),

		workers: newWorkers(),
	}
	e.recorder = &recorder{
		books: e.ledger, pressed: opts.Pressure, stats: e.stats, store: opts.History, log: opts.Logger, leave: e.ledger.leave,
	}
	e.leaves = opts.Tracer == nil && len(e.foreign()) == 0
	e.bounds.Store(opts.bounds())
	e.rates = newRates(&e.bounds, aside)
	e.trips = &breakers{bounds: &e.bounds, epoch: time.Now(), log: opts.Logger}
	e.beats.calls = e.ledger.calls
	e.beats.every.Store(int64(opts.Heartbeat))
	e.submissions.keep = opts.Submitted
	e.queue = newQueue(&e.alarms)
	e.queue.bounded = opts.Allowance != nil
	e.resize(opts.Concurrency, opts.Queue, opts.QueueBytes)
	e.aside.space.Store(opts.QueueBytes)
	e.run = chain(invoke, e.pipeline())
	e.followRegistry()
	return e
}

// followRegistry has the queue follow the registry for as long as there is the engine,
// and does not keep it: an engine is not closed.
func (e *Engine) followRegistry() {
	follower := weak.Make(e)
	cancel := e.opts.Registry.Subscribe(func() {
		if e := follower.Value(); e != nil {
			e.retool()
		}
	})
	runtime.AddCleanup(e, func(cancel func()) { cancel() }, cancel)
}

// Execute runs one call through the pipeline and returns when it has ended, or when
// it was abandoned. A result whose IsError is set is the tool's own failure. The
// error, where there is one, is always an [*Error]; the result is then nil. The bytes
// of a result may belong to other calls too, and must not be changed.
//
// Cancelling ctx cancels the call; its cause stands in the error.
func (e *Engine) Execute(ctx context.Context, req *Request) (*tools.Result, error) {
	return e.run(ctx, e.newExecution(req))
}
