package main

import (
	"errors"
	"fmt"
	"net"
	"net/netip"
	"path/filepath"
	"strings"
	"syscall"

	"github.com/sluice-dev/sluice/cmd/sluice/internal/config"
	"github.com/sluice-dev/sluice/cmd/sluice/internal/systemd"
)

// listen opens the listener of an address, host:port or unix: and a path, or takes over one
// that systemd has opened, and says in plain words why it cannot.
func listen(address string) (net.Listener, error) {
	if path, unix := config.UnixPath(address); unix {
		return listenUnix(path)
	}
	if name, passed := config.SystemdName(address); passed {
		l, err := systemd.Listen(name)
		if err != nil {
			return nil, hinted("a .socket unit with FileDescriptorName= passes it on: docs/deploy/README.md", err)
		}
		return l, nil
	}
	l, err := net.Listen("tcp", literalAddress(address))
	switch {
	case err == nil:
		return l, nil
	case isInUse(err):
		return nil, hinted("another sluice may be running; --listen 127.0.0.1:0 takes a free port",
			fmt.Errorf("%s is in use", address))
	case errors.Is(err, syscall.EACCES):
		return nil, hinted("ports below 1024 need privileges; --listen takes another", fmt.Errorf("%s may not be listened on", address))
	}
	return nil, fmt.Errorf("listen on %s: %w", address, err)
}

// literalAddress puts an address in the place of localhost: the name may be in no file, and
// what a DNS says that it means is nothing to rely on.
func literalAddress(address string) string {
	host, port, err := net.SplitHostPort(address)
	if err != nil || !strings.EqualFold(host, "localhost") {
		return address
	}
	return net.JoinHostPort("127.0.0.1", port)
}

// isInUse reports whether an error of listening says that somebody else does already.
func isInUse(err error) bool {
	const inUseOnWindows = syscall.Errno(10048) // WSAEADDRINUSE
	return errors.Is(err, syscall.EADDRINUSE) || errors.Is(err, inUseOnWindows)
}

// isLoopback reports whether only this machine reaches an address to listen on. A
// host name other than localhost may resolve to anything, so it is not.
func isLoopback(address string) bool {
	if _, unix := config.UnixPath(address); unix {
		return true
	}
	host, _, err := net.SplitHostPort(address)
	if err != nil {
		return false
	}
	ip, err := netip.ParseAddr(host)
	if err != nil {
		return strings.EqualFold(host, "localhost")
	}
	return ip.Unmap().IsLoopback()
}

// absoluteAddress makes the path of a UNIX socket one that is the same everywhere.
func absoluteAddress(address string) (string, error) {
	path, unix := config.UnixPath(address)
	if !unix {
		return address, nil
	}
	path, err := filepath.Abs(path)
	return "unix:" + path, err
}

// exposed returns the addresses of a config at which clients on other machines connect.
func exposed(l *config.Listen) (addresses []string) {
	for _, listener := range l.Listeners() {
		if !isLoopback(listener.Address) {
			addresses = append(addresses, listener.Address)
		}
	}
	return addresses
}
