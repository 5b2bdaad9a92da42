package main

import (
	"os"

	"golang.org/x/sys/windows"
)

// watchParent returns what tells whether the parent lives; nil where there is none to
// watch. Windows keeps the number of a parent that has ended, and may give it to another
// process: one that is younger than this.
func watchParent() (alive func() bool, release func()) {
	parent, err := windows.OpenProcess(windows.SYNCHRONIZE|windows.PROCESS_QUERY_LIMITED_INFORMATION, false, uint32(os.Getppid()))
	if err != nil {
		return nil, nil
	}
	theirs, err := started(parent)
	ours, ownErr := started(windows.CurrentProcess())
	if err != nil || ownErr != nil || theirs > ours {
		_ = windows.CloseHandle(parent)
		return nil, nil
	}
	return func() bool {
			event, err := windows.WaitForSingleObject(parent, 0)
			return err != nil || event == uint32(windows.WAIT_TIMEOUT)
		}, func() {
			_ = windows.CloseHandle(parent)
		}
}

// started returns when a process was, in nanoseconds.
func started(process windows.Handle) (int64, error) {
	var created, exited, kernel, user windows.Filetime
	err := windows.GetProcessTimes(process, &created, &exited, &kernel, &user)
	return created.Nanoseconds(), err
}
