package stdio

import "golang.org/x/sys/unix"

// replace makes fd another name of target. Some of Linux's architectures have no
// dup2, all have dup3.
func replace(fd, target int) error { return unix.Dup3(target, fd, 0) }
