package identity

import (
	"context"
	"crypto"
	"crypto/ecdsa"
	"crypto/ed25519"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/rsa"
	"encoding/base64"
	"encoding/json"
	"errors"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/MicahParks/jwkset"
	"github.com/golang-jwt/jwt/v5"

	"github.com/sluice-dev/sluice/cmd/sluice/internal/config"
	"github.com/sluice-dev/sluice/transport/websocket"
)

// A clock is set by hand.
type clock struct {
	mu  sync.Mutex
	now time.Time
}

func (c *clock) Now() time.Time {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.now
}

func (c *clock) pass(d time.Duration) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.now = c.now.Add(d)
}

// keys of the tests, made once: RSA keys take their time.
var testKeys = sync.OnceValue(func() map[string]crypto.Signer {
	rsaKey, err1 := rsa.GenerateKey(rand.Reader, 2048)
	other, err2 := rsa.GenerateKey(rand.Reader, 2048)
	ecKey, err3 := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	_, edKey, err4 := ed25519.GenerateKey(rand.Reader)
	if err := errors.Join(err1, err2, err3, err4); err != nil {
		panic(err)
	}
	return map[string]crypto.Signer{"rsa": rsaKey, "next": other, "ec": ecKey, "ed": edKey}
})

// jwksOf is the set of the public keys of these names.
func jwksOf(t *testing.T, names ...string) []byte {
	t.Helper()
	var set jwkset.JWKSMarshal
	for _, name := range names {
		jwk, err := jwkset.NewJWKFromKey(testKeys()[name].Public(), jwkset.JWKOptions{Metadata: jwkset.JWKMetadataOptions{KID: name}})
		if err != nil {
			t.Fatal(err)
		}
		set.Keys = append(set.Keys, jwk.Marshal())
	}
	text, err := json.Marshal(set)
	if err != nil {
		t.Fatal(err)
	}
	return text
}

// An idp is the issuer of the tests, whose address counts who asks.
type idp struct {
	*httptest.Server
	clock *clock
	jwks  atomic.Pointer[[]byte] // nil is down
	asked atomic.Int32
	foul  atomic.Int32 // requests for anything but the keys
}

func newIDP(t *testing.T) *idp {
	p := &idp{clock: &clock{now: time.Now().Truncate(time.Second)}}
	p.Server = httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if r.URL.Path != "/jwks.json" {
			p.foul.Add(1)
			return
		}
		p.asked.Add(1)
		if text := p.jwks.Load(); text != nil {
			_, _ = w.Write(*text)
			return
		}
		w.WriteHeader(http.StatusBadGateway)
	}))
	t.Cleanup(p.Close)
	p.publish(jwksOf(t, "rsa", "ec", "ed"))
	return p
}

func (p *idp) publish(text []byte) { p.jwks.Store(&text) }

func (p *idp) config() config.JWT {
	return config.JWT{Issuer: "https://id.example", Audience: []string{"other", "sluice"}, JWKSURL: p.URL + "/jwks.json"}
}

func (p *idp) issuer(t *testing.T, change ...func(*config.JWT)) *Issuer {
	t.Helper()
	c := p.config()
	for _, f := range change {
		f(&c)
	}
	i, err := newIssuer(c, p.clock.Now, nil)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(i.keys.close)
	return i
}

// claims are those of a good token, with changes: nil takes one out.
func (p *idp) claims(change jwt.MapClaims) jwt.MapClaims {
	claims := jwt.MapClaims{
		"iss": "https://id.example", "aud": "sluice", "sub": "ada",
		"exp": p.clock.Now().Add(time.Hour).Unix(), "iat": p.clock.Now().Unix(),
	}
	for name, value := range change {
		if claims[name] = value; value == nil {
			delete(claims, name)
		}
	}
	return claims
}

func sign(t *testing.T, method jwt.SigningMethod, key any, claims jwt.MapClaims, header map[string]any) string {
	t.Helper()
	token := jwt.NewWithClaims(method, claims)
	for name, value := range header {
		token.Header[name] = value
	}
	text, err := token.SignedString(key)
	if err != nil {
		t.Fatal(err)
	}
	return text
}

func kid(name string) map[string]any { return map[string]any{"kid": name} }

