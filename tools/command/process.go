package command

import (
	"io"
	"os/exec"
	"runtime"
	"sync"
	"time"
)

// A process is a program that runs, with its pipes and all that it has started.
type process struct {
	cmd        *exec.Cmd
	stdinPipe  io.WriteCloser // nil where there is nothing to write
	stdoutPipe io.ReadCloser
	stderrPipe io.ReadCloser
	tree       tree

	// ended is closed when the leader has ended and its tree is dead, or will not die
	// in time. Only then what follows may be read.
	ended   chan struct{}
	ending  ending
	waitErr error
	usage   usage // none where it did not die in time

	mu     sync.Mutex
	sealed bool // guarded by mu: the leader is gone, and its number may be another's
}

// settleTime is how long a call waits for killed processes to be dead. They take next
// to no time unless the machine is overloaded, or the kernel holds one, which happens
// with a dead disk.
const settleTime = 5 * time.Second

// startProcess starts a program whose pipes are its own; hasInput says whether there
// is something to write to its stdin.
func startProcess(cmd *exec.Cmd, t tree, hasInput bool) (*process, error) {
	p := &process{cmd: cmd, tree: t, ended: make(chan struct{})}
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

// lead starts the leader and stays with it until its tree is dead.
//
// It keeps its thread for that long: Linux sends the parent death signal when the
// thread that forked ends, not when its process does, and the Go runtime may end any
// thread that it has to itself. A thread waits for the child anyway; here it is the
// one that started it.
func (p *process) lead(hasInput bool, started chan<- error) {
	runtime.LockOSThread()
	defer runtime.UnlockOSThread()
	// Start gives this error back, and closes those pipes that could be made.
	p.cmd.Err = p.connect(hasInput)
	if err := p.tree.start(p.cmd); err != nil {
		started <- err
		return
	}
	started <- nil
	p.ending, p.waitErr = p.tree.wait(p.seal)
	late := time.AfterFunc(settleTime, func() { close(p.ended) })
	used := p.tree.settle() // however long it takes: nobody else would reap what dies late
	if late.Stop() {
		p.usage = used
		close(p.ended)
	}
}

// seal kills what the leader left behind and lets no signal through from then on.
func (p *process) seal() {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.tree.kill()
	p.sealed = true
}

// signal calls send, which signals the tree, unless its leader is gone.
func (p *process) signal(send func()) {
	p.mu.Lock()
	defer p.mu.Unlock()
	if !p.sealed {
		send()
	}
}

// kill ends the tree at once, and returns when it is dead.
func (p *process) kill() {
	p.signal(p.tree.kill)
	<-p.ended
}

// stop asks the tree to end, kills it after the grace or when there is none any more,
// and returns when it is dead.
func (p *process) stop(grace time.Duration, none <-chan struct{}) {
	p.signal(p.tree.terminate)
	timer := time.NewTimer(grace)
	defer timer.Stop()
	select {
	case <-p.ended:
	case <-none:
		p.kill()
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
