package websocket

import (
	"context"
	"errors"
	"net"
	"slices"
	"syscall"
	"testing"
)

func TestPortOfLocalhost(t *testing.T) {
	t.Parallel()
	for address, want := range map[string]string{
		"localhost:80": "80", "LocalHost.:1": "1", "a.localhost:2": "2",
		"localhost.example:80": "", "notlocalhost:80": "", "127.0.0.1:80": "", "localhost": "",
	} {
		port, ok := portOfLocalhost(address)
		if ok != (want != "") || ok && port != want {
			t.Errorf("%s: %q, %v", address, port, ok)
		}
	}
}

// TestLocalhostIsNotLookedUp connects by that name where no name can be resolved.
func TestLocalhostIsNotLookedUp(t *testing.T) {
	t.Parallel()
	for _, at := range []string{"127.0.0.1:0", "[::1]:0"} {
		listener, err := net.Listen("tcp", at)
		if err != nil {
			t.Logf("there is no %s here: %v", at, err)
			continue
		}
		_, port, _ := net.SplitHostPort(listener.Addr().String())
		d := dialer{net: net.Dialer{Resolver: &net.Resolver{PreferGo: true, Dial: func(context.Context, string, string) (net.Conn, error) {
			t.Error("a name server was asked")
			return nil, errors.New("no way to it")
		}}}}
		conn, err := d.connect(t.Context(), "tcp", "anything.localhost:"+port)
		if err != nil {
			t.Errorf("%s: %v", at, err)
		} else {
			conn.Close()
		}
		listener.Close()
	}
}

// TestNobodyListensOnLocalhost checks that both addresses are tried. No port is used: it
// might be somebody's.
func TestNobodyListensOnLocalhost(t *testing.T) {
	t.Parallel()
	var tried []string
	refused := errors.New("refused")
	d := dialer{net: net.Dialer{Control: func(_, address string, _ syscall.RawConn) error {
		tried = append(tried, address)
		return refused
	}}}
	if _, err := d.connect(t.Context(), "tcp", "localhost:1"); !errors.Is(err, refused) {
		t.Errorf("connected with %v", err)
	}
	if want := []string{"127.0.0.1:1", "[::1]:1"}; !slices.Equal(tried, want) {
		t.Errorf("tried %v, want %v", tried, want)
	}
}
