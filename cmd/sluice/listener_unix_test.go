//go:build unix

package main

import (
	"bufio"
	"context"
	"crypto/tls"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"net"
	"net/http"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/sluice-dev/sluice/cmd/sluice/internal/config"
	"github.com/sluice-dev/sluice/transport/websocket"
)

const listenToken = "canary-listen-0123456789"

// A running is a service within the test, on the listeners of a config.
type running struct {
	*service
	t    *testing.T
	pool *tls.Config // that trusts its certificates; nil where it has none
}

// runService serves the built-in tools on the listeners of a config until the test ends.
func runService(t *testing.T, yaml string, trust *authority, log ...io.Writer) *running {
	t.Helper()
	path := filepath.Join(t.TempDir(), "sluice.yaml")
	if err := os.WriteFile(path, []byte("engine: {history: off}\n"+yaml), 0o600); err != nil {
		t.Fatal(err)
	}
	cfg, err := config.Load(path)
	if err != nil {
		t.Fatal(err)
	}
	cfg.Starter = true
	logger := slog.New(slog.NewTextHandler(io.MultiWriter(log...), &slog.HandlerOptions{Level: slog.LevelDebug}))
	h, err := newHost(cfg, logger)
	if err != nil {
		t.Fatal(err)
	}
	s, err := newService(h, cfg, &keys{entries: []websocket.Token{
		{Name: "planner", Secret: listenToken}, {Name: "writer", Secret: listenToken + "2"},
	}}, logger)
	if err != nil {
		t.Fatal(err)
	}
	if err := s.listen(cfg); err != nil {
		s.close()
		t.Fatal(err)
	}
	ctx, stop := context.WithCancel(context.Background())
	ended := make(chan error, 1)
	go func() { ended <- s.run(ctx, context.Background(), &cfg.Listen, soon) }()
	t.Cleanup(func() {
		stop()
		if err := <-ended; err != nil && !errors.Is(err, http.ErrServerClosed) {
			t.Error(err)
		}
	})
	r := &running{service: s, t: t}
	if trust != nil {
		r.pool = &tls.Config{RootCAs: trust.pool(), ServerName: "localhost"}
	}
	return r
}

// connect opens a connection to one of the listeners, with TLS where it speaks that.
func (r *running) connect(l *listener) net.Conn {
	r.t.Helper()
	network, address := "tcp", l.address
	if path, unix := config.UnixPath(address); unix {
		network, address = "unix", path
	}
	conn, err := net.Dial(network, address)
	if err != nil {
		r.t.Fatal(err)
	}
	r.t.Cleanup(func() { conn.Close() })
	conn.SetDeadline(time.Now().Add(soon))
	if l.certificates != nil {
		return tls.Client(conn, r.pool)
	}
	return conn
}

// upgrade asks for a WebSocket with these header lines and returns the status; the
// connection stays open until the test ends.
func (r *running) upgrade(l *listener, lines ...string) (int, net.Conn, *bufio.Reader) {
	r.t.Helper()
	conn := r.connect(l)
	request := append([]string{
		"GET /mcp HTTP/1.1", "Connection: Upgrade", "Upgrade: websocket", "Sec-WebSocket-Version: 13",
		"Sec-WebSocket-Key: AAAAAAAAAAAAAAAAAAAAAA==",
	}, lines...)
	if _, err := io.WriteString(conn, strings.Join(request, "\r\n")+"\r\n\r\n"); err != nil {
		r.t.Fatal(err)
	}
	reader := bufio.NewReader(conn)
	response, err := http.ReadResponse(reader, nil)
	if err != nil {
		r.t.Fatalf("%q: %v", lines, err)
	}
	return response.StatusCode, conn, reader
}

const (
	asPlanner = "Authorization: Bearer " + listenToken
	asWriter  = asPlanner + "2"
	hostHere  = "Host: localhost"
)

