//go:build unix

package command

import (
	"bufio"
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"syscall"
	"time"

	"golang.org/x/sys/unix"

	"github.com/sluice-dev/sluice/tools/command/internal/shim"
)

const unwired = "main does not call command.RunShim"

// A ward is a tree under a shim. What it says to the shim it says through a pipe, whose
// end, also by our own, is the order to end the program.
type ward struct {
	order      shim.Order
	attributes *syscall.SysProcAttr
	layers     string
	cgroup     *cgroup // nil for none

	shim    *os.Process
	orders  *os.File
	pipe    *os.File
	reports *bufio.Reader // of pipe
	leader  int           // as the shim sees it
	used    usage         // as far as the shim has said
	stuck   *time.Timer   // nil until kill
}

// startTime is how long a shim may take to start a program.
const startTime = 10 * time.Second

// shimEnv is the environment of a shim. Its work is in system calls: with one processor
// it starts faster.
var shimEnv = []string{"GOMAXPROCS=1"}

func (w *ward) start(cmd *exec.Cmd) error {
	w.order.Path, w.order.Dir = []byte(cmd.Path), []byte(cmd.Dir)
	w.order.Args, w.order.Env = shim.ListOf(cmd.Args), shim.ListOf(cmd.Env)
	cmd.Args = []string{shim.Name, filepath.Base(cmd.Path)}
	cmd.Path, cmd.Dir, cmd.Env = shimPath(), "", shimEnv
	first, err := w.launch(cmd)
	switch {
	case err != nil && w.cgroup.used().limit == shim.LimitMemory:
		err = fmt.Errorf("%w: %w", errNoRoom, err)
	case err != nil:
	case first.Failed != nil:
		err = failed(first.Failed)
	case first.Leader == 0:
		err = fmt.Errorf("%w: the shim does not start it", errContain)
	default:
		w.leader = first.Leader
		return nil
	}
	w.abandon()
	return err
}

// launch starts a shim, gives it its order and returns its first report.
func (w *ward) launch(cmd *exec.Cmd) (shim.Report, error) {
	ordersEnd, orders, err := os.Pipe()
	if err != nil {
		return shim.Report{}, err
	}
	defer func() { _ = ordersEnd.Close() }()
	reports, reportsEnd, err := os.Pipe()
	if err != nil {
		_ = orders.Close()
		return shim.Report{}, err
	}
	w.orders, w.pipe, w.reports = orders, reports, bufio.NewReader(reports)
	cmd.ExtraFiles = []*os.File{ordersEnd, reportsEnd}
	cmd.SysProcAttr = w.attributes
	err = cmd.Start()
	_ = reportsEnd.Close() // or the end of the shim would not be heard
	if err != nil {
		return shim.Report{}, w.explain(err)
	}
	w.shim = cmd.Process
	defer time.AfterFunc(time.Second, w.wake).Stop() // the program may be faster than its shim
	defer time.AfterFunc(startTime, func() { _ = w.shim.Kill() }).Stop()
	report, err := w.ask()
	if err != nil {
		return report, fmt.Errorf("%w: the shim: %w", errContain, err)
	}
	return report, nil
}

// ask gives the shim its order and returns its answer.
func (w *ward) ask() (shim.Report, error) {
	line, err := json.Marshal(w.order)
	if err == nil {
		_, err = w.orders.Write(append(line, '\n'))
	}
	if err != nil {
		return shim.Report{}, err
	}
	return w.hear()
}

// explain tells apart what the system refuses to the sandbox and what to any process.
func (w *ward) explain(err error) error {
	if errors.Is(err, unix.EPERM) || errors.Is(err, unix.ENOSPC) || errors.Is(err, unix.EUSERS) {
		return fmt.Errorf("%w: %w", errContain, err)
	}
	return err
}

// failed returns why the shim did not start the program.
func failed(f *shim.Failure) error {
	err := os.NewSyscallError(f.Op, syscall.Errno(f.Number))
	if f.Op != "exec" {
		return fmt.Errorf("%w: %w", errContain, err)
	}
	return err
}

// hear returns the next report.
func (w *ward) hear() (shim.Report, error) {
	var report shim.Report
	line, err := w.reports.ReadBytes('\n')
	if err != nil {
		return report, err
	}
	return report, json.Unmarshal(line, &report)
}

// abandon takes back what start has made.
func (w *ward) abandon() {
	if w.shim != nil {
		_ = w.shim.Kill()
		_, _ = w.shim.Wait()
	}
	w.close()
}

func (w *ward) close() {
	for _, end := range []*os.File{w.orders, w.pipe} {
		if end != nil {
			_ = end.Close()
		}
	}
	w.cgroup.remove()
}

func (w *ward) wait(seal func()) (ending, error) {
	report, err := w.hear()
	seal()
	if err != nil || report.Ended == nil { // the shim is dead, and the program with it
		return ending{signal: unix.SIGKILL}, nil
	}
	w.used.limit = report.Ended.Limit
	w.account(report.Used)
	return ending{code: report.Ended.Code, signal: syscall.Signal(report.Ended.Signal)}, nil
}

func (w *ward) settle() usage {
	if !w.order.Init {
		w.cgroup.kill() // which is faster than what forks; the shim would run after it
	}
	report, err := w.hear()
	w.account(report.Used)
	if err != nil {
		w.bury()
	}
	_, _ = w.shim.Wait() // how it ended does not matter
	if w.stuck != nil {
		w.stuck.Stop()
	}
	w.cgroup.settle()
	used := w.used.with(w.cgroup.used())
	used.Sandbox = w.layers
	w.close()
	return used
}

// account takes note of what the shim says was used.
func (w *ward) account(u *shim.Usage) {
	if u != nil {
		w.used.CPU, w.used.PeakMemory = u.CPU, u.PeakMemory
	}
}

// terminate has the shim ask the program's group to end.
func (w *ward) terminate() { _, _ = w.orders.Write([]byte{shim.Terminate}) }

// wake lets a shim go on that its program has stopped, as it can where there is neither
// a namespace nor Landlock.
func (w *ward) wake() { _ = w.shim.Signal(unix.SIGCONT) }

// kill has the shim end the tree. A shim that does not is killed itself.
func (w *ward) kill() {
	_ = w.orders.Close()
	w.wake()
	if w.stuck == nil {
		w.stuck = time.AfterFunc(settleTime, func() { _ = w.shim.Kill() })
	}
}

// bury ends what a shim has left that was killed: of what had namespaces or a cgroup
// everything, otherwise at least the group of the program.
func (w *ward) bury() {
	w.cgroup.kill()
	if !w.order.Init {
		_ = unix.Kill(-w.leader, unix.SIGKILL)
	}
}

// with adds what a cgroup counted, which has all processes together in its memory.
func (u usage) with(counted usage) usage {
	if u.CPU == 0 {
		u.CPU = counted.CPU
	}
	if counted.PeakMemory > 0 {
		u.PeakMemory = counted.PeakMemory
	}
	if u.limit == "" {
		u.limit = counted.limit
	}
	return u
}
