//go:build !linux

package main

import (
	"errors"
	"net"
	"os"
)

// bindPrivately binds a socket of mode 0600. It has that mode a moment after it has its
// name, so put it where others may not enter. Windows has no modes: there the directory
// says who may connect.
func bindPrivately(path string) (*net.UnixListener, error) {
	l, err := net.ListenUnix("unix", &net.UnixAddr{Name: path, Net: "unix"})
	if err != nil {
		return nil, err
	}
	if err := os.Chmod(path, 0o600); err != nil {
		return nil, errors.Join(err, l.Close())
	}
	return l, nil
}
