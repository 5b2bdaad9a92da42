package command

import (
	"errors"
	"fmt"
	"os"
	"os/exec"
	"syscall"
	"unsafe"

	"golang.org/x/sys/windows"
)

// A group is the processes of one run: on Windows those of a job object. It holds
// whatever the leader starts, ends with the last handle to it, so with us too, and
// cannot be left.
type group struct{ job windows.Handle }

// newGroup makes a job and has cmd start suspended, so that nothing it does can come
// before it is in the job. It starts without a console window of its own. With an
// error the group can still settle.
func newGroup(cmd *exec.Cmd) (*group, error) {
	cmd.SysProcAttr = &syscall.SysProcAttr{
		CreationFlags: windows.CREATE_SUSPENDED | windows.CREATE_NEW_PROCESS_GROUP | windows.CREATE_NO_WINDOW,
	}
	job, err := windows.CreateJobObject(nil, nil)
	if err != nil {
		return &group{}, fmt.Errorf("create job object: %w", err)
	}
	limits := windows.JOBOBJECT_EXTENDED_LIMIT_INFORMATION{}
	limits.BasicLimitInformation.LimitFlags = windows.JOB_OBJECT_LIMIT_KILL_ON_JOB_CLOSE
	_, err = windows.SetInformationJobObject(job, windows.JobObjectExtendedLimitInformation,
		uintptr(unsafe.Pointer(&limits)), uint32(unsafe.Sizeof(limits)))
	if err != nil {
		return &group{job: job}, fmt.Errorf("set up job object: %w", err)
	}
	return &group{job: job}, nil
}

// adopt puts the leader into the job and lets it run.
func (g *group) adopt(leader *os.Process) error {
	var assignErr error
	err := leader.WithHandle(func(handle uintptr) {
		assignErr = windows.AssignProcessToJobObject(g.job, windows.Handle(handle))
	})
	if err := errors.Join(err, assignErr); err != nil {
		return fmt.Errorf("assign to job object: %w", err)
	}
	return resume(uint32(leader.Pid))
}

// resume lets the threads of a process run that was started suspended. It has one;
// the handle that its creation gave is not ours to see.
func resume(pid uint32) error {
	snapshot, err := windows.CreateToolhelp32Snapshot(windows.TH32CS_SNAPTHREAD, 0)
	if err != nil {
		return fmt.Errorf("list threads: %w", err)
	}
	defer func() { _ = windows.CloseHandle(snapshot) }()
	resumed := false
	entry := windows.ThreadEntry32{Size: uint32(unsafe.Sizeof(windows.ThreadEntry32{}))}
	for err = windows.Thread32First(snapshot, &entry); err == nil; err = windows.Thread32Next(snapshot, &entry) {
		if entry.OwnerProcessID != pid {
			continue
		}
		if err := resumeThread(entry.ThreadID); err != nil {
			return fmt.Errorf("resume: %w", err)
		}
		resumed = true
	}
	if !resumed {
		return fmt.Errorf("resume: no thread found: %w", err)
	}
	return nil
}

func resumeThread(id uint32) error {
	thread, err := windows.OpenThread(windows.THREAD_SUSPEND_RESUME, false, id)
	if err != nil {
		return err
	}
	defer func() { _ = windows.CloseHandle(thread) }()
	_, err = windows.ResumeThread(thread)
	return err
}

// terminate ends every member: Windows has no signal that asks.
func (g *group) terminate() { g.kill() }

// kill ends every member.
func (g *group) kill() { _ = windows.TerminateJobObject(g.job, 1) }

// wait returns the state of the leader when it has ended, and calls seal.
func (g *group) wait(leader *os.Process, seal func()) (*os.ProcessState, error) {
	state, err := leader.Wait()
	seal()
	return state, err
}

// settle lets go of the job, which ends whatever is left in it.
func (g *group) settle() {
	if g.job != 0 {
		_ = windows.CloseHandle(g.job)
	}
}