// TestIssuer tries what is wrong with tokens (FAULTS, row 67), each beside one that is good.
func TestIssuer(t *testing.T) {
	t.Parallel()
	p := newIDP(t)
	keys := testKeys()
	publicPEM, err := json.Marshal(keys["rsa"].Public())
	if err != nil {
		t.Fatal(err)
	}
	good := p.claims(nil)
	rs := func(claims jwt.MapClaims) string {
		return sign(t, jwt.SigningMethodRS256, keys["rsa"], claims, kid("rsa"))
	}
	with := func(change jwt.MapClaims) string { return rs(p.claims(change)) }
	at := func(d time.Duration) int64 { return p.clock.Now().Add(d).Unix() }
	parts := strings.Split(rs(good), ".")
	raw := func(s string) string { return base64.RawURLEncoding.EncodeToString([]byte(s)) }
	for _, test := range []struct {
		name, token string
		says        string // of a token that is refused with words; "-" without
	}{
		{"RS256", rs(good), ""},
		{"ES256", sign(t, jwt.SigningMethodES256, keys["ec"], good, kid("ec")), ""},
		{"without a kid", sign(t, jwt.SigningMethodRS256, keys["rsa"], good, nil), ""},
		{"one audience of several", with(jwt.MapClaims{"aud": []string{"x", "sluice"}}), ""},
		{"expired within the leeway", with(jwt.MapClaims{"exp": at(-20 * time.Second)}), ""},
		{"not yet valid within the leeway", with(jwt.MapClaims{"nbf": at(20 * time.Second)}), ""},

		{"alg none", raw(`{"alg":"none","kid":"rsa"}`) + "." + parts[1] + ".", "-"},
		{"alg None", raw(`{"alg":"None","kid":"rsa"}`) + "." + parts[1] + ".", "-"},
		{"alg none with a signature", raw(`{"alg":"none"}`) + "." + parts[1] + "." + parts[2], "-"},
		{"no alg", raw(`{"kid":"rsa"}`) + "." + parts[1] + "." + parts[2], "-"},
		{"HS256 with the public key", sign(t, jwt.SigningMethodHS256, publicPEM, good, kid("rsa")), "-"},
		{"HS256 with nothing", sign(t, jwt.SigningMethodHS256, []byte{}, good, kid("rsa")), "-"},
		{"an algorithm that is not pinned", sign(t, jwt.SigningMethodRS512, keys["rsa"], good, kid("rsa")), "-"},
		{"EdDSA, not pinned", sign(t, jwt.SigningMethodEdDSA, keys["ed"], good, kid("ed")), "-"},
		{"a key of another kind", sign(t, jwt.SigningMethodES256, keys["ec"], good, kid("rsa")), "-"},
		{"another's key", sign(t, jwt.SigningMethodRS256, keys["next"], good, kid("rsa")), "-"},
		{"a changed payload", parts[0] + "." + raw(`{"iss":"https://id.example","aud":"sluice","sub":"root","exp":99999999999}`) + "." + parts[2], "-"},
		{"no signature", parts[0] + "." + parts[1] + ".", "-"},
		{"unknown kid", sign(t, jwt.SigningMethodRS256, keys["rsa"], good, kid("nobody")), "-"},
		{"a kid that is an address", sign(t, jwt.SigningMethodRS256, keys["rsa"], good, kid(p.URL+"/evil")), "-"},
		{"a kid that is no text", sign(t, jwt.SigningMethodRS256, keys["next"], good, map[string]any{"kid": 7}), "-"},
		{"keys of its own", sign(t, jwt.SigningMethodRS256, keys["next"], good, map[string]any{
			"kid": "next", "jku": p.URL + "/evil", "x5u": p.URL + "/evil", "jwk": json.RawMessage(jwksOf(t, "next")),
		}), "-"},
		{"a header that must be understood", sign(t, jwt.SigningMethodRS256, keys["rsa"], good, map[string]any{"kid": "rsa", "crit": []string{"x"}}), "-"},
		{"another issuer", with(jwt.MapClaims{"iss": "https://evil.example"}), "-"},
		{"an issuer that begins so", with(jwt.MapClaims{"iss": "https://id.example.evil"}), "-"},
		{"no issuer", with(jwt.MapClaims{"iss": nil}), "-"},
		{"no JWT", "aaa.bbb.ccc", "-"},
		{"no token", "secret", "-"},
		{"another audience", with(jwt.MapClaims{"aud": "shop"}), "another audience"},
		{"no audience", with(jwt.MapClaims{"aud": nil}), "aud"},
		{"expired", with(jwt.MapClaims{"exp": at(-31 * time.Second)}), "has expired"},
		{"without an end", with(jwt.MapClaims{"exp": nil}), "exp"},
		{"an end that is no time", with(jwt.MapClaims{"exp": "tomorrow"}), "-"},
		{"not yet valid", with(jwt.MapClaims{"nbf": at(31 * time.Second)}), "not valid yet"},
		{"no caller", with(jwt.MapClaims{"sub": nil}), "claim sub"},
		{"a caller that is no text", with(jwt.MapClaims{"sub": 7}), "claim sub"},
		{"a caller that is a pattern", with(jwt.MapClaims{"sub": "*"}), "claim sub"},
		{"a caller with a line break", with(jwt.MapClaims{"sub": "a\nb"}), "claim sub"},
		{"a caller that moves the cursor", with(jwt.MapClaims{"sub": "a\u009b2J"}), "claim sub"},
		{"a caller that reads another way round", with(jwt.MapClaims{"sub": "a\u202eb"}), "claim sub"},
		{"a caller that is another's but for what is not seen", with(jwt.MapClaims{"sub": "ops\u200b"}), "claim sub"},
	} {
		id, err := p.issuer(t).Verify(t.Context(), test.token)
		if test.says == "" {
			if err != nil || id.Caller != "ada" {
				t.Errorf("%s: %v, %v", test.name, id, err)
			}
			continue
		}
		said, ok := errors.AsType[*websocket.CredentialError](err)
		if err == nil || ok != (test.says != "-") || ok && !strings.Contains(said.Reason, test.says) {
			t.Errorf("%s: %v, %v", test.name, id, err)
		}
		if err != nil && strings.Contains(err.Error(), test.token) {
			t.Errorf("%s: the error holds the token", test.name)
		}
	}
	if p.foul.Load() > 0 {
		t.Error("a token has made another address be asked")
	}
}

