package command

import (
	"errors"
	"io"
	"os/exec"
	"runtime"
	"sync"
	"time"
)

// A process is a program that runs: its leader, which we started, and its group,
// which is the leader and what it starts in turn.
type process struct {
	cmd        *exec.Cmd
	stdinPipe  io.WriteCloser // nil where there is nothing to write
	stdoutPipe io.ReadCloser
	stderrPipe io.ReadCloser
	group      *group

	// ended is closed when the leader is reaped and its group is dead, or will not die
	// in time. Only then cmd.ProcessState and waitErr may be read.
	ended   chan struct{}
	waitErr error

	mu     sync.Mutex
	sealed bool // guarded by mu: the leader is gone, and its number may be another's
}

// settleTime is how long a call waits for killed processes to be dead. They take next
// to no time unless the machine is overloaded, or the kernel holds one, which happens
// with a dead disk.
const settleTime = 2 * time.Second

// startProcess starts a program whose pipes are its own; hasInput says whether there
// is something to write to its stdin.
func startProcess(cmd *exec.Cmd, hasInput bool) (*process, error) {
	p := &process{cmd: cmd, ended: make(chan struct{})}
	started := make(chan error)
	go p.lead(hasInput, started)
	if err := <-started; err != nil {
		p.closePipes()
		return nil, err
	}
	return p, nil
}

// connect makes the pipes. Those that exec makes are used, for it closes the ends of
// the child; cmd.Wait, which would close ours too early, is never called.
func (p *process) connect(hasInput bool) (err error) {
	if hasInput {
		if p.stdinPipe, err = p.cmd.StdinPipe(); err != nil {
			return err
		}
	}
	if p.stdoutPipe, err = p.cmd.StdoutPipe(); err != nil {
		return err
	}
	p.stderrPipe, err = p.cmd.StderrPipe()
	return err
}

// lead starts the leader and stays with it until its group is dead.
//
// It keeps its thread for that long: Linux sends the parent death signal when the
// thread that forked ends, not when its process does, and the Go runtime may end any
// thread that it has to itself. A thread waits for the child anyway; here it is the
// one that started it.
func (p *process) lead(hasInput bool, started chan<- error) {
	runtime.LockOSThread()
	defer runtime.UnlockOSThread()
	if err := p.launch(hasInput); err != nil {
		started <- err
		return
	}
	started <- nil
	p.cmd.ProcessState, p.waitErr = p.group.wait(p.cmd.Process, p.seal)
	late := time.AfterFunc(settleTime, func() { close(p.ended) })
	p.group.settle() // however long it takes: nobody else would reap what dies late
	if late.Stop() {
		close(p.ended)
	}
}

func (p *process) launch(hasInput bool) error {
	var err error
	p.group, err = newGroup(p.cmd)
	// Start gives this error back, and closes those pipes that could be made.
	p.cmd.Err = errors.Join(err, p.connect(hasInput))
	if err := p.cmd.Start(); err != nil {
		p.group.settle()
		return err
	}
	if err := p.group.adopt(p.cmd.Process); err != nil {
		_ = p.cmd.Process.Kill()
		_, waitErr := p.cmd.Process.Wait()
		p.group.settle()
		return errors.Join(err, waitErr)
	}
	return nil
}

// seal kills what the leader left behind and lets no signal through from then on.
func (p *process) seal() {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.group.kill()
	p.sealed = true
}

// signal calls send, which signals the group, unless the group is gone.
func (p *process) signal(send func()) {
	p.mu.Lock()
	defer p.mu.Unlock()
	if !p.sealed {
		send()
	}
}

// kill ends the group at once, and returns when it is dead.
func (p *process) kill() {
	p.signal(p.group.kill)
	<-p.ended
}

// stop asks the group to end, kills it after the grace, and returns when it is dead.
func (p *process) stop(grace time.Duration) {
	p.signal(p.group.terminate)
	timer := time.NewTimer(grace)
	defer timer.Stop()
	select {
	case <-p.ended:
	case <-timer.C:
		p.kill()
	}
}

// closePipes closes our ends of the pipes, which also ends reads and writes that
// wait. Closing twice does no harm.
func (p *process) closePipes() {
	for _, pipe := range []io.Closer{p.stdinPipe, p.stdoutPipe, p.stderrPipe} {
		if pipe != nil {
			_ = pipe.Close()
		}
	}
}
