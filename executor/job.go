package executor

import (
	"context"

	"github.com/sluice-dev/sluice/tools"
)

// A Job is a call that [Engine.Go] has started.
type Job struct {
	engine *Engine
	ctx    context.Context
	x      *Execution
	done   func(*tools.Result, error)
}

// Go runs a call as Execute does, and then done with what Execute would return, on a
// goroutine of the engine's. It returns at once.
func (e *Engine) Go(ctx context.Context, req *Request, done func(*tools.Result, error)) *Job {
	j := &Job{e, ctx, e.newExecution(req), done}
	e.workers.start(j)
	return j
}

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