func TestIssuerClaims(t *testing.T) {
	t.Parallel()
	p := newIDP(t)
	verify := func(change jwt.MapClaims, settings func(*config.JWT)) (websocket.Identity, error) {
		token := sign(t, jwt.SigningMethodEdDSA, testKeys()["ed"], p.claims(change), kid("ed"))
		return p.issuer(t, func(c *config.JWT) { c.Algorithms = []config.Algorithm{"EdDSA"} }, settings).Verify(t.Context(), token)
	}
	id, err := verify(jwt.MapClaims{"email": "ada@shop.example"}, func(c *config.JWT) {
		c.Caller, c.Prefix, c.Leeway = "email", "id:", config.Duration(time.Minute)
	})
	if ends := p.clock.Now().Add(time.Hour + time.Minute); err != nil || id.Caller != "id:ada@shop.example" || !id.Expires.Equal(ends) {
		t.Errorf("%v until %v: %v", id, id.Expires, err)
	}
	scopes := func(c *config.JWT) { c.Scopes = []string{"call", "list"} }
	for _, good := range []jwt.MapClaims{{"scope": "list x call"}, {"scp": []string{"call", "list"}}, {"scp": "call list"}, {"scope": "call", "scp": []string{"list"}}} {
		if _, err := verify(good, scopes); err != nil {
			t.Errorf("%v: %v", good, err)
		}
	}
	for _, bad := range []jwt.MapClaims{nil, {"scope": "call"}, {"scope": "callist"}, {"scp": []any{"call", 7}}, {"scope": 7}} {
		_, err := verify(bad, scopes)
		if said, ok := errors.AsType[*websocket.CredentialError](err); !ok || said.Scope != "call list" {
			t.Errorf("%v: %v", bad, err)
		}
	}
	for _, test := range []struct {
		claim       any
		allow, deny string
	}{
		{[]string{"catalog_*", "!catalog_admin"}, "catalog_list", "catalog_admin"},
		{"catalog_list echo", "echo", "catalog_admin"},
		{[]string{}, "", "echo"},
		{nil, "", "echo"},
		{7, "", "echo"},
	} {
		id, err := verify(jwt.MapClaims{"tools": test.claim}, func(c *config.JWT) { c.ToolsClaim = "tools" })
		if err != nil {
			t.Fatal(err)
		}
		e := EvidenceOf(With(t.Context(), websocket.Peer{Identities: []websocket.Identity{{Caller: "x"}, id}}))
		if test.allow != "" && !e.Allow(test.allow) || e.Allow(test.deny) {
			t.Errorf("%v: %s %v, %s %v", test.claim, test.allow, e.Allow(test.allow), test.deny, e.Allow(test.deny))
		}
	}
}

