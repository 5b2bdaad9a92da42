//go:build darwin || dragonfly || freebsd || netbsd || openbsd

package stdio

import "golang.org/x/sys/unix"

// awaitHangup returns true when the other end of fd is closed, and false when that of
// end is. It is kqueue(2) and not poll(2), which on Darwin says nothing unasked, and
// takes a socket that is closed in one direction for one that has hung up. EV_CLEAR
// keeps it from waking for as long as fd can be written to.
func awaitHangup(fd, end int) bool {
	queue, err := unix.Kqueue()
	if err != nil {
		return false
	}
	defer unix.Close(queue)
	watched, happened := make([]unix.Kevent_t, 2), make([]unix.Kevent_t, 2)
	unix.SetKevent(&watched[0], fd, unix.EVFILT_WRITE, unix.EV_ADD|unix.EV_CLEAR)
	unix.SetKevent(&watched[1], end, unix.EVFILT_READ, unix.EV_ADD)
	for {
		n, err := unix.Kevent(queue, watched, happened, nil)
		if err != nil && err != unix.EINTR {
			return false
		}
		watched = nil // they are in the queue
		for _, event := range happened[:max(n, 0)] {
			if event.Flags&(unix.EV_EOF|unix.EV_ERROR) != 0 {
				return int(event.Ident) == fd && event.Flags&unix.EV_EOF != 0
			}
		}
	}
}
