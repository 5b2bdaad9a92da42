package command

import (
	"context"
	"errors"
	"fmt"
	"io"
	"math"
	"os/exec"
	"sync"
	"time"

	"github.com/sluice-dev/sluice/tools"
)

// linger is how long a call waits for the ends of the pipes after the group is dead.
// They come at once, unless a process that left the group holds a pipe open.
const linger = 2 * time.Second

// A run is one call's process with what is read from it.
type run struct {
	*process
	grace  time.Duration
	killed <-chan struct{}
	stdout stream // kept in head
	stderr stream // kept in tail
	head   *head
	tail   *tail
	piped  chan struct{} // closed when nothing goes through the pipes any more
}

// start starts the program and the goroutines that serve its pipes.
func (p *program) start(ctx context.Context, cmd *exec.Cmd, input []byte) (*run, error) {
	tree, err := p.machine().tree(p)
	if err != nil {
		return nil, err
	}
	proc, err := startProcess(cmd, tree, len(input) > 0)
	if err != nil {
		return nil, err
	}
	report := func(progress tools.Progress) { tools.Report(ctx, progress) }
	r := &run{
		process: proc,
		grace:   p.grace,
		killed:  p.killed,
		head:    newHead(p.output),
		tail:    new(tail),
		piped:   make(chan struct{}),
	}
	r.stdout = newStream(r.head, p.output, report, p.stream)
	r.stderr = newStream(r.tail, math.MaxInt64, report, true)
	go r.pipe(input)
	return r, nil
}

// pipe serves the three pipes until their ends. That a program does not read its
// input or closes a pipe early is its own business: such errors are passed over.
func (r *run) pipe(input []byte) {
	defer close(r.piped)
	var pipes sync.WaitGroup
	if r.stdinPipe != nil {
		pipes.Go(func() {
			_, _ = r.stdinPipe.Write(input)
			_ = r.stdinPipe.Close()
		})
	}
	pipes.Go(func() { r.stdout.readFrom(r.stdoutPipe) })
	pipes.Go(func() { r.stderr.readFrom(r.stderrPipe) })
	pipes.Wait()
}

// supervise returns when the program has ended, its group is dead and its output is
// read. The error is the cause of ctx where that ended it.
func (r *run) supervise(ctx context.Context) error {
	var cause error
	select {
	case <-r.ended:
	case <-r.stdout.full:
		r.kill()
	case <-r.killed:
		cause = errKilled
		r.kill()
	case <-ctx.Done():
		cause = context.Cause(ctx)
		r.stop(r.grace, r.killed)
	}
	if cut := r.drain(ctx); cause == nil {
		cause = cut
	}
	if cause != nil {
		return cause
	}
	if r.waitErr != nil {
		return fmt.Errorf("command: wait: %w", r.waitErr)
	}
	return nil
}

// errKilled is the error of a call that [Spec.Kill] has ended.
var errKilled = errors.New("command: the server ends at once")

// drain waits for the ends of the pipes as long as somebody wants what comes through
// them, and no longer than linger. The error is the cause of ctx where that cut it
// short: what was read may then be a part.
func (r *run) drain(ctx context.Context) (cause error) {
	timer := time.NewTimer(linger)
	defer timer.Stop()
	select {
	case <-r.piped:
	case <-timer.C:
	case <-ctx.Done():
		cause = context.Cause(ctx)
	}
	r.closePipes()
	<-r.piped
	return cause
}

// readFrom feeds the stream from a pipe until its end.
func (s *stream) readFrom(pipe io.Reader) {
	_, _ = io.Copy(s, pipe)
	s.end()
}
