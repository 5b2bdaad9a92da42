package executor

import (
	"context"

	"github.com/sluice-dev/sluice/tools"
)

// A Job is a call that runs on a goroutine of the engine's.
type Job struct {
	engine *Engine
	ctx    context.Context
	x      *Execution
	done   func(*tools.Result, error)
}

// Job returns a call that has its id and is not started yet.
func (e *Engine) Job(ctx context.Context, req *Request) *Job {
	return &Job{engine: e, ctx: ctx, x: e.newExecution(req)}
}

// Go starts a job at once.
func (e *Engine) Go(ctx context.Context, req *Request, done func(*tools.Result, error)) *Job {
	j := e.Job(ctx, req)
	j.Start(done)
	return j
}

// Start runs the call as Execute does, and then done with what Execute would return. It
// returns at once, and must be called once.
func (j *Job) Start(done func(*tools.Result, error)) {
	j.done = done
	j.engine.workers.start(j)
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
		if !ended { // a policy of the user's has ended the goroutine
			err = j.x.fail(KindPanic, errGoexit)
		}
		j.done(result, err)
	}()
	result, err = j.engine.run(j.ctx, j.x)
	ended = true
}
