package job

import (
	"errors"
	"fmt"
	"os"
	"os/exec"
	"syscall"
	"unsafe"

	"golang.org/x/sys/windows"
)

// Limits are what the members of a job may use, and the flags that say which of them
// count.
type Limits = windows.JOBOBJECT_EXTENDED_LIMIT_INFORMATION

// Start makes a job and starts the leader in it, without a console window of its own. The
// leader is started suspended, so that nothing that it does can come before it is in the
// job. The caller closes the handle, which ends every member, also where it is closed
// since this process has ended. Where there is an error nothing runs.
func Start(cmd *exec.Cmd, limits Limits) (windows.Handle, error) {
	cmd.SysProcAttr = &syscall.SysProcAttr{
		CreationFlags: windows.CREATE_SUSPENDED | windows.CREATE_NEW_PROCESS_GROUP | windows.CREATE_NO_WINDOW,
	}
	job, err := open(limits)
	cmd.Err = errors.Join(cmd.Err, err) // so that Start lets go of the command's files
	if err := cmd.Start(); err != nil {
		if job != 0 {
			_ = windows.CloseHandle(job)
		}
		return 0, err
	}
	if err := adopt(job, cmd.Process); err != nil {
		_ = cmd.Process.Kill()
		return 0, errors.Join(err, ignoreExit(cmd.Wait()), windows.CloseHandle(job))
	}
	return job, nil
}

func ignoreExit(err error) error {
	if _, ok := errors.AsType[*exec.ExitError](err); ok {
		return nil
	}
	return err
}

func open(limits Limits) (windows.Handle, error) {
	job, err := windows.CreateJobObject(nil, nil)
	if err != nil {
		return 0, fmt.Errorf("create job object: %w", err)
	}
	limits.BasicLimitInformation.LimitFlags |= windows.JOB_OBJECT_LIMIT_KILL_ON_JOB_CLOSE
	_, err = windows.SetInformationJobObject(job, windows.JobObjectExtendedLimitInformation,
		uintptr(unsafe.Pointer(&limits)), uint32(unsafe.Sizeof(limits)))
	if err != nil {
		return 0, errors.Join(fmt.Errorf("set up job object: %w", err), windows.CloseHandle(job))
	}
	return job, nil
}

// adopt puts the leader into the job and lets it run.
func adopt(job windows.Handle, leader *os.Process) error {
	var assignErr error
	err := leader.WithHandle(func(handle uintptr) {
		assignErr = windows.AssignProcessToJobObject(job, windows.Handle(handle))
	})
	if err := errors.Join(err, assignErr); err != nil {
		return fmt.Errorf("assign to job object: %w", err)
	}
	return resume(uint32(leader.Pid))
}

// resume lets the threads of a process run that was started suspended. It has one; the
// handle that its creation gave is not ours to see.
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