// TestOriginAndHostAtEveryKindOfListener is the matrix of section 1a: whatever a listener
// is, it is the request that is judged, and not where the listener is bound.
func TestOriginAndHostAtEveryKindOfListener(t *testing.T) {
	t.Parallel()
	authority := newAuthority(t)
	cert, key := authority.issue("server")
	addresses := []string{"{address: '0.0.0.0:0'}", fmt.Sprintf("{address: 'unix:%s'}", socketPath(t)),
		fmt.Sprintf("{address: '127.0.0.1:0', tls: {cert_file: %s, key_file: %s}}", cert, key)}
	if l, err := net.Listen("tcp6", "[::1]:0"); err == nil {
		l.Close()
		addresses = append(addresses, "{address: '[::1]:0'}")
	}
	r := runService(t, fmt.Sprintf(`listen:
  address: 127.0.0.1:0
  also: [%s]
  hosts: [tools.example, 192.0.2.5]
  origins: ["https://shop.example", "http://localhost:*", "http://[::1]:8080"]`, strings.Join(addresses, ", ")), authority)
	const origin = "Origin: "
	matrix := []struct {
		status int
		lines  []string
	}{
		// No page: it takes a token that is good.
		{101, []string{hostHere, asPlanner}},
		{401, []string{hostHere}},
		{401, []string{hostHere, "Authorization: Bearer "}},
		{401, []string{hostHere, "Authorization: Bearer wrong"}},
		{401, []string{hostHere, "Authorization: Basic " + listenToken}},
		{401, []string{hostHere, origin + "https://shop.example"}}, // an origin is no token

		// Pages.
		{101, []string{hostHere, asPlanner, origin + "https://shop.example"}},
		{101, []string{hostHere, asPlanner, origin + "https://shop.example:443"}},
		{101, []string{hostHere, asPlanner, origin + "https://SHOP.example"}},
		{101, []string{hostHere, asPlanner, origin + "http://localhost:3000"}},
		{101, []string{hostHere, asPlanner, origin + "http://localhost"}},
		{101, []string{hostHere, asPlanner, origin + "http://[::1]:8080"}},
		{403, []string{hostHere, asPlanner, origin + "null"}},
		{403, []string{hostHere, asPlanner, origin}},
		{403, []string{hostHere, asPlanner, origin + "shop.example"}},
		{403, []string{hostHere, asPlanner, origin + "https://"}},
		{403, []string{hostHere, asPlanner, origin + "%zz://shop.example"}},
		{403, []string{hostHere, asPlanner, origin + "file://"}},
		{403, []string{hostHere, asPlanner, origin + "https://evil.example"}},
		{403, []string{hostHere, asPlanner, origin + "https://shop.example.evil.example"}},
		{403, []string{hostHere, asPlanner, origin + "https://evilshop.example"}},
		{403, []string{hostHere, asPlanner, origin + "https://shop.example@evil.example"}},
		{403, []string{hostHere, asPlanner, origin + "https://evil.example/https://shop.example"}},
		{403, []string{hostHere, asPlanner, origin + "https://shop.example/"}},
		{403, []string{hostHere, asPlanner, origin + "https://sub.shop.example"}},
		{403, []string{hostHere, asPlanner, origin + "http://shop.example"}},
		{403, []string{hostHere, asPlanner, origin + "https://shop.example:8443"}},
		{403, []string{hostHere, asPlanner, origin + "https://localhost:3000"}},
		{403, []string{hostHere, asPlanner, origin + "http://localhost.evil.example"}},
		{403, []string{hostHere, asPlanner, origin + "http://[::1]:8081"}},
		{403, []string{hostHere, asPlanner, origin + "http://127.0.0.1:3000"}},
		{403, []string{hostHere, asPlanner, origin + "http://0.0.0.0:3000"}},
		{403, []string{hostHere, asPlanner, origin + "https://shop.example, https://evil.example"}},
		{403, []string{hostHere, asPlanner, origin + "https://shop.example", origin + "https://evil.example"}},
		{403, []string{hostHere, origin + "https://evil.example"}}, // before the token is looked at

		// Names.
		{101, []string{"Host: localhost:7777", asPlanner}},
		{101, []string{"Host: LOCALHOST", asPlanner}},
		{101, []string{"Host: localhost.", asPlanner}},
		{101, []string{"Host: 127.0.0.1:7777", asPlanner}},
		{101, []string{"Host: [::1]:7777", asPlanner}},
		{101, []string{"Host: [0:0:0:0:0:0:0:1]", asPlanner}},
		{101, []string{"Host: tools.example", asPlanner}},
		{101, []string{"Host: Tools.Example.:443", asPlanner}},
		{101, []string{"Host: 192.0.2.5:80", asPlanner}},
		{403, []string{"Host: evil.example", asPlanner}}, // a name that was rebound to this machine
		{403, []string{"Host: evil.example", asPlanner, origin + "https://shop.example"}},
		{403, []string{"Host: localhost.evil.example", asPlanner}},
		{403, []string{"Host: evil-localhost", asPlanner}},
		{403, []string{"Host: 127.evil.com", asPlanner}},
		{403, []string{"Host: 127.0.0.1.evil.example", asPlanner}},
		{403, []string{"Host: 0.0.0.0", asPlanner}},
		{403, []string{"Host: 0.0.0.0:7777", asPlanner}},
		{403, []string{"Host: [::]", asPlanner}},
		{403, []string{"Host: [::ffff:127.0.0.1]", asPlanner}},
		{403, []string{"Host: 127.0.0.2", asPlanner}},
		{403, []string{"Host: 2130706433", asPlanner}},
		{403, []string{"Host: 0x7f.1", asPlanner}},
		{403, []string{"Host: localhost..", asPlanner}},
		{403, []string{"Host: localhost:", asPlanner}},
		{403, []string{"Host: tools.example.evil.example", asPlanner}},
		{403, []string{"Host: sub.tools.example", asPlanner}},
		{403, []string{"Host:", asPlanner}},
		{403, []string{"Host: evil.example"}},
		{400, []string{"Host: localhost", "Host: evil.example", asPlanner}},
		{400, []string{asPlanner}}, // HTTP/1.1 asks for a Host
		// Who passes a request on may say what it likes of the host.
		{403, []string{"Host: evil.example", "X-Forwarded-Host: localhost", "Forwarded: host=localhost", asPlanner}},
		{101, []string{hostHere, "X-Forwarded-Host: evil.example", asPlanner}},
	}
	for _, l := range r.clients {
		for _, test := range matrix {
			status, conn, _ := r.upgrade(l, test.lines...)
			if status != test.status {
				t.Errorf("%s: %q is answered %d, want %d", l.url(), test.lines, status, test.status)
			}
			conn.Close()
		}
	}
	if len(r.clients) < 4 {
		t.Errorf("%d listeners", len(r.clients))
	}
}

