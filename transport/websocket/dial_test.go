package websocket

import (
	"context"
	"crypto/tls"
	"errors"
	"io"
	"log/slog"
	"net"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"testing/synctest"
)

func TestDialErrors(t *testing.T) {
	t.Parallel()
	h := newTestHandler(t, Options{Caps: Caps{Connections: 1}})
	url := startServer(t, h)
	dialTest(t, url)
	free, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	nothing := "ws://" + free.Addr().String() + "/mcp"
	free.Close()
	hostile := func(status int, header, body string) string {
		server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
			name, value, _ := strings.Cut(header, ": ")
			w.Header().Set(name, value)
			w.WriteHeader(status)
			io.WriteString(w, body)
		}))
		t.Cleanup(server.Close)
		return "ws" + strings.TrimPrefix(server.URL, "http") + "/mcp"
	}
	const token = "secret-0123456789"
	for _, test := range []struct {
		name, url string
		opts      DialOptions
		want      string
	}{
		{"no token", url, DialOptions{}, "answered 401: the token is missing or wrong (it says \"A token is required"},
		{"wrong token", url, DialOptions{Token: token}, "answered 401: the token is missing or wrong"},
		{"origin", url, DialOptions{Token: plannerSecret, Origin: "https://evil.example"}, "answered 403: the server does not allow this host or origin (it says \"Pages from"},
		{"full", url, DialOptions{Token: plannerSecret}, "answered 503: the server is full or shutting down"},
		{"path", strings.TrimSuffix(url, "/mcp"), DialOptions{Token: plannerSecret}, "answered 404: nothing is served at this path"},
		{"nobody", nothing, DialOptions{Token: token}, "nothing listens there"},
		{"no such host", "ws://host.invalid/mcp", DialOptions{Token: token}, "cannot connect to ws://host.invalid/mcp"},
		{"http", "http://127.0.0.1/mcp", DialOptions{}, "the URL must be like"},
		{"no scheme", "127.0.0.1:7777", DialOptions{}, "the URL must be like"},
		{"nothing", "", DialOptions{}, "the URL must be like"},
		{"no WebSocket", hostile(200, "Content-Type: text/html", "<html>"), DialOptions{Token: token}, "answered 200: the server does not speak WebSocket there"},
		{"redirect", hostile(307, "Location: "+url, ""), DialOptions{Token: plannerSecret}, "answered 307"},
		{"echo of the token", hostile(401, "Content-Type: text/plain", "not "+token), DialOptions{Token: token}, "answered 401"},
		{"secret in the URL", url + "?token=" + token, DialOptions{}, "answered 401"},
	} {
		_, err := Dial(t.Context(), test.url, test.opts)
		if err == nil || !strings.Contains(err.Error(), test.want) {
			t.Errorf("%s: got %v, want %q", test.name, err, test.want)
		}
		if err != nil && (strings.Contains(err.Error(), token) || strings.Contains(err.Error(), plannerSecret)) {
			t.Errorf("%s: the error has the token in it: %v", test.name, err)
		}
	}
}

func TestDialHeader(t *testing.T) {
	t.Parallel()
	got := make(chan http.Header, 1)
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		got <- r.Header.Clone()
	}))
	defer server.Close()
	header := http.Header{"X-Trace": {"1"}, "Authorization": {"Basic x"}}
	Dial(t.Context(), "ws"+strings.TrimPrefix(server.URL, "http"), DialOptions{Token: plannerSecret, Origin: "https://shop.example", Header: header})
	sent := <-got
	for name, want := range map[string]string{
		"X-Trace": "1", "Authorization": "Bearer " + plannerSecret, "Origin": "https://shop.example",
		"Sec-WebSocket-Protocol": "mcp", "Sec-Websocket-Extensions": "",
	} {
		if value := sent.Get(name); value != want {
			t.Errorf("%s is %q, want %q", name, value, want)
		}
	}
	if len(header) != 2 || header.Get("Authorization") != "Basic x" {
		t.Errorf("the caller's header was changed: %v", header)
	}
}

