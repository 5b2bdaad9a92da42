//go:build unix

package main

import (
	"context"
	"crypto/ed25519"
	"crypto/rand"
	"encoding/json"
	"errors"
	"fmt"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/MicahParks/jwkset"
	"github.com/golang-jwt/jwt/v5"

	"github.com/sluice-dev/sluice/executor"
	"github.com/sluice-dev/sluice/transport/websocket"
)

// authKnobs are the knobs on who may do what: see knobs.
var authKnobs = map[string]func(*testing.T){
	"Auth.callers":        eachSaid("tools: [y]", mayNot("ada", executor.ErrForbidden)),
	"Caller.name":         mayNotOf(`auth: {callers: [{name: "a*", tools: []}]}`, map[string]bool{"ada": false, "bob": true}),
	"Auth.jwt":            TestServeTakesTokensOfAnIssuer,
	"Auth.certificates":   knowsCertificates,
	"Certificates.caller": knowsCertificates, "Certificates.prefix": knowsCertificates,
	"Auth.users": knowsUsers,
	"User.uid":   knowsUsers, "User.name": knowsUsers,
}

// permissionKnobs are those that a caller and a token have, both.
var permissionKnobs = map[string]func(*testing.T){
	"tools":       eachSaid(`tools: ["*", "!x"]`, mayNot("ada", executor.ErrForbidden)),
	"priority":    eachSaid("priority: batch", hasPriority("ada", "batch")),
	"rate":        eachSaid("rate: 1/h", limited("ada", executor.ErrRateLimited)),
	"concurrency": eachSaid("concurrency: 1", runsOne("ada")),
	"queue":       eachSaid("concurrency: 1, queue: off", refusesSecond("ada")),
	"admin":       eachSaid("admin: true", administers),
}

func init() { // the two types embed one
	for key, bites := range permissionKnobs {
		authKnobs["Caller."+key], authKnobs["Token."+key] = bites, bites
	}
}

// eachSaid says the permissions of ada in both places, and nothing of bob.
func eachSaid(permissions string, check func(t *testing.T, yaml string)) func(*testing.T) {
	return func(t *testing.T) {
		for _, auth := range []string{
			"auth: {callers: [{name: ada, " + permissions + "}]}\n",
			"auth: {tokens: [{name: ada, token_env: SLUICE_TEST_ADA, " + permissions + "}, {name: bob, token_env: SLUICE_TEST_BOB}]}\n",
		} {
			check(t, auth)
		}
	}
}

func mayNot(caller string, refusal error) func(*testing.T, string) {
	return func(t *testing.T, auth string) {
		h := hostOf(t, auth+tool("command: ['true']"))
		if _, err := h.ask(t, caller); !errors.Is(err, refusal) {
			t.Errorf("%s: %v", caller, err)
		}
		if _, err := h.ask(t, "bob"); err != nil {
			t.Errorf("bob: %v", err)
		}
	}
}

func mayNotOf(auth string, may map[string]bool) func(*testing.T) {
	return func(t *testing.T) {
		h := hostOf(t, auth+"\n"+tool("command: ['true']"))
		for caller, may := range may {
			if _, err := h.ask(t, caller); (err == nil) != may {
				t.Errorf("%s: %v", caller, err)
			}
		}
	}
}

func hasPriority(caller, want string) func(*testing.T, string) {
	return func(t *testing.T, auth string) {
		h := hostOf(t, auth+tool(stays))
		id, err := h.engine.Submit(t.Context(), &executor.Request{Tool: "x", Caller: caller, Priority: executor.PriorityInteractive})
		if err != nil {
			t.Fatal(err)
		}
		for _, r := range h.engine.InFlight() {
			if r.Priority != want {
				t.Errorf("it has %s", r.Priority)
			}
		}
		if err := h.engine.Cancel(id); err != nil {
			t.Error(err)
		}
	}
}

func limited(caller string, refusal error) func(*testing.T, string) {
	return func(t *testing.T, auth string) {
		h := hostOf(t, auth+tool(counts))
		for i, who := range []string{caller, caller, "bob", "bob"} {
			if _, err := h.ask(t, who); (i == 1) != errors.Is(err, refusal) {
				t.Errorf("call %d, of %s: %v", i, who, err)
			}
		}
	}
}

// runsOne fails the test unless of two calls of the caller one waits, and none of bob.
func runsOne(caller string) func(*testing.T, string) {
	return func(t *testing.T, auth string) {
		h := hostOf(t, "engine: {"+beating+"}\n"+auth+tool(stays))
		for i, who := range []string{caller, caller, "bob", "bob"} {
			if does, waits := h.begin(t, who), i == 1; (does == callWaits) != waits || (does == callRuns) == waits {
				t.Errorf("call %d, of %s: it %s", i, who, does)
			}
		}
	}
}

