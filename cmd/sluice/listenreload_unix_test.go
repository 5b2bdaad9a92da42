//go:build unix

package main

import (
	"crypto/tls"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/sluice-dev/sluice/cmd/sluice/internal/config"
	"github.com/sluice-dev/sluice/transport/websocket"
)

// TestServeFollowsItsCertificates renews the certificate of a server in the ways that
// happen: the files are replaced, one after the other; half of a pair comes; SIGHUP.
func TestServeFollowsItsCertificates(t *testing.T) {
	t.Parallel()
	authority := newAuthority(t)
	cert, key := authority.issue("server")
	other, otherKey := authority.issue("other")
	s := start(t, "serve", "--config", writeFile(t, fmt.Sprintf(`
engine: {history: off}
listen: {address: '127.0.0.1:0', tls: {cert_file: %q, key_file: %q}}
auth: {tokens: [{name: a, token_file: %q}]}
tools: []`, cert, key, writeFile(t, listenToken))))
	url := regexp.MustCompile(`wss://\S+`).FindString(s.until("Serving 0 tools"))
	address := strings.TrimSuffix(strings.TrimPrefix(url, "wss://"), "/mcp")
	shown := func() string {
		t.Helper()
		conn, err := tls.Dial("tcp", address, &tls.Config{RootCAs: authority.pool()})
		if err != nil {
			t.Fatal(err)
		}
		defer conn.Close()
		return conn.ConnectionState().PeerCertificates[0].SerialNumber.String()
	}
	open, err := websocket.Dial(t.Context(), url, websocket.DialOptions{Token: listenToken, TLS: &tls.Config{RootCAs: authority.pool()}})
	if err != nil {
		t.Fatal(err)
	}
	defer open.Close(1000, "")
	first := shown()

	// A certificate whose key is that of another.
	rewritten(t, key, read(t, otherKey))
	s.stderr.await(t, "the config is not reloaded and the old one stays")
	s.stderr.await(t, "private key does not match public key")
	if shown() != first {
		t.Error("half a pair is shown")
	}
	rewritten(t, cert, read(t, other))
	s.stderr.await(t, "subject=\"CN=other\"")
	second := shown()
	if second == first {
		t.Error("the old certificate is shown")
	}

	// One that is soon over, and one that is over.
	authority.issueUntil("server", time.Now().Add(24*time.Hour))
	s.stderr.await(t, "level=WARN msg=\"clients are shown this certificate, which expires soon\"")
	authority.issueUntil("server", time.Now().Add(-time.Minute))
	s.stderr.await(t, "level=ERROR msg=\"clients will refuse this certificate, which has expired\"")
	const good = "level=INFO msg=\"clients are shown this certificate\""
	before := strings.Count(s.stderr.String(), good)
	authority.issue("server")
	s.signal(syscall.SIGHUP)
	s.stderr.awaitTimes(t, good, before+1)
	shown()
	if err := os.Remove(cert); err != nil {
		t.Fatal(err)
	}
	s.stderr.await(t, "no such file")
	shown()
	if err := open.Write(t.Context(), []byte(ping)); err != nil {
		t.Errorf("a connection from before: %v", err)
	}
	if _, err := open.Read(t.Context()); err != nil {
		t.Errorf("a connection from before: %v", err)
	}
}

func read(t *testing.T, path string) string {
	t.Helper()
	text, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	return string(text)
}

// TestServeWithoutItsCertificate says at start what is wrong, and so does check.
func TestServeWithoutItsCertificate(t *testing.T) {
	t.Parallel()
	authority := newAuthority(t)
	cert, key := authority.issue("server")
	_, otherKey := authority.issue("other")
	for _, test := range []struct{ tls, want string }{
		{fmt.Sprintf("{cert_file: %s, key_file: none.key}", cert), "none.key: no such file"},
		{fmt.Sprintf("{cert_file: %s, key_file: %s}", cert, otherKey), "private key does not match public key"},
		{fmt.Sprintf("{cert_file: %s, key_file: %s}", key, key), "failed to find"},
		{fmt.Sprintf("{cert_file: %s, key_file: %s, client_ca_file: none.pem}", cert, key), "none.pem: no such file"},
		{fmt.Sprintf("{cert_file: %s, key_file: %s, client_ca_file: %s}", cert, key, key), "holds no certificate"},
	} {
		path := writeFile(t, "engine: {history: off}\nlisten: {address: '127.0.0.1:0', tls: "+test.tls+"}\ntools: []")
		p := start(t, "serve", "--config", path)
		p.wantExit(exitUsage)
		if !strings.Contains(p.stderr.String(), test.want) {
			t.Errorf("no %q in:\n%s", test.want, p.stderr)
		}
		if _, out, _ := runCommand(t, "check", "--config", path); !strings.Contains(out, test.want) {
			t.Errorf("check: no %q in:\n%s", test.want, out)
		}
	}
}

// TestAdministrationInTheOpen checks that the log says where the tokens of administrators can
// be read on their way, and that whoever asks elsewhere is told where to.
func TestAdministrationInTheOpen(t *testing.T) {
	t.Parallel()
	const secret = "canary-0123456789"
	socket, token := "unix:"+socketPath(t), writeFile(t, secret)
	s := start(t, "serve", "--listen", socket, "--config", writeFile(t, "engine: {history: off}\nlisten: {admin: '0.0.0.0:0'}\n"+
		"auth: {tokens: [{name: ops, token_file: '"+token+"', admin: true}]}\ntools: [{name: greet, command: [echo, hi]}]"))
	s.stderr.await(t, "tokens travel unencrypted to the address for administration")
	if code, out, errOut := runCommand(t, "top", "--once", "--url", socket, "--token", secret); code != exitConnect || !strings.Contains(errOut, "another address than "+socket) {
		t.Errorf("%d, %q, %s", code, out, errOut)
	}
}

