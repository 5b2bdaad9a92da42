//go:build unix

package stdio

import (
	"testing"

	"golang.org/x/sys/unix"
)

func init() {
	roles["inherit"] = func() int {
		client, err := TakeStdout()
		if err != nil {
			return 1
		}
		flags, err := unix.FcntlInt(client.Fd(), unix.F_GETFD, 0)
		if err != nil || flags&unix.FD_CLOEXEC == 0 {
			return 2
		}
		return 0
	}
}

func TestChildrenDoNotInheritTheClient(t *testing.T) {
	t.Parallel()
	if err := start("inherit").Run(); err != nil {
		t.Error(err)
	}
}