func refusesSecond(caller string) func(*testing.T, string) {
	return func(t *testing.T, auth string) {
		h := hostOf(t, "engine: {"+beating+"}\n"+auth+tool(stays))
		if does := h.begin(t, caller); does != callRuns {
			t.Fatalf("the call %s", does)
		}
		if _, err := h.ask(t, caller); !errors.Is(err, executor.ErrQueueFull) {
			t.Errorf("got %v", err)
		}
	}
}

func administers(t *testing.T, auth string) {
	h := hostOf(t, auth+tool("command: ['true']"))
	s := &service{host: h}
	for caller, may := range map[string]bool{"ada": true, "bob": false, "": false} {
		if s.mayAdminister(websocket.Peer{Caller: caller}) != may {
			t.Errorf("%q may: %v", caller, !may)
		}
	}
}

// knowsCertificates calls as what the certificate names, and as nobody without one.
func knowsCertificates(t *testing.T) {
	authority := newAuthority(t)
	cert, key := authority.issue("server")
	clientCert, clientKey := authority.issue("client")
	for kind, name := range map[string]string{"cn": "client", "dns": "localhost", "uri": "spiffe://shop.example/client", "email": "client@shop.example"} {
		r := runService(t, fmt.Sprintf(`
listen: {address: '127.0.0.1:0', tls: {cert_file: %s, key_file: %s, client_ca_file: %s, client_cert: optional}}
auth: {certificates: {caller: %s, prefix: "cert:"}, callers: [{name: "cert:%s", tools: [echo]}, {name: "*", tools: []}]}
`, cert, key, authority.file, kind, name), authority)
		flags := []string{"--url", r.clients[0].url(), "--ca", authority.file, "--cert", clientCert, "--key", clientKey}
		if code, out, errOut := runCommand(t, append([]string{"call", "echo", "text=hi"}, flags...)...); code != exitOK || out != "hi\n" {
			t.Errorf("%s: %d, %q, %q", kind, code, out, errOut)
		}
		if code, out, errOut := runCommand(t, append([]string{"tools"}, flags...)...); code != exitOK || strings.Contains(out, "countdown") {
			t.Errorf("%s: the list: %d, %q, %q", kind, code, out, errOut)
		}
		if code, _, errOut := runCommand(t, "call", "echo", "text=hi", "--url", r.clients[0].url(), "--ca", authority.file, "--token", "none-0123456789abcd"); code != exitConnect {
			t.Errorf("%s: without a certificate: %d, %q", kind, code, errOut)
		}
	}
}

// knowsUsers calls as this user, and as nobody where another user is meant.
func knowsUsers(t *testing.T) {
	for uid, code := range map[int]int{os.Getuid(): exitOK, os.Getuid() + 1: exitConnect} {
		r := runService(t, fmt.Sprintf(`
listen: {address: 'unix:%s'}
auth: {users: [{uid: %d, name: me}], callers: [{name: me, tools: [echo]}]}
`, socketPath(t), uid), nil)
		if got, out, errOut := runCommand(t, "call", "--url", r.clients[0].url(), "echo", "text=hi"); got != code {
			t.Errorf("%d: %d, %q, %q", uid, got, out, errOut)
		}
		if got, out, _ := runCommand(t, "tools", "--url", r.clients[0].url()); code == exitOK && (got != code || strings.Contains(out, "countdown")) {
			t.Errorf("the list: %d, %q", got, out)
		}
	}
}

// An issuer signs tokens and publishes its key.
type issuer struct {
	url string
	key ed25519.PrivateKey
}

func newIssuer(t *testing.T) *issuer {
	t.Helper()
	public, private, err := ed25519.GenerateKey(rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	jwk, err := jwkset.NewJWKFromKey(public, jwkset.JWKOptions{Metadata: jwkset.JWKMetadataOptions{KID: "k"}})
	if err != nil {
		t.Fatal(err)
	}
	text, err := json.Marshal(jwkset.JWKSMarshal{Keys: []jwkset.JWKMarshal{jwk.Marshal()}})
	if err != nil {
		t.Fatal(err)
	}
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) { _, _ = w.Write(text) }))
	t.Cleanup(server.Close)
	return &issuer{server.URL, private}
}

func (i *issuer) sign(t *testing.T, sub string, ends time.Time, tools ...string) string {
	t.Helper()
	token := jwt.NewWithClaims(jwt.SigningMethodEdDSA, jwt.MapClaims{"iss": "me", "aud": "sluice", "sub": sub, "exp": ends.Unix(), "tools": tools})
	token.Header["kid"] = "k"
	text, err := token.SignedString(i.key)
	if err != nil {
		t.Fatal(err)
	}
	return text
}

