//go:build unix

package desktop

import (
	"io/fs"
	"os"
	"syscall"
)

// keepOwner gives a file to whoever has the other, which matters where root changes the
// config of a user.
func keepOwner(f *os.File, like fs.FileInfo) error {
	stat, ok := like.Sys().(*syscall.Stat_t)
	if !ok || int(stat.Uid) == os.Geteuid() {
		return nil
	}
	return f.Chown(int(stat.Uid), int(stat.Gid))
}
