//go:build unix && !darwin && !dragonfly && !freebsd && !netbsd && !openbsd

package stdio

import "golang.org/x/sys/unix"

// awaitHangup returns true when the other end of fd is closed, and false when that of
// end is. What poll(2) says of these it says unasked, so nothing is asked of fd: that
// it can be written to would wake us all the time.
func awaitHangup(fd, end int) bool {
	fds := []unix.PollFd{{Fd: int32(fd)}, {Fd: int32(end), Events: unix.POLLIN}}
	for {
		switch _, err := unix.Poll(fds, -1); {
		case err == unix.EINTR:
		case err != nil || fds[1].Revents != 0:
			return false
		case fds[0].Revents != 0:
			return fds[0].Revents&(unix.POLLERR|unix.POLLHUP) != 0
		}
	}
}
