package httpcall

import (
	"context"
	"encoding/base64"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/url"
	"strings"
	"testing"

	"github.com/go-json-experiment/json/jsontext"

	"github.com/sluice-dev/sluice/tools"
)

func always(text string) func() (string, error) {
	return func() (string, error) { return text, nil }
}

func TestCredentials(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		credential          Credential
		header, want, query string
	}{
		{Credential{Secret: always("se cret")}, "Authorization", "Bearer se cret", ""},
		{Credential{Scheme: "Token", Secret: always("secret")}, "Authorization", "Token secret", ""},
		{Credential{Scheme: "Basic", Secret: always("user:pass")}, "Authorization", "Basic dXNlcjpwYXNz", ""},
		{Credential{Header: "authorization", Secret: always("secret")}, "Authorization", "secret", ""},
		{Credential{Header: "X-API-Key", Secret: always("secret")}, "X-Api-Key", "secret", ""},
		{Credential{Header: "X-API-Key", Scheme: "v1", Secret: always("secret")}, "X-Api-Key", "v1 secret", ""},
		{Credential{Cookie: "sid", Secret: always("secret")}, "Cookie", "a=b; sid=secret", ""},
		{Credential{Query: "k&y", Secret: always("a&b=c")}, "", "", "z=1&k%26y=a%26b%3Dc"},
	} {
		var got *http.Request
		server := serve(t, func(_ http.ResponseWriter, r *http.Request) { got = r })
		spec := Spec{URL: server.URL + "/?z=1", Credentials: []Credential{c.credential}}
		if c.credential.Cookie != "" {
			spec.Header = map[string]string{"Cookie": "a=b"}
		}
		if result, err := call(t, spec, "{}"); err != nil {
			t.Fatal(outcome(result, err))
		}
		if c.header != "" && got.Header.Get(c.header) != c.want {
			t.Errorf("%+v: got %q, want %q", c.credential, got.Header.Get(c.header), c.want)
		}
		if c.query != "" && got.URL.RawQuery != c.query {
			t.Errorf("%+v: got %q, want %q", c.credential, got.URL.RawQuery, c.query)
		}
	}
}

// TestRotation holds that a secret is read at every call.
func TestRotation(t *testing.T) {
	t.Parallel()
	var seen []string
	server := serve(t, func(_ http.ResponseWriter, r *http.Request) { seen = append(seen, r.Header.Get("Authorization")) })
	n := 0
	e := newTestEndpoint(t, Spec{URL: server.URL, Credentials: []Credential{{Secret: func() (string, error) {
		n++
		return fmt.Sprint("token-", n), nil
	}}}})
	for range 2 {
		if result, err := e.callWith(t.Context(), "{}"); err != nil {
			t.Fatal(outcome(result, err))
		}
	}
	if fmt.Sprint(seen) != "[Bearer token-1 Bearer token-2]" {
		t.Errorf("sent %q", seen)
	}
}

func TestSecretsThatAreNone(t *testing.T) {
	t.Parallel()
	missing := errors.New("the environment variable SHOP_TOKEN is not set")
	for _, c := range []struct {
		credential Credential
		want       string
	}{
		{Credential{Secret: func() (string, error) { return "", missing }}, "SHOP_TOKEN is not set"},
		{Credential{Secret: always("")}, "at least 4 bytes"},
		{Credential{Secret: always("canary\r\nHost: evil")}, "holds a line break"},
		{Credential{Scheme: "basic", Secret: always("canary")}, `"user:password"`},
		{Credential{Cookie: "a", Secret: always("canary; b=c")}, "cookie"},
	} {
		spec := Spec{URL: "http://a.example", Credentials: []Credential{c.credential}}
		result, err := call(t, spec, "{}")
		if got := outcome(result, err); !strings.Contains(got, "whoever runs the server has to set it") || strings.Contains(got, c.want) {
			t.Errorf("got %q", got)
		}
		if err := spec.Check(); err == nil || !strings.Contains(err.Error(), c.want) || strings.Contains(err.Error(), "canary") {
			t.Errorf("got %v, want %q", err, c.want)
		}
	}
	if err := (Spec{URL: "http://a.example", Credentials: []Credential{{Secret: always("secret")}}}).Check(); err != nil {
		t.Error(err)
	}
	if err := (Spec{Definition: definition("x")}).Check(); err == nil || !strings.HasPrefix(err.Error(), `httpcall: tool "x": url:`) {
		t.Errorf("got %v", err)
	}
}

