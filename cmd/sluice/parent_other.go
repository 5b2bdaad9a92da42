//go:build !windows

package main

import "os"

// watchParent returns what tells whether the parent lives; nil where there is none to
// watch. An orphan is given another parent: init, or who has asked the kernel for them.
func watchParent() (alive func() bool, release func()) {
	parent := os.Getppid()
	if parent <= 1 { // init, or a process outside of this namespace
		return nil, nil
	}
	return func() bool { return os.Getppid() == parent }, func() {}
}
