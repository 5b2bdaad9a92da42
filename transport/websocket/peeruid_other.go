//go:build !linux && !darwin && !freebsd

package websocket

import (
	"errors"
	"net"
)

func peerUID(*net.UnixConn) (uint32, error) { return 0, errors.ErrUnsupported }
