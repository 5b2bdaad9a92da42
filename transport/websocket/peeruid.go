package websocket

import (
	"context"
	"net"
)

// uidKey is the context key of the user at the other end of a UNIX socket.
type uidKey struct{}

// PeerUID returns the user id of the process at the other end of the UNIX socket that a
// request came by, as the kernel had it when that process connected. The context is that
// of a request to a server of [NewServer]. It is false for requests that came by
// anything else, and on systems that do not tell: Linux, macOS and FreeBSD do.
func PeerUID(ctx context.Context) (uid uint32, ok bool) {
	uid, ok = ctx.Value(uidKey{}).(uint32)
	return uid, ok
}

// withPeerUID notes the user at the other end of a connection, for [PeerUID].
func withPeerUID(ctx context.Context, conn net.Conn) context.Context {
	for {
		inner, wrapped := conn.(interface{ NetConn() net.Conn })
		if !wrapped {
			break
		}
		conn = inner.NetConn()
	}
	socket, ok := conn.(*net.UnixConn)
	if !ok {
		return ctx
	}
	if uid, err := peerUID(socket); err == nil {
		return context.WithValue(ctx, uidKey{}, uid)
	}
	return ctx
}