// listenKnobs has a test for each key on connections that shows it bite.
var listenKnobs = map[string]func(*testing.T){
	"Listen.also":      servesEverywhere,
	"Listen.tls":       servesEverywhere,
	"Listener.address": servesEverywhere,
	"Listener.tls":     servesEverywhere,
	"TLS.cert_file":    servesEverywhere, "TLS.key_file": servesEverywhere,
	"TLS.client_ca_file": asksForCertificates, "TLS.client_cert": asksForCertificates,

	"Listen.max_connections": letsIn("max_connections: 1", []int{101, 503}, []string{asPlanner}, []string{asWriter}),
	"Listen.max_per_caller":  letsIn("max_per_caller: 1", []int{101, 503, 101}, []string{asPlanner}, []string{asPlanner}, []string{asWriter}),
	"Listen.max_per_address": letsIn("max_per_address: 1", []int{101, 503}, []string{asPlanner}, []string{asWriter}),
	"Listen.proxies": letsIn("max_per_address: 1, proxies: [127.0.0.1]", []int{101, 101, 503},
		[]string{asPlanner, "X-Forwarded-For: 192.0.2.1"}, []string{asPlanner, "X-Forwarded-For: 192.0.2.2"},
		[]string{asPlanner, "X-Forwarded-For: 192.0.2.3, 192.0.2.2"}),
	"Listen.proxy_header": letsIn("max_per_address: 1, proxies: [127.0.0.1], proxy_header: Forwarded", []int{101, 101, 503},
		[]string{asPlanner, "Forwarded: for=192.0.2.1"}, []string{asPlanner, "Forwarded: for=192.0.2.2"},
		[]string{asPlanner, "Forwarded: for=192.0.2.2", "X-Forwarded-For: 192.0.2.3"}),

	"Listen.header_timeout":    cutsOff("header_timeout: 50ms", "GET /mcp HTTP/1.1\r\nHost: localhost\r\n"),
	"Listen.handshake_timeout": cutsOff("handshake_timeout: 50ms", "POST /ticket HTTP/1.1\r\nHost: localhost\r\nContent-Length: 5\r\n"+asPlanner+"\r\n\r\n"),
	"Listen.idle_timeout":      cutsOff("idle_timeout: 50ms", "GET /readyz HTTP/1.1\r\nHost: localhost\r\n\r\n"),
	"Listen.ping_interval":     pingsSoon,
	"Listen.max_message":       boundsMessages,
}

