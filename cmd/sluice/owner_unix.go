//go:build unix

package main

import (
	"errors"
	"io/fs"
	"os"
	"syscall"
)

// isOurs reports whether a file belongs to this user.
func isOurs(file fs.FileInfo) bool {
	stat, ok := file.Sys().(*syscall.Stat_t)
	return ok && int(stat.Uid) == os.Geteuid()
}

// isTrusted returns an error for a file that anybody may have written, or that belongs to
// another user than ours, root and whoever had the one before; before may be nil.
func isTrusted(file, before fs.FileInfo) error {
	if file.Mode()&0o002 != 0 {
		return errors.New("everybody may write it: `chmod o-w` it")
	}
	stat, ok := file.Sys().(*syscall.Stat_t)
	if !ok || stat.Uid == 0 || isOurs(file) {
		return nil
	}
	if before != nil {
		if was, ok := before.Sys().(*syscall.Stat_t); ok && was.Uid == stat.Uid {
			return nil
		}
	}
	return errors.New("it belongs to another user than before: `chown` it")
}
