package command

import (
	"errors"
	"io/fs"
	"os/exec"
	"runtime"
	"slices"
	"syscall"

	"github.com/sluice-dev/sluice/tools"
)

var (
	errBatch  = errors.New("is a batch file, which cannot be given arguments safely")
	errNoRoom = errors.New("its shim was ended for the limit on memory")
)

// faults says what is wrong where a program does not start, in words that hold no
// paths. The first that fits counts.
var faults = []struct {
	err    error
	reason string
}{
	{errNoRoom, "does not fit into its limit on memory, not even with nothing to do yet: whoever runs the server has to raise it"},
	{syscall.EAGAIN, "cannot be started now, the system has no process to spare"},
	{syscall.ENOMEM, "cannot be started now, the system has no memory to spare"},
	{syscall.EMFILE, "cannot be started now, the server has too many files open"},
	{syscall.ENFILE, "cannot be started now, the system has too many files open"},
	{errContain, "cannot be contained as it is to be, and was not run: whoever runs the server can see why in its log"},
	{errBatch, "is a batch file, which cannot be given arguments safely: put them into stdin, or run what it runs"},
	{exec.ErrDot, "was found only in the working directory of the server: name it by its path"},
	{exec.ErrNotFound, "is not installed, or not in the PATH of the server"},
	{fs.ErrNotExist, "does not exist, or the interpreter that its first line names does not"},
	{fs.ErrPermission, "may not be executed: its permissions, or the files that it may read, do not allow it"},
	{syscall.E2BIG, "takes no arguments this long: shorten them"},
	{syscall.ENOEXEC, "is not a program for this system, or a script without a first line that names its interpreter"},
	{syscall.ETXTBSY, "is being replaced at this moment: try again shortly"},
}

// A startError is why a program did not start. Its text is for the caller; what the
// system said, with its paths, is below it.
type startError struct {
	reason string
	err    error
}

func (e *startError) Error() string { return e.reason }

func (e *startError) Unwrap() error { return e.err }

// explain turns the error of a program that did not start into one for the caller. Unless
// that was for the arguments of the call, or the server itself has nothing left to start
// it with, the tool is broken, whoever calls it.
func (p *program) explain(err error) error {
	failure := tools.Errorf("%s cannot run: the program %s %w", p.tool, p.base(), p.reason(err))
	switch {
	case errors.Is(err, syscall.E2BIG):
		return failure
	case isExhaustion(err):
		return tools.Exhausted(failure)
	}
	return tools.Unreachable(failure)
}

// isExhaustion reports whether no program could have been started at that moment.
func isExhaustion(err error) bool {
	return slices.ContainsFunc([]syscall.Errno{syscall.EAGAIN, syscall.ENOMEM, syscall.EMFILE, syscall.ENFILE},
		func(number syscall.Errno) bool { return errors.Is(err, number) })
}

func (p *program) reason(err error) *startError {
	if checkDir(p.dir) != nil {
		return &startError{"has no working directory: the one it is configured with does not exist", err}
	}
	for _, f := range faults {
		if errors.Is(err, f.err) {
			return &startError{f.reason, err}
		}
	}
	var number syscall.Errno
	if errors.As(err, &number) {
		return &startError{"did not start: " + number.Error() + " (" + runtime.GOOS + ")", err}
	}
	return &startError{"did not start", err}
}
