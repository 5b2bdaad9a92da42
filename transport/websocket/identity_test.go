package websocket

import (
	"context"
	"errors"
	"net/http"
	"strings"
	"testing"
	"testing/synctest"
	"time"
)

// A fakeVerifier knows some tokens.
type fakeVerifier map[string]Identity

func (f fakeVerifier) Verify(_ context.Context, token string) (Identity, error) {
	switch token {
	case "stale":
		return Identity{}, &CredentialError{Reason: "It is stale."}
	case "narrow":
		return Identity{}, &CredentialError{Reason: "It is narrow.", Scope: "tools"}
	}
	id, ok := f[token]
	if !ok {
		return id, errors.New("unknown: " + token)
	}
	return id, nil
}

func (f fakeVerifier) Knows(id Identity) bool {
	for _, known := range f {
		if known.Basis != nil && known.Basis == id.Basis {
			return true
		}
	}
	return false
}

// A fakeConnection believes a header.
type fakeConnection struct{}

func (fakeConnection) VerifyConnection(r *http.Request) (Identity, bool, error) {
	switch name := r.Header.Get("X-Certificate"); name {
	case "":
		return Identity{}, false, nil
	case "bad":
		return Identity{}, false, &CredentialError{Reason: "The certificate has no name."}
	default:
		return Identity{Caller: name, Basis: "certificate"}, true, nil
	}
}

func (fakeConnection) Knows(id Identity) bool { return id.Basis == "certificate" }

func TestVerifiers(t *testing.T) {
	t.Parallel()
	h := newTestHandler(t, Options{
		Verifiers:   []Verifier{fakeVerifier{"a": {Caller: "ada", Basis: "a"}}, fakeVerifier{"p": {Caller: "planner"}, "nobody": {}}},
		Connections: []ConnectionVerifier{fakeConnection{}},
	})
	const bearer, certificate, offer = "Authorization: Bearer ", "X-Certificate: ", "Sec-WebSocket-Protocol: mcp, bearer."
	for _, test := range []struct {
		name      string
		headers   []string
		status    int
		says      string
		challenge string
	}{
		{"a token of the config", []string{asPlanner}, admitted, "", ""},
		{"a token of the first verifier", []string{bearer + "a"}, admitted, "", ""},
		{"a token of the second", []string{bearer + "p"}, admitted, "", ""},
		{"in the subprotocol", []string{offer + "a"}, admitted, "", ""},
		{"a connection alone", []string{certificate + "ada"}, admitted, "", ""},
		{"a connection and a token that agree", []string{certificate + "ada", bearer + "a"}, admitted, "", ""},
		{"two kinds of token that agree", []string{asPlanner, offer + "p"}, admitted, "", ""},
		{"none", nil, 401, "token is required", "Bearer"},
		{"one that no verifier knows", []string{bearer + "zzz"}, 401, "wrong", `Bearer error="invalid_token"`},
		{"one that stands for nobody", []string{bearer + "nobody"}, 401, "wrong", `Bearer error="invalid_token"`},
		{"one of which more is said", []string{bearer + "stale"}, 401, "It is stale.", `Bearer error="invalid_token"`},
		{"one that is too narrow", []string{bearer + "narrow"}, 403, "It is narrow.", `Bearer error="insufficient_scope", scope="tools"`},
		{"a connection that is bad", []string{certificate + "bad"}, 401, "no name", `Bearer error="invalid_token"`},
		{"a bad connection and a good token", []string{certificate + "bad", asPlanner}, 401, "no name", `Bearer error="invalid_token"`},
		{"a good connection and a bad token", []string{certificate + "ada", bearer + "zzz"}, 401, "", `Bearer error="invalid_token"`},
		{"a connection and a token that differ", []string{certificate + "ada", asPlanner}, 401, "same caller", `Bearer error="invalid_token"`},
		{"two kinds of token that differ", []string{bearer + "a", offer + plannerSecret}, 401, "same caller", `Bearer error="invalid_token"`},
	} {
		w := ask(h, "GET", pathMCP, test.headers...)
		if w.Code != test.status || !strings.Contains(w.Body.String(), test.says) || w.Header().Get("WWW-Authenticate") != test.challenge {
			t.Errorf("%s: %d, %q: %s", test.name, w.Code, w.Header().Get("WWW-Authenticate"), w.Body)
		}
	}
}