// TestMask sends secrets to servers that give them back in every way, and looks for
// them in everything that comes out.
func TestMask(t *testing.T) {
	t.Parallel()
	const secret = "canary/+ \"é=1"
	const user, password = "canary-user", "canary-pass&word"
	basic := base64.StdEncoding.EncodeToString([]byte(user + ":" + password))
	quoted, _ := jsontext.AppendQuote(nil, secret)
	escaped := "" // as JSON with an escape for each character
	for _, c := range secret {
		escaped += fmt.Sprintf(`\u%04x`, c)
	}
	forms := []string{
		secret, url.QueryEscape(secret), url.PathEscape(secret), strings.Trim(string(quoted), `"`),
		user + ":" + password, password, url.QueryEscape(password), basic,
	}
	padding := strings.Repeat("x", maxExcerpt-5) // the excerpt ends in the midst of a secret
	var bodies [][3]string                       // status, type, body
	for _, status := range []string{"200", "404", "503"} {
		for _, form := range forms {
			bodies = append(bodies, [3]string{status, "text/plain", "<" + form + ">"}, [3]string{status, "text/plain", padding + form})
		}
		bodies = append(bodies,
			[3]string{status, "application/json", `{"a": ["` + escaped + `"], "` + escaped + `": 1}`},
			[3]string{status, "application/json", `{"a": ` + string(quoted) + `, "b": 12}`},
			[3]string{status, "image/png", "\x89PNG\x00\xff" + secret},
		)
	}
	for _, b := range bodies {
		server := serve(t, func(w http.ResponseWriter, r *http.Request) {
			status := 0
			_, _ = fmt.Sscan(b[0], &status)
			w.Header().Set("Content-Type", b[1])
			w.WriteHeader(status)
			_, _ = io.WriteString(w, b[2])
		})
		result, err := call(t, Spec{URL: server.URL, Retries: -1, Credentials: []Credential{
			{Query: "key", Secret: always(secret)},
			{Scheme: "Basic", Secret: always(user + ":" + password)},
		}}, "{}")
		said := fmt.Sprintf("%s %v %+v", outcome(result, err), err, result)
		if result != nil {
			for _, content := range result.Content {
				if image, ok := content.(tools.Image); ok {
					said += string(image.Data)
				}
			}
			said += string(result.Structured)
			if b[1] == "application/json" && b[0] == "200" && !strings.Contains(string(result.Structured), masked) {
				t.Errorf("%q: got %s", b, result.Structured)
			}
		}
		if strings.Contains(said, "canary") || strings.Contains(said, basic) || strings.Contains(said, "c\\u0061n") {
			t.Errorf("%.300q: got %q", b, said)
		}
	}
}

// TestMaskOfOneInAnother holds that nothing is left of a secret that begins with another.
func TestMaskOfOneInAnother(t *testing.T) {
	t.Parallel()
	m := newMask([]secret{{Credential{}, "canary"}, {Credential{}, "canary-and-more"}})
	if got := m.text("<canary-and-more> <canary>"); got != "<[secret]> <[secret]>" {
		t.Errorf("got %s", got)
	}
}

// TestMaskedFaults holds that errors, with all that is below them, hold no secret:
// those of net/http print the URL.
func TestMaskedFaults(t *testing.T) {
	t.Parallel()
	const secret = "canary-secret"
	e := newTestEndpoint(t, Spec{URL: "http://a.example/", Retries: -1, Credentials: []Credential{{Query: "key", Secret: always(secret)}}})
	for _, below := range []error{
		errors.New("what says " + secret),
		&url.Error{Op: "Get", URL: "http://a.example/?key=" + secret, Err: errors.New("refused")},
		&url.Error{Op: "Get", URL: "http://a.example/?key=" + secret, Err: &net.DNSError{Name: secret + ".example"}},
	} {
		e.transport.DialContext = func(context.Context, string, string) (net.Conn, error) { return nil, below }
		_, err := e.callWith(t.Context(), "{}")
		var f *fault
		if !errors.As(err, &f) || f.err == nil {
			t.Fatalf("got %v", err)
		}
		if said := fmt.Sprintf("%v %v %#v %v", err, f, f, f.err); strings.Contains(said, "canary") || errors.Unwrap(f.err) != nil {
			t.Errorf("%v: got %s", below, said)
		}
	}
}
