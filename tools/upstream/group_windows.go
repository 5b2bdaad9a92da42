package upstream

import (
	"errors"
	"os"
	"os/exec"
	"syscall"
	"unsafe"

	"golang.org/x/sys/windows"
)

// A group is the processes in the job object of a program. It ends with the last handle
// to it, so with us too.
type group struct{ job windows.Handle }

// start puts the program into its job as soon as it runs. What it starts in the moment
// before that is not in the job; a server that has not read a byte starts nothing.
func (g *group) start(cmd *exec.Cmd) error {
	cmd.SysProcAttr = &syscall.SysProcAttr{CreationFlags: windows.CREATE_NEW_PROCESS_GROUP | windows.CREATE_NO_WINDOW}
	job, err := windows.CreateJobObject(nil, nil)
	if err != nil {
		return err
	}
	g.job = job
	limits := windows.JOBOBJECT_EXTENDED_LIMIT_INFORMATION{}
	limits.BasicLimitInformation.LimitFlags = windows.JOB_OBJECT_LIMIT_KILL_ON_JOB_CLOSE
	_, err = windows.SetInformationJobObject(job, windows.JobObjectExtendedLimitInformation,
		uintptr(unsafe.Pointer(&limits)), uint32(unsafe.Sizeof(limits)))
	if err == nil {
		err = cmd.Start()
	}
	if err != nil {
		g.release()
		return err
	}
	if err := g.adopt(cmd.Process); err != nil {
		g.release()
		return errors.Join(err, cmd.Process.Kill(), cmd.Wait())
	}
	return nil
}

func (g *group) adopt(leader *os.Process) error {
	var assignErr error
	err := leader.WithHandle(func(handle uintptr) {
		assignErr = windows.AssignProcessToJobObject(g.job, windows.Handle(handle))
	})
	return errors.Join(err, assignErr)
}

// terminate does nothing: there is no way to ask a process without a console.
func (g *group) terminate(*os.Process) {}

// kill ends every member.
func (g *group) kill(*os.Process) { _ = windows.TerminateJobObject(g.job, 1) }

// wait returns when the leader has ended, and calls seal.
func (g *group) wait(cmd *exec.Cmd, seal func()) {
	_ = cmd.Wait() // how it ended is in ProcessState
	seal()
	g.release()
}

// release lets go of the job, which ends whatever is left in it.
func (g *group) release() { _ = windows.CloseHandle(g.job) }