// letsIn connects with the header lines, one after the other, and compares the answers.
func letsIn(keys string, want []int, clients ...[]string) func(*testing.T) {
	return func(t *testing.T) {
		r := runService(t, "listen: {address: '127.0.0.1:0', "+keys+"}", nil)
		var got []int
		for _, lines := range clients {
			status, _, _ := r.upgrade(r.clients[0], append(lines, hostHere)...)
			got = append(got, status)
		}
		if !slices.Equal(got, want) {
			t.Errorf("answered %v, want %v", got, want)
		}
	}
}

// cutsOff sends what is no whole request, or one and then nothing, and waits for the end.
// The defaults would let it wait for longer than the test does.
func cutsOff(keys, sent string) func(*testing.T) {
	return func(t *testing.T) {
		r := runService(t, "listen: {address: '127.0.0.1:0', "+keys+"}", nil)
		conn := r.connect(r.clients[0])
		conn.SetDeadline(time.Now().Add(4 * time.Second)) // the least of the defaults is 5 s
		if _, err := io.WriteString(conn, sent); err != nil {
			t.Fatal(err)
		}
		if _, err := io.Copy(io.Discard, conn); errors.Is(err, os.ErrDeadlineExceeded) {
			t.Error("the connection is still there")
		}
	}
}

func pingsSoon(t *testing.T) {
	r := runService(t, "listen: {address: '127.0.0.1:0', ping_interval: 50ms}", nil)
	_, _, reader := r.upgrade(r.clients[0], hostHere, asPlanner)
	if first, err := reader.ReadByte(); first != 0x89 || err != nil { // FIN and the opcode of a ping
		t.Errorf("got %#x, %v", first, err)
	}
}

func boundsMessages(t *testing.T) {
	r := runService(t, "listen: {address: '127.0.0.1:0', max_message: 1KiB}", nil)
	stream, err := websocket.Dial(t.Context(), r.clients[0].url(), websocket.DialOptions{Token: listenToken})
	if err != nil {
		t.Fatal(err)
	}
	defer stream.Close(1000, "")
	if err := stream.Write(t.Context(), make([]byte, 2<<10)); err != nil {
		t.Fatal(err)
	}
	_, err = stream.Read(t.Context())
	if closed, ok := errors.AsType[*websocket.CloseError](err); !ok || closed.Code != 1009 {
		t.Errorf("got %v", err)
	}
}

