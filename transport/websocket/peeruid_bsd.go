//go:build darwin || freebsd

package websocket

import (
	"net"

	"golang.org/x/sys/unix"
)

// peerUID asks the kernel who is at the other end (unix(4), LOCAL_PEERCRED).
func peerUID(conn *net.UnixConn) (uid uint32, err error) {
	raw, err := conn.SyscallConn()
	if err != nil {
		return 0, err
	}
	var credentials *unix.Xucred
	var asked error
	err = raw.Control(func(fd uintptr) {
		credentials, asked = unix.GetsockoptXucred(int(fd), 0, unix.LOCAL_PEERCRED) // SOL_LOCAL is 0
	})
	if err == nil {
		err = asked
	}
	if err != nil {
		return 0, err
	}
	return credentials.Uid, nil
}