// TestKeysChange checks that new keys are fetched when a token names one, not more often
// than may be, and that a key which is gone is so once the keys are old.
func TestKeysChange(t *testing.T) {
	t.Parallel()
	p := newIDP(t)
	i := p.issuer(t)
	token := func(key string) string {
		signer := testKeys()[key]
		if signer == nil {
			signer = testKeys()["rsa"]
		}
		return sign(t, jwt.SigningMethodRS256, signer, p.claims(jwt.MapClaims{"exp": p.clock.Now().Add(48 * time.Hour).Unix()}), kid(key))
	}
	want := func(what, key string, good bool, asked int32) {
		t.Helper()
		_, err := i.Verify(t.Context(), token(key))
		i.keys.running.Wait()
		if (err == nil) != good || p.asked.Load() != asked {
			t.Errorf("%s: %v, asked %d times, want %d", what, err, p.asked.Load(), asked)
		}
	}
	want("the first", "rsa", true, 1)
	want("the first again", "rsa", true, 1)
	p.publish(jwksOf(t, "rsa", "next"))
	want("a new one, too soon after the last fetch", "next", false, 1)
	p.clock.pass(fetchPause)
	want("a new one", "next", true, 2)
	want("the old one beside it", "rsa", true, 2)
	for range 20 {
		want("a flood of unknown names", "unknown", false, 2)
	}
	p.publish(jwksOf(t, "next"))
	p.clock.pass(defaultRefresh - time.Second)
	want("one that is gone, and nobody has looked", "rsa", true, 2)
	p.clock.pass(time.Second)
	want("one that is there starts the fetch", "next", true, 3)
	p.clock.pass(fetchPause)
	want("one that is gone", "rsa", false, 4)
}

// TestKeysStayWhileTheIssuerIsDown checks that the old keys are good for so long, without
// anybody waiting for the issuer, and no longer.
func TestKeysStayWhileTheIssuerIsDown(t *testing.T) {
	t.Parallel()
	p := newIDP(t)
	i := p.issuer(t, func(c *config.JWT) {
		c.Refresh, c.Stale = config.Duration(time.Minute), config.Duration(time.Hour)
	})
	verify := func() error {
		_, err := i.Verify(t.Context(), sign(t, jwt.SigningMethodRS256, testKeys()["rsa"], p.claims(nil), kid("rsa")))
		i.keys.running.Wait()
		return err
	}
	if err := verify(); err != nil {
		t.Fatal(err)
	}
	p.jwks.Store(nil)
	for passed := time.Duration(0); passed < time.Hour; passed += time.Minute {
		if err := verify(); err != nil {
			t.Fatalf("after %v: %v", passed, err)
		}
		p.clock.pass(time.Minute)
	}
	if asked := p.asked.Load(); asked < 30 || asked > 62 {
		t.Errorf("asked %d times in an hour", asked)
	}
	err := verify()
	if said, ok := errors.AsType[*websocket.CredentialError](err); !ok || !strings.Contains(said.Reason, "cannot be had") {
		t.Errorf("an hour later: %v", err)
	}
	p.publish(jwksOf(t, "rsa"))
	p.clock.pass(fetchPause)
	if err := verify(); err != nil {
		t.Errorf("up again: %v", err)
	}
}

// TestKeysAreFetchedOnce checks that all who need the keys wait for one fetch, and that one
// whose request ends waits no longer.
func TestKeysAreFetchedOnce(t *testing.T) {
	t.Parallel()
	p := newIDP(t)
	hold := make(chan struct{})
	slow := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		p.asked.Add(1)
		<-hold
		_, _ = w.Write(*p.jwks.Load())
	}))
	t.Cleanup(slow.Close)
	i := p.issuer(t, func(c *config.JWT) { c.JWKSURL = slow.URL })
	token := sign(t, jwt.SigningMethodRS256, testKeys()["rsa"], p.claims(nil), kid("rsa"))
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	if _, err := i.Verify(ctx, token); err == nil {
		t.Error("a token is taken for good without keys")
	}
	var all sync.WaitGroup
	for range 20 {
		all.Go(func() {
			if _, err := i.Verify(t.Context(), token); err != nil {
				t.Error(err)
			}
		})
	}
	close(hold)
	all.Wait()
	if p.asked.Load() != 1 {
		t.Errorf("asked %d times", p.asked.Load())
	}
}