// TestServeTakesTokensOfAnIssuer follows such a token through the upgrade, the list, calls
// and a change of the config.
func TestServeTakesTokensOfAnIssuer(t *testing.T) {
	t.Parallel()
	issuer := newIssuer(t)
	config := func(prefix string) string {
		return fmt.Sprintf(`
engine: {history: off}
tools: [{name: x, command: [echo, x]}, {name: y, command: [echo, y]}, {name: z, command: [echo, z]}]
auth:
  jwt: [{issuer: me, audience: [sluice], jwks_url: %q, algorithms: [EdDSA], prefix: %q, tools_claim: tools}]
  callers: [{name: "%s*", tools: [x, y]}]
`, issuer.url, prefix, prefix)
	}
	r, url := newReloadableService(t, config("id:"))
	t.Cleanup(func() { r.service.directory.Close(nil) })
	token := issuer.sign(t, "ada", time.Now().Add(time.Hour), "y", "z")
	c, err := dialURL(t, url, token)
	if err != nil {
		t.Fatal(err)
	}
	if list := c.ask(`{"jsonrpc":"2.0","id":"list","method":"tools/list"}`, `"id":"list"`); !strings.Contains(list, `"y"`) || strings.Contains(list, `"x"`) || strings.Contains(list, `"z"`) {
		t.Errorf("the list: %s", list)
	}
	for i, name := range []string{"x", "y", "z"} {
		id := fmt.Sprintf(`"id":%d,`, i+1)
		if answer := c.ask(call(i+1, name, object{}), id); strings.Contains(answer, "may not use") != (name != "y") {
			t.Errorf("%s: %s", name, answer)
		}
	}
	if _, err := dialURL(t, url, issuer.sign(t, "ada", time.Now().Add(-time.Hour), "y")); err == nil {
		t.Error("an old token lets in")
	}
	r.mustFollow(config("id:")) // nothing changes
	c.ask(ping, `"id":"ping"`)
	r.mustFollow(config("new:"))
	for err = nil; err == nil; { // whose caller has another name now
		var message []byte
		if message, err = c.stream.Read(c.ctx); err == nil && !strings.Contains(string(message), "tools/list_changed") {
			t.Errorf("it says %s", message)
		}
	}
	if _, err := dialURL(t, url, token); err != nil {
		t.Error(err)
	}
}

// TestReloadTakesPermissionsAway sees a change of permissions hold for the next call and
// list of a connection that is open, which is told of it.
func TestReloadTakesPermissionsAway(t *testing.T) {
	t.Parallel()
	const token = "permissions-0123456789"
	file := secretFile(t, token)
	config := func(tools string) string {
		return "engine: {history: off}\ntools: [{name: x, command: [echo, x]}, {name: y, command: [echo, y]}]\n" +
			"auth: {tokens: [{name: ada, token_file: " + file + tools + "}]}\n"
	}
	r, url := newReloadableService(t, config(""))
	c, err := dialURL(t, url, token)
	if err != nil {
		t.Fatal(err)
	}
	want := func(id int, name string, may bool) {
		t.Helper()
		answer := c.ask(call(id, name, object{}), fmt.Sprintf(`"id":%d,`, id))
		if strings.Contains(answer, "may not use") == may {
			t.Errorf("call %d of %s: %s", id, name, answer)
		}
		list := c.ask(fmt.Sprintf(`{"jsonrpc":"2.0","id":"l%d","method":"tools/list"}`, id), fmt.Sprintf(`"id":"l%d"`, id))
		if strings.Contains(list, `"name":"`+name+`"`) != may {
			t.Errorf("list %d: %s", id, list)
		}
	}
	want(1, "x", true)
	r.mustFollow(config(", tools: [y]"))
	want(2, "x", false)
	want(3, "y", true)
	r.mustFollow(config(", tools: []"))
	want(4, "y", false)
	r.mustFollow(config(""))
	want(5, "x", true)
	if err := r.follow(config(", tools: ['!y']")); err == nil || !strings.Contains(err.Error(), "forbids only") {
		t.Errorf("got %v", err)
	}
	want(6, "y", true)
}

// TestStdioCaller holds the local user to what a caller may do, if asked to.
func TestStdioCaller(t *testing.T) {
	t.Parallel()
	path := filepath.Join(t.TempDir(), "sluice.yaml")
	if err := os.WriteFile(path, []byte("engine: {history: off}\ntools: [{name: x, command: [echo, x]}]\nauth: {callers: [{name: weak, tools: []}]}\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	if code, _, errOut := runCommand(t, "stdio", "--config", path, "--caller", "waek"); code != exitUsage || !strings.Contains(errOut, "nothing is said of such a caller") {
		t.Errorf("%d, %q", code, errOut)
	}
	for caller, may := range map[string]bool{"": true, "weak": false} {
		o := &stdioOptions{caller: caller}
		cfg, err := loadConfig(path)
		if err != nil {
			t.Fatal(err)
		}
		h, err := o.build(cfg, slog.New(slog.DiscardHandler))
		if err != nil {
			t.Fatal(err)
		}
		t.Cleanup(func() { h.await(context.Background(), slog.New(slog.DiscardHandler)) })
		_, err = h.engine.Execute(context.Background(), &executor.Request{Tool: "x", Caller: h.localCaller})
		if (err == nil) != may {
			t.Errorf("%q: %v", caller, err)
		}
	}
}
