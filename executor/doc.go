// Package executor is the engine between the wire and the tools: it runs calls so
// that one bad tool, one greedy caller or one stuck call hurts nobody else.
//
// An [Engine] takes a [Request] through a fixed list of policies, of which each adds
// one concern around the rest:
//
//	Execute                                                        the caller's goroutine
//	   |
//	record      in flight until the handler has returned; leaves a Record
//	recover     a panic of the policies below fails this call only
//	lookup      finds the tool
//	authorize   Options.Authorize: may this caller use this tool
//	validate    arguments against the input schema
//	progress    opens the gate for reports and heartbeats, shuts it before the answer
//	hooks       Options.Before and After
//	(user)      Options.Policies
//	audit       says that the call is allowed; record says how it ended
//	cache       for tools that declare it: a kept result, or one flight for all
//	   |        identical calls, which runs what follows in a goroutine of its own
//	queue       a slot of the server and one of the tool, or a place to wait
//	timeout     hard cap and idle limit, each a cause of its own
//	abandon ----------------------------------------------------   the handler's goroutine
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
// Calls of one tool are given slots in the order in which they came. Between tools the
// longest wait counts among those whose tool has a free slot, so a tool whose slots
// are all taken holds up no other. Calls that run are not ordered. Within a call,
// progress and notes reach the caller one at a time, in order, and never after Execute
// has returned.
//
// # Back-pressure and overload
//
// At most [Options.Concurrency] calls run and [Options.Queue] wait; what exceeds both is
// refused at once with [KindOverloaded] and a time after which to try again. Memory is
// bounded by that: there is no other queue. Progress is coalesced (at most 20 values in
// any second, the last one kept) and excess notes are dropped and counted. The functions
// of a [Request] run on the tool's time, so they must hand on and not block;
// [Engine.Stream] does that for a consumer of any speed.
//
// # What is stuck
//
// Go cannot stop a goroutine. A handler that ignores its context is abandoned: its
// caller is answered [Options.AbandonGrace] after the context was done, and the handler
// keeps its slots until it returns. So a tool that hangs uses up its own slots
// (tools.Limits.Concurrency) and then waits for itself; without such a limit it can use
// up the server's. [Metrics] count what is abandoned.
//
// # Shutdown
//
// [Engine.Drain] refuses new calls and lets those that run or wait come to their end
// until its context is done; then it cancels them with [ErrShuttingDown] as the cause.
// An engine has no goroutine of its own but those of calls that [Engine.Submit] has
// started, which it drains with the rest, and needs no closing.
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
package executor
