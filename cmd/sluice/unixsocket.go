package main

import (
	"errors"
	"fmt"
	"io/fs"
	"net"
	"os"
	"runtime"
	"syscall"
	"time"
)

// longestConnect is how long it may take to find out whether anybody listens on a socket.
const longestConnect = time.Second

// A unixSocket is a listener on a UNIX socket that only this user may connect to. It
// removes its file, and never that of another.
type unixSocket struct {
	*net.UnixListener
	path string
	file fs.FileInfo
}

// listenUnix listens on a UNIX socket. A file that a server has left which is gone is
// removed, and nothing else is.
func listenUnix(path string) (net.Listener, error) {
	if err := makeWay(path); err != nil {
		return nil, err
	}
	l, err := bindPrivately(path)
	switch {
	case isInUse(err):
		return nil, lived(path) // somebody was faster
	case errors.Is(err, syscall.EINVAL):
		return nil, hinted("a socket's path has about 100 characters at most", fmt.Errorf("cannot listen on the UNIX socket %s: %w", path, err))
	case err != nil && runtime.GOOS == "windows":
		return nil, hinted("UNIX sockets need Windows 10 1803 or later; --listen 127.0.0.1:0 takes a free port",
			fmt.Errorf("cannot listen on the UNIX socket %s: %w", path, err))
	case err != nil:
		return nil, fmt.Errorf("cannot listen on the UNIX socket %s: %w", path, err)
	}
	l.SetUnlinkOnClose(false) // which would not look at what is there
	s := &unixSocket{UnixListener: l, path: path}
	if s.file, err = os.Lstat(path); err != nil {
		l.Close()
		return nil, err
	}
	return s, nil
}

// Close ends the listener and removes its file.
func (s *unixSocket) Close() error {
	if now, err := os.Lstat(s.path); err == nil && os.SameFile(now, s.file) {
		_ = os.Remove(s.path) // one that is left is removed by the next who listens there
	}
	return s.UnixListener.Close()
}

// makeWay removes a socket that nobody listens on any more, if it is this user's.
func makeWay(path string) error {
	found, err := os.Lstat(path)
	switch {
	case errors.Is(err, fs.ErrNotExist):
		return nil
	case err != nil:
		return fmt.Errorf("cannot listen on the UNIX socket %s: %w", path, err)
	case found.Mode().Type() != fs.ModeSocket:
		return hinted("name another path, or move the file away", fmt.Errorf("%s is there and no UNIX socket", path))
	case !isOurs(found):
		return hinted("name another path, or have its owner remove it", fmt.Errorf("the UNIX socket %s belongs to another user", path))
	}
	conn, err := net.DialTimeout("unix", path, longestConnect)
	if err == nil {
		conn.Close()
		return lived(path)
	}
	if !isRefused(err) { // a server that is busy is alive
		return hinted("another sluice may be running", fmt.Errorf("the UNIX socket %s may be in use: %w", path, err))
	}
	if now, err := os.Lstat(path); err != nil || !os.SameFile(now, found) {
		return lived(path) // it has been replaced meanwhile
	}
	if err := os.Remove(path); err != nil {
		return fmt.Errorf("cannot remove the UNIX socket that a server has left: %w", err)
	}
	return nil
}

func lived(path string) error {
	return hinted("another sluice may be running; --listen takes another address",
		fmt.Errorf("the UNIX socket %s is in use", path))
}

// isRefused reports whether an error of connecting says that nobody listens.
func isRefused(err error) bool {
	const refusedOnWindows = syscall.Errno(10061) // WSAECONNREFUSED
	return errors.Is(err, syscall.ECONNREFUSED) || errors.Is(err, refusedOnWindows)
}
