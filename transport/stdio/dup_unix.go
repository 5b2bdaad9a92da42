//go:build unix && !linux

package stdio

import "golang.org/x/sys/unix"

// replace makes fd another name of target.
func replace(fd, target int) error { return unix.Dup2(target, fd) }
