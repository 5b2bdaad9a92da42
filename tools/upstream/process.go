package upstream

import (
	"bytes"
	"context"
	"io"
	"os"
	"os/exec"
	"runtime"
	"sync"
	"time"
)

// unreadyGrace is how long a program may take to end after its stdin is closed where it
// has sent no message: it has nothing to finish, and may be no server.
const unreadyGrace = 200 * time.Millisecond

// lastWords is how long what a program has written can be read when it has ended and
// something that it left behind holds its stdout.
const lastWords = time.Second

// A leader is a program that was started, with the group that it leads.
type leader struct {
	cmd   *exec.Cmd
	group group
	ended chan struct{} // closed when it is gone and the rest of its group killed

	mu   sync.Mutex
	gone bool // guarded by mu: its number may be another's
}

// lead starts cmd as the leader of a group.
//
// The goroutine keeps its thread until the program has ended: Linux sends the parent
// death signal when the thread that forked ends, not when its process does.
func lead(cmd *exec.Cmd) (*leader, error) {
	l := &leader{cmd: cmd, ended: make(chan struct{})}
	started := make(chan error)
	go func() {
		runtime.LockOSThread()
		defer runtime.UnlockOSThread()
		err := l.group.start(cmd)
		started <- err
		if err != nil {
			return
		}
		l.group.wait(cmd, l.seal)
		close(l.ended)
	}()
	return l, <-started
}

// seal kills what the leader has left behind, and lets no signal through from then on.
func (l *leader) seal() {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.group.kill(l.cmd.Process)
	l.gone = true
}

// signal calls send, which signals the group, unless that is gone.
func (l *leader) signal(send func(*os.Process)) {
	l.mu.Lock()
	defer l.mu.Unlock()
	if !l.gone {
		send(l.cmd.Process)
	}
}

// insist signals the group unless the leader ends in time.
func (l *leader) insist(after time.Duration, send func(*os.Process)) {
	timer := time.NewTimer(after)
	defer timer.Stop()
	select {
	case <-l.ended:
	case <-timer.C:
		l.signal(send)
	}
}

// closing is what Close does once.
type closing struct {
	once  sync.Once
	stdin io.Closer
}

// Read returns the next message.
func (p *Process) Read(ctx context.Context) ([]byte, error) {
	message, err := p.Stream.Read(ctx)
	if err == nil {
		p.spoke.Store(true)
		if bytes.HasPrefix(message, []byte("{")) {
			p.answered.Store(true)
		}
	}
	return message, err
}

// Spoke reports whether the program has written a line to its stdout.
func (p *Process) Spoke() bool { return p.spoke.Load() }

// cutOff ends what can be read some time after the program has ended, for something
// that has left its group may hold the other end.
func (p *Process) cutOff(stdout io.Closer) {
	<-p.leader.ended
	time.AfterFunc(lastWords, func() { _ = stdout.Close() })
}

// Close ends the process: it closes its stdin, waits, asks it to end, waits, and kills
// it. It returns when that is done (specification 2026-07-28, basic/transports/stdio,
// "Shutdown"). It may be called at any time, any number of times.
func (p *Process) Close(code int, reason string) error {
	p.close.once.Do(func() {
		_ = p.close.stdin.Close() // fails only where the process is gone
		patience := p.grace
		if !p.answered.Load() {
			patience = min(patience, unreadyGrace)
		}
		p.leader.insist(patience, p.leader.group.terminate)
		p.leader.insist(p.grace, p.leader.group.kill)
		<-p.leader.ended
	})
	return p.Stream.Close(code, reason)
}

// Kill ends the process at once, with all of its group.
func (p *Process) Kill() { p.leader.signal(p.leader.group.kill) }

// Ended is closed when the process has ended; then State may be called.
func (p *Process) Ended() <-chan struct{} { return p.leader.ended }

// State says how the process has ended.
func (p *Process) State() *os.ProcessState {
	<-p.leader.ended
	return p.leader.cmd.ProcessState
}