// TestKeysThatAreNone checks what a set must be, and that nothing else of an answer counts.
func TestKeysThatAreNone(t *testing.T) {
	t.Parallel()
	p := newIDP(t)
	token := sign(t, jwt.SigningMethodRS256, testKeys()["rsa"], p.claims(nil), kid("rsa"))
	rsaOnly := string(jwksOf(t, "rsa"))
	for name, text := range map[string]string{
		"no JSON":        "<html>",
		"an empty set":   `{"keys":[]}`,
		"a secret key":   `{"keys":[{"kty":"oct","k":"c2VjcmV0c2VjcmV0c2VjcmV0c2VjcmV0","kid":"rsa","alg":"HS256"}]}`,
		"for encryption": strings.Replace(rsaOnly, `"kid"`, `"use":"enc","kid"`, 1),
		"for another":    strings.Replace(rsaOnly, `"kid"`, `"alg":"RS512","kid"`, 1),
		"too long":       rsaOnly + strings.Repeat(" ", maxKeyText),
		"too many":       `{"keys":[` + strings.Repeat(`{},`, maxKeys) + `{}]}`,
	} {
		p.publish([]byte(text))
		if _, err := p.issuer(t).Verify(t.Context(), token); err == nil {
			t.Errorf("%s: taken", name)
		}
	}
	p.publish([]byte(strings.Replace(rsaOnly, `[`, `[{"kty":"new"},{"kty":"EC","crv":"P-999","kid":"x"},`, 1)))
	if _, err := p.issuer(t).Verify(t.Context(), token); err != nil {
		t.Errorf("beside keys that are not known: %v", err)
	}
	redirect := httptest.NewServer(http.RedirectHandler(p.URL+"/jwks.json", http.StatusFound))
	t.Cleanup(redirect.Close)
	if _, err := p.issuer(t, func(c *config.JWT) { c.JWKSURL = redirect.URL }).Verify(t.Context(), token); err == nil {
		t.Error("a redirect is followed")
	}
}

func TestKeysOfAFile(t *testing.T) {
	t.Parallel()
	p := newIDP(t)
	path := filepath.Join(t.TempDir(), "keys.json")
	if err := os.WriteFile(path, jwksOf(t, "rsa"), 0o600); err != nil {
		t.Fatal(err)
	}
	i := p.issuer(t, func(c *config.JWT) { c.JWKSURL, c.JWKSFile = "", path })
	for key, good := range map[string]bool{"rsa": true, "next": false} {
		if _, err := i.Verify(t.Context(), sign(t, jwt.SigningMethodRS256, testKeys()[key], p.claims(nil), kid(key))); (err == nil) != good {
			t.Errorf("%s: %v", key, err)
		}
	}
	p.clock.pass(1000 * time.Hour)
	if _, err := i.Verify(t.Context(), sign(t, jwt.SigningMethodRS256, testKeys()["rsa"], p.claims(nil), kid("rsa"))); err != nil {
		t.Errorf("a file is old: %v", err)
	}
	for _, c := range []config.JWT{{JWKSFile: path + ".none"}, {JWKSFile: os.DevNull}, {JWKSURL: p.URL, CAFile: path}} {
		if _, err := newIssuer(c, time.Now, nil); err == nil {
			t.Errorf("%+v is taken", c)
		}
	}
	if p.asked.Load() > 0 {
		t.Error("the issuer was asked")
	}
}

// TestDirectoryTakesOver checks that an issuer of which nothing changes keeps its keys over
// a reload, and that what rests on another does not stand.
func TestDirectoryTakesOver(t *testing.T) {
	t.Parallel()
	p := newIDP(t)
	auth := &config.Auth{JWT: []config.JWT{p.config()}}
	first, err := NewDirectory(auth, nil, nil)
	if err != nil {
		t.Fatal(err)
	}
	token := sign(t, jwt.SigningMethodRS256, testKeys()["rsa"], p.claims(nil), kid("rsa"))
	id, err := first.Verifiers()[0].Verify(t.Context(), token)
	if err != nil {
		t.Fatal(err)
	}
	second, err := NewDirectory(auth, first, nil)
	if err != nil {
		t.Fatal(err)
	}
	first.Close(second)
	if _, err := second.Verifiers()[0].Verify(t.Context(), token); err != nil || p.asked.Load() != 1 || !second.Verifiers()[0].Knows(id) {
		t.Errorf("%v, asked %d times", err, p.asked.Load())
	}
	changed := p.config()
	changed.Prefix = "id:"
	third, err := NewDirectory(&config.Auth{JWT: []config.JWT{changed}}, second, nil)
	if err != nil {
		t.Fatal(err)
	}
	second.Close(third)
	if third.Verifiers()[0].Knows(id) {
		t.Error("what rests on the issuer as it was stands")
	}
	third.Close(nil)
}
