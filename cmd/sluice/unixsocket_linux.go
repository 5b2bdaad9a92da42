package main

import (
	"context"
	"net"
	"syscall"
)

// bindPrivately binds a socket of mode 0600. The mode is that of the socket before it has
// a name, so there is no moment at which another user could connect.
func bindPrivately(path string) (*net.UnixListener, error) {
	c := net.ListenConfig{Control: func(_, _ string, raw syscall.RawConn) error {
		var failed error
		err := raw.Control(func(fd uintptr) { failed = syscall.Fchmod(int(fd), 0o600) })
		if err != nil {
			return err
		}
		return failed
	}}
	l, err := c.Listen(context.Background(), "unix", path)
	if err != nil {
		return nil, err
	}
	return l.(*net.UnixListener), nil
}
