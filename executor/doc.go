// Package executor is the engine between the wire and the tools: it runs calls so
// that one bad tool, one greedy caller or one stuck call hurts nobody else.
//
// An [Engine] takes a [Request] through a fixed list of policies, of which each adds
// one concern around the rest:
//
//	Execute                                                        the caller's goroutine
//	   |
//	(trace)     Options.Tracer, where there is one
//	record      in flight until the handler has returned; leaves a Record
//	recover     a panic of the policies below fails this call only
//	lookup      finds the tool
//	allow       Options.Allowance: the class, rate, slots and places of this caller
//	authorize   Options.Authorize: may this caller use this tool
//	validate    arguments against the input schema
//	progress    opens the gate for reports and heartbeats, shuts it before the answer
//	(interrupt) where functions of the user's follow, lets the engine cancel them
//	hooks       Options.Before and After
//	(user)      Options.Policies
//	audit       Options.Audit: the call is allowed; how it ends is for record to say
//	cache       for tools that declare it: a kept result, or one flight for all
//	   |        identical calls, which runs what follows in a goroutine of its own
//	rate        a token of each rate limit, or a place to wait for them
//	repeat      refuses arguments that have failed again and again
//	breaker     refuses calls of a tool that fails, for a while
//	queue       a slot of the server and one of the tool, or a place to wait
//	audit       the call is started
//	timeout     hard cap and idle limit, each a cause of its own
//	abandon -----------------------------------   a goroutine that the caller can do without
//	   |        answers the caller      recover    a panic becomes an error
//	   |        of a handler that       size       a result that is not too large
//	   |        does not stop           output     result against the output schema
//	   |                                handler    tools.Handler.Call
//	   v
//	*tools.Result or *Error
//
// A call is in one of these states; each but the last is seen in [Engine.InFlight]:
//
//	          no slot             slot             the handler returns
//	arrives ----------> waiting ----------> running ------------------> finished
//	   |  \_____________________slot__________^  |                        ^   ^
//	   |                   |                     | context done, grace    |   |
//	   |                   |                     | over: caller answered  |   |
//	   |                   |                     v                        |   |
//	   |                   |                 abandoned -- returns --------+   |
//	   +---- refused ------+--- cancelled ------------------------------------+
//
// # Ordering
//
// Calls that run are not ordered; how those that wait are is said below. Within a call,
// progress and notes reach the caller one at a time, in order, and never after Execute
// has returned.
//
// # Back-pressure and overload
//
// At most [Options.Concurrency] calls run, and [Options.Queue] wait with at most
// [Options.QueueBytes] of arguments; what exceeds both is refused at once with
// [KindOverloaded] and a time after which to try again. So is a call that would probably
// wait for longer than its deadline or [Options.QueueTimeout] leaves it: the estimate
// takes the calls that go before it, as of now, and how long calls have run of late.
// At most [Options.InFlightBytes] of arguments are in flight, wherever their calls are,
// and no call comes in while [Options.Pressure] says that memory is short
// ([KindMemoryPressure]); what is in flight goes on.
// What comes faster than the rate limits is refused with [KindRateLimited], unless it may
// wait ([Options.RateWait]); one that waits for a tight limit holds up nobody who shares
// only a wider one. At most 4096 calls wait so, or for the result of an identical call,
// besides those of the queue, again with at most [Options.QueueBytes] of arguments; what
// exceeds that is refused. Memory is bounded by that: there is no other queue.
// Where the queue is full, a call may still have the place of one that waits: the last of
// the caller with the most calls in a lower class, or of one in its own class who has more
// there than its own caller. That one is refused in its stead. An eighth of the places are
// left to normal calls, and a 64th to batch ones, whatever comes above them.
// [Engine.Adjust] changes all these limits while calls run and wait. Progress is coalesced (at
// most 20 values in any second, the last one kept) and excess notes are dropped and
// counted. The functions of a [Request] run on the tool's time, so they must hand on and
// not block; [Engine.Stream] does that for a consumer of any speed.
//
// # Waiting
//
// A call that finds a free slot of the server and of its tool has it. While one is free,
// nobody waits who could have it; a tool whose slots are all taken holds up no other.
// Otherwise the call waits, and a slot that comes free goes
//
//   - to the highest [Priority] that waits for it, but classes age: after 8 slots that
//     went over its head the next is for a normal call, and after 64 for a batch call.
//     That is counted for the server and for each tool;
//   - in the class to the callers by turns, each a call at a time, over all tools
//     together;
//   - of one caller, class and tool to the call that came first.
//
// A caller may have slots and places of its own ([Options.Allowance]): while it has all of
// its slots, its calls wait and hold up nobody, and what follows is counted from when it
// has one left. Each time that this comes about, its calls stand where they would have
// stood.
//
// What a call can suffer follows from this. Let P be 0 for an interactive call, 8 for a
// normal and 64 for a batch one, let k calls of its caller wait before it in its class
// for its tool, and let m other callers wait in its class. While it waits for a slot of
// the server, and all wait for one tool,
//
//   - at most k+1 calls of each other caller of its class go before it, however many
//     these have waiting: so at most N = (k+1)(m+1) slots go to its class until it has
//     its own;
//   - at most P*N slots go to higher classes;
//   - while n slots go to classes above normal, at most 2(n/8+1) go to normal calls, and
//     while n go to classes above batch, at most 2(n/64+1) to batch calls: once for the
//     server and once for the tool.
//
// So an interactive call of a caller with nothing waiting has its slot after at most one
// call of each other interactive caller and four of lower classes, for each 8 of its own
// one or two more. H slots come free within H/C times the longest time that a call runs,
// rounded up, where C is the number of slots.
//
// Where calls wait for T tools, each caller's turns are spread over those it waits for:
// then (k+1)T + T-1 calls of each other caller may go first, and T-1 more of each lower
// class. For the slots of a tool that has a limit the first two bounds hold as well, with
// m counted among the callers that wait for it, C its slots, and at most (k+1)(T+1) calls
// of each other caller; of the lower classes it may get what is due to these over all.
// Where slots of the server are short too, each of the tool's may have to wait for one.
//
// Shares are counted in calls and not in the time that they run. What is known of a
// caller is forgotten with the last of its calls that waits.
//
// # Shared results
//
// Of a tool that declares a cache (tools.Cache), results are kept, and identical calls in
// flight share one execution: that of the call that came first. It goes on while anyone
// waits for it, whoever leaves, is not ended by anyone's deadline, and is refused for nobody but
// its first caller: others then try for themselves. A call of a higher class does not wait
// for one that waits in a lower. What is kept is bounded by [Options.CacheEntries] and
// [Options.CacheBytes].
//
// # Time
//
// A call has its hard cap and its idle limit from the moment it has its slot. A tool may
// have the cap follow its own runs (tools.Limits.Adaptive): it is then p99 x factor of
// the last 128 to 256 that succeeded, within a floor and a ceiling; the ordinary one
// until 32 have. A timeout at the cap doubles it, once for all calls that ran under it,
// and each run that did not need that takes a sixteenth off again. So a tool that became
// n times slower is cut off in at most log2(n) rounds, 11 quick runs forget a doubling, a
// tool of which less than 1 call in 12 hangs keeps near its usual cap, and while nothing
// changes less than 1 run in 50 is cut off for being slow. [Metrics] show the state.
//
// A caller who asked for progress and is given none hears every [Options.Heartbeat] that
// the call runs, or what it waits for. That is no sign of life for the idle limit.
//
// # What is stuck
//
// Go cannot stop a goroutine. A handler that ignores its context is abandoned: its
// caller is answered [Options.AbandonGrace] after the context was done, and the handler
// keeps its slots until it returns. So a tool that hangs uses up its own slots
// (tools.Limits.Concurrency) and then waits for itself; without such a limit it can use
// up the server's. [Metrics] count what is abandoned.
//
// So a handler has a goroutine beside that of its caller. A [Job] does without where it
// can, since nobody waits for its end: the goroutine of its policies runs the handler too.
// Where that does not stop, a timer settles the call: it does what the policies do when a
// caller is answered, and leaves them the rest for when the handler returns (leave.go).
//
// # Shutdown
//
// [Engine.Drain] refuses new calls and lets those that run or wait come to their end
// until its context is done; then it cancels them with [ErrShuttingDown] as the cause.
// The goroutines of an engine are those of calls, which end with these, and, while
// [Engine.KeepReady] is in force, up to 256 that wait for the next call. It needs no closing.
//
// # Audit
//
// With [Options.Audit] each call leaves a line when it is allowed, when it is started and
// when it has ended or was refused; see package executor/audit. Only with
// [Options.AuditRequired] does a call wait for its first line.
//
// # Errors
//
// Execute returns an [*Error] and nothing else. Its [Kind] is stable, errors.Is finds
// the sentinel of the policy that made it and the cause below it, and [Error.Public] is
// what a caller may be told. A tool's own failure (a result with IsError, a
// *tools.Error) is a result and no error.
//
// # Where to read what
//
// The story is engine.go, then pipeline.go, then each policy in the order above, in the
// file that bears its name. What stands behind them:
//
//	ways in      job.go a call with a callback, stream.go its progress as a sequence,
//	             submit.go and submissions.go a call to be asked about by its id
//	a call       execution.go its state, context.go what its handler is given,
//	             interrupt.go how it is stopped, invoke.go the handler itself,
//	             worker.go the goroutines, leave.go a job that has only one, quick.go
//	             tools whose calls are over before another goroutine wakes, id.go the ids
//	the door     ledger.go what is in flight, and who waits until nothing is,
//	             admission.go what is not let in, inflight.go asks and stops, drain.go shuts
//	rate         bucket.go and pacer.go the tokens, rateline.go who waits, rateerror.go
//	breaker      circuit.go the states
//	cache        cachekey.go what is identical, coalesce.go and fan.go a flight and
//	             those it is for, room.go how many wait elsewhere than in the queue
//	queue        ticket.go a call's place, slots.go who is next, by class.go, lane.go (a
//	             tool), caller.go (in a class) and account.go (over all), on the heap of
//	             pile.go; forecast.go how long it takes, yield.go who gives way, by crowd.go
//	             who has most; priority.go and queue_state.go what is seen of it
//	limits       adjust.go what of the options changes while calls run
//	timeout      alarm.go the timer, adaptive.go and window.go the cap that follows
//	progress     meter.go what is shown, heartbeat.go where nothing is
//	result       size.go and output.go
//	errors       error.go the kinds, public.go the sentences
//	numbers      tally.go and durations.go count, usage.go what processes took,
//	             statistics.go by tool, with the state that policies keep of one,
//	             callers.go by caller, metrics.go is read
//
// A policy of your own is a [Policy]; one more of ours is a file, a line in pipeline.go
// and one in everyPolicy of conformance_test.go, which says what else.
package executor
