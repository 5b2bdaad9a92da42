package main

import (
	"errors"
	"fmt"
	"net"
	"net/netip"
	"strings"
	"syscall"
)

// listen opens a TCP listener and says in plain words why it cannot.
func listen(address string) (net.Listener, error) {
	l, err := net.Listen("tcp", address)
	switch {
	case err == nil:
		return l, nil
	case errors.Is(err, syscall.EADDRINUSE):
		return nil, hinted("another sluice may be running; --listen 127.0.0.1:0 takes a free port",
			fmt.Errorf("%s is in use", address))
	case errors.Is(err, syscall.EACCES):
		return nil, hinted("ports below 1024 need privileges; --listen takes another", fmt.Errorf("%s may not be listened on", address))
	}
	return nil, fmt.Errorf("listen on %s: %w", address, err)
}

// isLoopback reports whether only this machine reaches an address to listen on. A
// host name other than localhost may resolve to anything, so it is not.
func isLoopback(address string) bool {
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
