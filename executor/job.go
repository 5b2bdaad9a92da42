package executor

import (
	"context"

	"github.com/sluice-dev/sluice/tools"
)

// A Job is a call of which nobody waits for the end: a function is told of it. So the
// goroutine that runs it may be left to a handler that does not stop, where Execute needs
// a second one.
type Job struct {
	engine *Engine
	ctx    context.Context
	x      Execution
	done   func(*tools.Result, error)
}

// Job returns a call that has its id and is not started yet.
func (e *Engine) Job(ctx context.Context, req *Request) *Job {
	j := &Job{engine: e, ctx: ctx}
	j.x.job = j
	e.begin(&j.x, req)
	return j
}

// Go starts a job at once.
func (e *Engine) Go(ctx context.Context, req *Request, done func(*tools.Result, error)) *Job {
	j := e.Job(ctx, req)
	j.Start(done)
	return j
}

// Start runs the call as Execute does, on a goroutine of the engine's, and then done with
// what Execute would return. It returns at once. Either Start or Run must be called, once.
func (j *Job) Start(done func(*tools.Result, error)) {
	j.done = done
	j.engine.workers.start(j)
}

// Run does what Start does, on the goroutine that calls it. It returns when done has returned
// and the handler too. Where the handler was abandoned that may be long after done, which is
// then called from another goroutine.
func (j *Job) Run(done func(*tools.Result, error)) {
	j.done = done
	j.run()
}

// ID returns the id of the call, which stands in its record and in the log.
func (j *Job) ID() string { return j.x.Call.ID }

// Cancel cancels the call with a cause, as the end of its context would. It does nothing
// where the call has ended. A context of its own for each call would do the same, and
// costs more.
func (j *Job) Cancel(cause error) { j.x.stop(cause) }

func (j *Job) run() {
	var result *tools.Result
	var err error
	ended := false
	defer func() {
		switch {
		case j.x.left():
			return
		case !ended: // a policy of the user's has ended the goroutine
			err = j.x.fail(KindPanic, errGoexit)
		}
		j.done(result, err)
	}()
	result, err = j.engine.run(j.ctx, &j.x)
	ended = true
}
