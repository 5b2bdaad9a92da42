//go:build unix

package shim

import (
	"bufio"
	"encoding/json"
	"errors"
	"os"
	"os/signal"
	"runtime"
	"sync"
	"syscall"
	"time"

	"golang.org/x/sys/unix"
)

// The files that a shim is given beside the standard ones, which are the program's.
const (
	ordersFD  = 3
	reportsFD = 4
)

// In an init, and not when main calls: whatever the server's binary sets up before its
// main, a shim needs none of it. This package has few imports, so that its turn comes
// early; it takes 2 of 5 ms off the start of a program.
func init() {
	if len(os.Args) == 0 || os.Args[0] != Name {
		return
	}
	serve()
	syscall.Exit(0) // os.Exit waits, and writes, in binaries built for tests
}

// A warden runs one program.
type warden struct {
	order   Order
	orders  *bufio.Reader
	reports *os.File

	mu     sync.Mutex
	leader int    // guarded by mu: the program, 0 when it has ended
	limit  string // guarded by mu: for which the program was ended
}

func serve() {
	unix.CloseOnExec(ordersFD)
	unix.CloseOnExec(reportsFD)
	w := &warden{
		orders:  bufio.NewReader(os.NewFile(ordersFD, "orders")),
		reports: os.NewFile(reportsFD, "reports"),
	}
	line, err := w.orders.ReadBytes('\n')
	if err != nil || json.Unmarshal(line, &w.order) != nil {
		return // nobody is there to be told
	}
	if w.order.Landlock < abiSignals {
		deafen()
	}
	done := make(chan struct{})
	go w.run(done)
	<-done
}

// run does all on a thread of its own: not on the first, which stands for the process
// where a signal is allowed or not, and which the program must not reach. It keeps the
// thread for ever: the program dies with the thread that started it.
func (w *warden) run(done chan<- struct{}) {
	defer close(done)
	runtime.LockOSThread()
	if w.order.Probe {
		w.report(Report{Found: find(&w.order)})
		return
	}
	if err := w.start(); err != nil {
		w.report(Report{Failed: failure(err)})
		return
	}
	w.report(Report{Leader: w.leader})
	w.see()
}

// abiSignals is the ABI of Landlock from which on a program cannot signal its shim.
const abiSignals = 6

// deafen keeps the signals that a program may send to its parent, or a user to both,
// from ending the shim before its program. They are caught and not ignored: that would
// be inherited.
func deafen() {
	signal.Notify(make(chan os.Signal, 1), unix.SIGHUP, unix.SIGINT, unix.SIGQUIT, unix.SIGTERM,
		unix.SIGUSR1, unix.SIGUSR2, unix.SIGALRM, unix.SIGVTALRM, unix.SIGPROF, unix.SIGXCPU, unix.SIGTSTP)
}

// report says something to the server, which may be gone.
func (w *warden) report(r Report) {
	line, err := json.Marshal(r)
	if err == nil {
		_, _ = w.reports.Write(append(line, '\n'))
	}
}

// start starts the program in its containment, and lets go of its files.
func (w *warden) start() error {
	null, err := unix.Open(os.DevNull, unix.O_RDWR|unix.O_CLOEXEC, 0)
	if err != nil {
		return os.NewSyscallError("open", err)
	}
	if err := confine(&w.order); err != nil {
		return err
	}
	o := &w.order
	pid, err := syscall.ForkExec(string(o.Path), o.Args.Texts(), &syscall.ProcAttr{
		Dir: string(o.Dir), Env: o.Env.Texts(), Files: []uintptr{0, 1, 2}, Sys: attributes(),
	})
	if err != nil {
		return os.NewSyscallError("exec", err)
	}
	w.leader = pid
	limitLeader(pid, &o.Limits)
	for fd := range 3 {
		_ = redirect(null, fd)
	}
	return nil
}

// failure is what the server is told of an error.
func failure(err error) *Failure {
	f := &Failure{Op: "start"}
	var call *os.SyscallError
	if errors.As(err, &call) {
		f.Op = call.Syscall
	}
	var number syscall.Errno
	if errors.As(err, &number) {
		f.Number = int(number)
	}
	return f
}

// see sees the program through to its end and to that of all it has started.
func (w *warden) see() {
	go w.obey()
	go w.watch()
	status := w.await()
	w.report(Report{Ended: w.ending(status), Used: usage()})
	w.sweep()
	w.report(Report{Used: usage()})
}

// obey does what the server says, until it says no more: then nobody wants the program
// any longer.
func (w *warden) obey() {
	for {
		order, err := w.orders.ReadByte()
		switch {
		case err != nil:
			w.end("")
			return
		case order == Terminate:
			w.terminate()
		}
	}
}

// terminate asks the program's group to end, and wakes those that are stopped so that
// they hear it.
func (w *warden) terminate() {
	w.mu.Lock()
	defer w.mu.Unlock()
	if w.leader != 0 {
		_ = unix.Kill(-w.leader, unix.SIGTERM)
		_ = unix.Kill(-w.leader, unix.SIGCONT)
	}
}

// end kills the program, for the limit if there is one. What it has started outside of
// its group is swept when it has ended.
func (w *warden) end(limit string) {
	w.mu.Lock()
	defer w.mu.Unlock()
	if w.leader == 0 {
		return
	}
	if w.limit == "" {
		w.limit = limit
	}
	w.kill()
}

// ending says how the program ended, and for which limit.
func (w *warden) ending(status unix.WaitStatus) *Ending {
	e := &Ending{Code: status.ExitStatus()}
	if status.Signaled() {
		e.Signal = int(status.Signal())
	}
	w.mu.Lock()
	defer w.mu.Unlock()
	if e.Limit = w.limit; e.Limit == "" {
		e.Limit = w.order.Limits.by(e, used(unix.RUSAGE_CHILDREN))
	}
	return e
}

// by returns the limit that ended the program by a signal of its own; a shell passes on
// as its exit code, from 128, that of a program that it ran. Whoever ignores SIGXCPU is
// killed by the kernel, which the processor time that was used tells from other ends.
func (l *Limits) by(e *Ending, cpu time.Duration) string {
	number := e.Signal
	if number == 0 && e.Code > 128 {
		number = e.Code - 128
	}
	switch {
	case l.CPU > 0 && (number == int(unix.SIGXCPU) || number == int(unix.SIGKILL) && cpu > l.CPU):
		return LimitCPU
	case l.FileSize > 0 && number == int(unix.SIGXFSZ):
		return LimitFileSize
	}
	return ""
}

// used returns the processor time of the shim itself or of the dead below it.
func used(who int) time.Duration {
	var u unix.Rusage
	_ = unix.Getrusage(who, &u) // which does not fail for these
	return time.Duration(u.Utime.Nano() + u.Stime.Nano())
}

// usage is what all have used that are dead and reaped.
func usage() *Usage {
	u := &Usage{}
	var used unix.Rusage
	if unix.Getrusage(unix.RUSAGE_CHILDREN, &used) == nil {
		u.CPU = time.Duration(used.Utime.Nano() + used.Stime.Nano())
		u.PeakMemory = int64(used.Maxrss) * maxrssUnit
	}
	return u
}
