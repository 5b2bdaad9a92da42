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
type group struct {
	leader *os.Process
	job    windows.Handle
	limits Resources
	layers string // for the record
}

// start makes a job and starts the leader suspended, so that nothing it does can come
// before it is in the job. It starts without a console window of its own.
func (g *group) start(cmd *exec.Cmd) error {
	cmd.SysProcAttr = &syscall.SysProcAttr{
		CreationFlags: windows.CREATE_SUSPENDED | windows.CREATE_NEW_PROCESS_GROUP | windows.CREATE_NO_WINDOW,
	}
	cmd.Err = errors.Join(cmd.Err, g.open())
	if err := cmd.Start(); err != nil {
		g.close()
		return err
	}
	g.leader = cmd.Process
	if err := g.adopt(); err != nil {
		_ = g.leader.Kill()
		_, waitErr := g.leader.Wait()
		g.close()
		return errors.Join(err, waitErr)
	}
	return nil
}

// open makes the job.
func (g *group) open() error {
	job, err := windows.CreateJobObject(nil, nil)
	if err != nil {
		return fmt.Errorf("create job object: %w", err)
	}
	g.job = job
	limits := g.limits.job()
	_, err = windows.SetInformationJobObject(job, windows.JobObjectExtendedLimitInformation,
		uintptr(unsafe.Pointer(&limits)), uint32(unsafe.Sizeof(limits)))
	if err != nil {
		return fmt.Errorf("set up job object: %w", err)
	}
	return nil
}

// adopt puts the leader into the job and lets it run.
func (g *group) adopt() error {
	var assignErr error
	err := g.leader.WithHandle(func(handle uintptr) {
		assignErr = windows.AssignProcessToJobObject(g.job, windows.Handle(handle))
	})
	if err := errors.Join(err, assignErr); err != nil {
		return fmt.Errorf("assign to job object: %w", err)
	}
	return resume(uint32(g.leader.Pid))
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

// wait returns how the leader ended, and calls seal.
func (g *group) wait(seal func()) (ending, error) {
	state, err := g.leader.Wait()
	seal()
	return endingOf(state), err
}

// settle lets go of the job, which ends whatever is left in it, and returns what it has
// used.
func (g *group) settle() usage {
	used := g.used()
	g.close()
	return used
}

func (g *group) close() {
	if g.job != 0 {
		_ = windows.CloseHandle(g.job)
	}
}