func TestDialTLS(t *testing.T) {
	t.Parallel()
	server := httptest.NewUnstartedServer(nil)
	server.Config = NewServer(newTestHandler(t, Options{}))
	server.Config.ErrorLog = slog.NewLogLogger(slog.DiscardHandler, slog.LevelError)
	server.StartTLS()
	t.Cleanup(server.Close)
	url := "wss" + strings.TrimPrefix(server.URL, "https") + pathMCP
	roots := server.Client().Transport.(*http.Transport).TLSClientConfig.RootCAs
	s, err := Dial(t.Context(), url, DialOptions{Token: plannerSecret, TLS: &tls.Config{RootCAs: roots}})
	if err != nil {
		t.Fatal(err)
	}
	defer s.Close(1000, "")
	long := strings.Repeat("x", 100_000)
	if got := exchange(t, s, long); got != long {
		t.Errorf("got %d bytes", len(got))
	}
	if _, err := Dial(t.Context(), url, DialOptions{Token: plannerSecret}); err == nil || !strings.Contains(err.Error(), "certificate") {
		t.Errorf("with an unknown certificate: %v", err)
	}
}

func TestDialIsBounded(t *testing.T) {
	t.Parallel()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer l.Close()
	cause := errors.New("enough")
	ctx, cancel := context.WithCancelCause(t.Context())
	go func() {
		conn, err := l.Accept()
		if err != nil {
			return
		}
		defer conn.Close()
		cancel(cause)
		io.Copy(io.Discard, conn)
	}()
	if _, err := Dial(ctx, "ws://"+l.Addr().String()+"/mcp", DialOptions{}); !errors.Is(err, cause) && !errors.Is(err, context.Canceled) {
		t.Errorf("got %v", err)
	}
}

// What a server may do to a client is bounded as what a client may do to a server.
func TestMisbehavingServer(t *testing.T) {
	t.Parallel()
	for _, test := range []struct {
		name string
		send func(ctx context.Context, s *Stream)
		max  int
		code int
	}{
		{"too long", func(ctx context.Context, s *Stream) { s.Write(ctx, make([]byte, 101)) }, 100, 1009},
		{"not UTF-8", func(ctx context.Context, s *Stream) { s.Write(ctx, []byte("\xff")) }, 0, 1007},
	} {
		url := startServer(t, newTestHandler(t, Options{Serve: func(ctx context.Context, s *Stream, _ Peer) {
			test.send(ctx, s)
			s.Read(ctx)
		}}))
		s, err := Dial(t.Context(), url, DialOptions{Token: plannerSecret, MaxMessage: test.max})
		if err != nil {
			t.Fatal(err)
		}
		_, err = s.Read(t.Context())
		wantCode(t, err, test.code)
	}
}

func TestWriteFailsWhenThePeerHasClosed(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		errs := make(chan error, 2)
		h := newTestHandler(t, Options{Serve: func(ctx context.Context, s *Stream, _ Peer) {
			_, err := s.Read(ctx)
			errs <- err
			errs <- s.Write(ctx, []byte("{}"))
		}})
		_, c := serveInMemory(t, h)
		go io.Copy(io.Discard, c.br)
		c.Write(frame(bitFin|opClose, "\x03\xe8"))
		if err := <-errs; err != io.EOF {
			t.Errorf("Read returns %v", err)
		}
		if err := <-errs; !errors.Is(err, net.ErrClosed) {
			t.Errorf("Write returns %v", err)
		}
	})
}

func TestTargets(t *testing.T) {
	t.Parallel()
	for target, want := range map[string]string{
		"ws://127.0.0.1:7777/mcp":          "ws://127.0.0.1:7777/mcp ",
		"wss://tools.example/x":            "wss://tools.example/x ",
		"unix:/run/s.sock":                 "ws://localhost/mcp /run/s.sock",
		"unix:///run/s.sock":               "ws://localhost/mcp /run/s.sock",
		"unix:s.sock":                      "ws://localhost/mcp s.sock",
		"unix:/run/a b%20?#.sock":          "ws://localhost/mcp /run/a b%20?#.sock",
		"ws+unix:/run/s.sock":              "ws://localhost/mcp /run/s.sock",
		"ws+unix:///run/s.sock:/other/mcp": "ws://localhost/other/mcp /run/s.sock",
		"unix:":                            "",
		"unix://":                          "",
		"ws+unix:":                         "",
		"http://127.0.0.1":                 "",
		"/run/s.sock":                      "",
		"%":                                "",
		"":                                 "",
	} {
		u, socket, err := parseTarget(target)
		if err != nil {
			if want != "" || !strings.Contains(err.Error(), "the URL must be like") {
				t.Errorf("%s: %v", target, err)
			}
			continue
		}
		if got := u.String() + " " + socket; got != want {
			t.Errorf("%s: %s, want %s", target, got, want)
		}
	}
}