// TestSetAccessKnowsIdentities checks that what lets a connection in is asked for again when
// access changes.
func TestSetAccessKnowsIdentities(t *testing.T) {
	t.Parallel()
	access := Access{Verifiers: []Verifier{fakeVerifier{"a": {Caller: "ada", Basis: "a"}}}, Connections: []ConnectionVerifier{fakeConnection{}}}
	h := newTestHandler(t, Options{Verifiers: access.Verifiers, Connections: access.Connections})
	url := startServer(t, h)
	byToken, err := Dial(t.Context(), url, DialOptions{Token: "a"})
	if err != nil {
		t.Fatal(err)
	}
	exchange(t, byToken, "hello")
	c, _ := upgradeRaw(t, connect(t, url), "X-Certificate: ada\r\n")
	c.Write(frame(bitFin|opText, "hello"))
	c.read()
	set := func(a Access, want int) {
		t.Helper()
		if closed, err := h.SetAccess(a); closed != want || err != nil {
			t.Errorf("%d are closed: %v", closed, err)
		}
	}
	set(access, 0)
	access.Connections = nil
	set(access, 1)
	if code := c.closed(); code != 1008 {
		t.Errorf("the connection is closed with %d", code)
	}
	set(accessOf(t, plannerSecret), 1)
	_, err = byToken.Read(t.Context())
	wantRevoked(t, err)
}

// TestAConnectionEndsWithItsToken holds a connection to the token that ends first, and no
// request is let in with one that has ended.
func TestAConnectionEndsWithItsToken(t *testing.T) {
	for name, header := range map[string]string{
		"alone":         "Authorization: Bearer hour\r\n",
		"beside others": "Authorization: Bearer day\r\nSec-WebSocket-Protocol: mcp, bearer.hour\r\n" + authorized,
		"by a ticket":   "",
	} {
		t.Run(name, func(t *testing.T) {
			inBubble(t, func(t *testing.T) {
				started := time.Now()
				h := newTestHandler(t, Options{
					PingInterval: 100 * time.Hour,
					Verifiers: []Verifier{fakeVerifier{
						"hour": {Caller: "planner", Expires: started.Add(time.Hour), Basis: 1},
						"day":  {Caller: "planner", Expires: started.Add(24 * time.Hour), Basis: 2},
					}},
				})
				path := pathMCP
				if header == "" {
					path += "?ticket=" + takeTicket(t, h, "Authorization: Bearer hour")
				}
				l, _ := serveInMemory(t, h)
				c, resp := upgradeRaw(t, l.dial(), header, path)
				if resp.StatusCode != http.StatusSwitchingProtocols {
					t.Fatal(resp.Status)
				}
				if code := c.closed(); code != 1008 || time.Since(started) != time.Hour {
					t.Errorf("closed with %d after %v", code, time.Since(started))
				}
				if w := ask(h, "POST", pathTicket, "Authorization: Bearer hour"); w.Code != 401 || !strings.Contains(w.Body.String(), "expired") {
					t.Errorf("another request is answered with %d: %s", w.Code, w.Body)
				}
				synctest.Wait()
				if len(h.guests.ends) != 0 || h.inside() != 1 {
					t.Errorf("%d timers, %d inside", len(h.guests.ends), h.inside())
				}
			})
		})
	}
}

// TestGuard checks that what the handler guards for others is guarded as its own routes.
func TestGuard(t *testing.T) {
	t.Parallel()
	h := newTestHandler(t, Options{Origins: []string{shop}})
	seen := ""
	next := http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		peer, ok := PeerOf(r)
		seen = peer.Caller
		if ok != (seen != "") {
			t.Errorf("%v of %q", ok, seen)
		}
	})
	guarded, screened := h.Guard(next), h.Screen(next)
	for _, path := range []string{"/metrics", pathMCP, pathScript, pathTicket} {
		for _, method := range []string{"GET", "HEAD", "POST", "OPTIONS"} {
			for _, test := range []struct {
				name              string
				headers           []string
				guarded, screened int
			}{
				{"nothing", nil, 401, 200},
				{"a preflight", []string{"Origin: " + shop, "Access-Control-Request-Method: POST"}, 401, 200},
				{"a wrong token", []string{"Authorization: Bearer wrong"}, 401, 200},
				{"a subprotocol", []string{"Sec-WebSocket-Protocol: bearer." + plannerSecret}, 401, 200},
				{"a foreign page", []string{asPlanner, "Origin: https://evil.example"}, 403, 403},
				{"a rebound name", []string{asPlanner, "Host: evil.example"}, 403, 403},
				{"a token", []string{asPlanner}, 200, 200},
			} {
				seen = ""
				if got := ask(guarded, method, path, test.headers...).Code; got != test.guarded || (got == 200) != (seen == "planner") {
					t.Errorf("guarded %s %s with %s: %d as %q", method, path, test.name, got, seen)
				}
				seen = ""
				if got := ask(screened, method, path, test.headers...).Code; got != test.screened || seen != "" {
					t.Errorf("screened %s %s with %s: %d as %q", method, path, test.name, got, seen)
				}
			}
		}
	}
}