// servesEverywhere calls a tool at each kind of listener by the flags that people have.
func servesEverywhere(t *testing.T) {
	authority := newAuthority(t)
	cert, key := authority.issue("server")
	r := runService(t, fmt.Sprintf(`listen:
  address: 127.0.0.1:0
  tls: {cert_file: %s, key_file: %s}
  also:
    - address: unix:%s
    - address: 127.0.0.1:0
    - {address: 'localhost:0', tls: {cert_file: %s, key_file: %s}}`, cert, key, socketPath(t), cert, key), authority)
	for i, scheme := range []string{"wss://", "unix:", "ws://", "wss://"} {
		url := r.clients[i].url()
		flags := []string{"call", "--url", url, "--token", listenToken, "echo", "text=hi"}
		if !strings.HasPrefix(url, scheme) {
			t.Errorf("listener %d is at %s", i, url)
		}
		if scheme == "wss://" {
			code, _, errOut := runCommand(t, flags...)
			if code != exitConnect || !strings.Contains(errOut, "unknown authority") || !strings.Contains(errOut, "--ca") {
				t.Errorf("without --ca: %d, %s", code, errOut)
			}
			flags = append(flags, "--ca", authority.file)
		}
		if code, out, errOut := runCommand(t, flags...); code != exitOK || out != "hi\n" {
			t.Errorf("%s: %d, %q, %q", url, code, out, errOut)
		}
	}
}

func asksForCertificates(t *testing.T) {
	authority, stranger := newAuthority(t), newAuthority(t)
	cert, key := authority.issue("server")
	clientCert, clientKey := authority.issue("client")
	strangeCert, strangeKey := stranger.issue("stranger")
	const listener = "{address: '127.0.0.1:0', tls: {cert_file: %s, key_file: %s, client_ca_file: %s, client_cert: %s}}"
	r := runService(t, fmt.Sprintf("listen: {address: '127.0.0.1:0', also: ["+listener+", "+listener+"]}",
		cert, key, authority.file, "require", cert, key, authority.file, "optional"), authority)
	for i, test := range []struct {
		listener  int
		cert, key string
		code      int
		want      string
	}{
		{1, "", "", exitConnect, "name one with --cert and --key"},
		{1, clientCert, clientKey, exitOK, "hi"},
		{1, strangeCert, strangeKey, exitConnect, "tls"},
		{2, "", "", exitOK, "hi"},
		{2, clientCert, clientKey, exitOK, "hi"},
		{2, strangeCert, strangeKey, exitConnect, "tls"},
	} {
		flags := []string{"call", "--url", r.clients[test.listener].url(), "--ca", authority.file, "--token", listenToken, "echo", "text=hi"}
		if test.cert != "" {
			flags = append(flags, "--cert", test.cert, "--key", test.key)
		}
		code, out, errOut := runCommand(t, flags...)
		if code != test.code || !strings.Contains(out+errOut, test.want) {
			t.Errorf("%d: %d, %q, %q", i, code, out, errOut)
		}
	}
}

// TestTLSIsOfOurTime refuses what TLS 1.2 has replaced.
func TestTLSIsOfOurTime(t *testing.T) {
	t.Parallel()
	authority := newAuthority(t)
	cert, key := authority.issue("server")
	r := runService(t, fmt.Sprintf("listen: {address: '127.0.0.1:0', tls: {cert_file: %s, key_file: %s}}", cert, key), authority)
	for version, ok := range map[uint16]bool{
		tls.VersionTLS10: false, tls.VersionTLS11: false, tls.VersionTLS12: true, tls.VersionTLS13: true,
	} {
		c := r.pool.Clone()
		c.MinVersion, c.MaxVersion = version, version
		conn, err := tls.Dial("tcp", r.clients[0].address, c)
		if (err == nil) != ok {
			t.Errorf("%s: %v", tls.VersionName(version), err)
		}
		if err == nil {
			conn.Close()
		}
	}
	conn, err := net.Dial("tcp", r.clients[0].address)
	if err != nil {
		t.Fatal(err)
	}
	defer conn.Close()
	io.WriteString(conn, "GET /mcp HTTP/1.1\r\nHost: localhost\r\n\r\n")
	answer, _ := io.ReadAll(conn)
	if !strings.Contains(string(answer), "400 Bad Request") {
		t.Errorf("without TLS: %q", answer)
	}
}