// TestServeListensMoreThanOnce takes the addresses of flags beside those of the config.
func TestServeListensMoreThanOnce(t *testing.T) {
	t.Parallel()
	socket, other := "unix:"+socketPath(t), "unix:"+socketPath(t)
	s := start(t, "serve", "--listen", "127.0.0.1:0", "--listen", socket, "--config",
		writeFile(t, "engine: {history: off}\nlisten: {address: '127.0.0.1:1', also: [{address: '"+other+"'}]}\ntools: [{name: greet, command: [echo, hi]}]"))
	urls := []string{regexp.MustCompile(`ws://\S+`).FindString(s.until("Serving 1 tools at ws://")), socket, other}
	s.until("/readyz")
	for _, url := range urls { // the token that was made is found for each of them
		if code, out, errOut := runCommand(t, "call", "--url", url, "greet"); code != exitOK || out != "hi\n" {
			t.Errorf("%s: %d, %q, %s", url, code, out, errOut)
		}
	}
	p := start(t, "serve", "--listen", "127.0.0.1:0", "--listen", "0.0.0.0:0")
	p.wantExit(exitUsage)
	if !strings.Contains(p.stderr.String(), "0.0.0.0:0 can be reached by other machines") {
		t.Errorf("stderr:\n%s", p.stderr)
	}
}

// TestServeLeavesHalfOfTheFiles starts a server that may have few files open.
func TestServeLeavesHalfOfTheFiles(t *testing.T) {
	t.Parallel()
	for _, test := range []struct {
		files, wanted int
		want          int
	}{{0, 0, 10_000}, {1 << 20, 0, 10_000}, {1024, 0, 512}, {1024, 100, 100}, {1024, 5000, 512}, {1, 0, 1}} {
		if got := connectionCaps(&config.Listen{MaxConnections: test.wanted}, test.files).Connections; got != test.want {
			t.Errorf("%+v: %d", test, got)
		}
	}
	p := &process{t: t, cmd: exec.Command("sh", "-c", "ulimit -n 200; exec \"$0\" serve --listen 127.0.0.1:0", binary), stderr: newRecord()}
	p.cmd.Stderr = p.stderr
	if err := p.cmd.Start(); err != nil {
		t.Fatal(err)
	}
	defer func() {
		p.cmd.Process.Kill()
		p.cmd.Wait()
	}()
	p.stderr.await(t, "max_connections=10000 let_in=100 may_open=200")
	if !strings.Contains(p.stderr.String(), "ulimit -n or LimitNOFILE") {
		t.Errorf("stderr:\n%s", p.stderr)
	}
}

// TestReloadChangesListening has caps and proxies follow the config, and names what does
// not.
func TestReloadChangesListening(t *testing.T) {
	t.Parallel()
	authority := newAuthority(t)
	cert, key := authority.issue("server")
	log := newRecord()
	r := runService(t, "listen: {address: '127.0.0.1:0', max_per_address: 1}", nil, log)
	l := r.clients[0]
	follow := func(listen string) error {
		path := filepath.Join(t.TempDir(), "sluice.yaml")
		rewritten(t, path, "engine: {history: off}\nauth: {tokens: [{name: planner, token_file: "+writeFile(t, listenToken)+"}]}\nlisten: "+listen+"\n")
		next, err := loadConfig(path)
		if err != nil {
			return err
		}
		reload := &reloader{source: source{path: path}, log: r.log}
		started := *next
		started.Listen = config.Listen{Address: "127.0.0.1:0"}
		reload.serving(&started, r.host, r.service)
		return reload.apply(next)
	}
	if err := follow("{address: '127.0.0.1:0', max_per_address: 1, proxies: [127.0.0.1]}"); err != nil {
		t.Fatal(err)
	}
	for _, test := range []struct {
		from   string
		status int
	}{{"192.0.2.1", 101}, {"192.0.2.2", 101}, {"192.0.2.2", 503}} {
		if status, _, _ := r.upgrade(l, hostHere, asPlanner, "X-Forwarded-For: "+test.from); status != test.status {
			t.Errorf("from %s: %d, want %d", test.from, status, test.status)
		}
	}
	if err := follow("{address: '127.0.0.1:0', max_connections: 2}"); err != nil {
		t.Fatal(err)
	}
	if status, _, _ := r.upgrade(l, hostHere, asPlanner); status != 503 {
		t.Errorf("beyond a cap that is lowered: %d", status)
	}
	if err := follow("{address: '127.0.0.1:0', proxies: [10.0.0.0/8, lb.example]}"); err == nil || !strings.Contains(err.Error(), "sluice.yaml:3:56") {
		t.Errorf("proxies that make no sense: %v", err)
	}
	err := follow(fmt.Sprintf("{address: '127.0.0.1:0', header_timeout: 1s, also: [{address: '127.0.0.1:1'}], tls: {cert_file: %s, key_file: %s}}", cert, key))
	if err != nil {
		t.Fatal(err)
	}
	for _, key := range []string{"listen.header_timeout", "listen.also", "listen.tls"} {
		if !strings.Contains(log.String(), "next start only\" key="+key+"\n") {
			t.Errorf("%s is not named in:\n%s", key, log)
		}
	}
	for _, key := range []string{"listen.max_connections", "listen.proxies"} {
		if strings.Contains(log.String(), "next start only\" key="+key+"\n") {
			t.Errorf("%s is named in:\n%s", key, log)
		}
	}
}
