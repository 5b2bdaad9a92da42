package httpcall

import (
	"net/http"
	"net/url"
	"strings"
	"testing"

	"github.com/go-json-experiment/json/jsontext"

	"github.com/sluice-dev/sluice/tools"
)

// open is an input schema that takes everything and names these properties.
func open(names ...string) []byte {
	var properties []string
	for _, name := range names {
		properties = append(properties, `"`+name+`": {}`)
	}
	return []byte(`{"type": "object", "properties": {` + strings.Join(properties, ",") + `}}`)
}

func TestRequest(t *testing.T) {
	t.Parallel()
	server := serve(t, echo)
	for _, c := range []struct {
		name      string
		spec      Spec
		arguments string
		want      asked // without what every request has
	}{
		{"defaults", Spec{URL: "/"}, `{}`, asked{Method: "GET", Path: "/"}},
		{"no path", Spec{URL: ""}, `{}`, asked{Method: "GET", Path: "/"}},
		{"segment", Spec{URL: "/orders/{id}/x"}, `{"id": "7"}`, asked{Method: "GET", Path: "/orders/7/x"}},
		{"escaped segment", Spec{URL: "/o/{id}"}, `{"id": "a/b?c=d#e%2f;f \\é"}`, asked{Method: "GET", Path: "/o/a%2Fb%3Fc=d%23e%252f%3Bf%20%5C%C3%A9"}},
		{"parts of a segment", Spec{URL: "/o/{a}-{b}.json"}, `{"a": "1", "b": "2"}`, asked{Method: "GET", Path: "/o/1-2.json"}},
		{"literal path", Spec{URL: "/a b/%2F/ü"}, `{}`, asked{Method: "GET", Path: "/a%20b/%2F/%C3%BC"}},
		{"brace", Spec{URL: "/a{{b}"}, `{}`, asked{Method: "GET", Path: "/a%7Bb%7D"}},
		{"query", Spec{URL: "/?a={a}&b=x%26y&c={c}"}, `{"a": "1&d=2#+ é", "c": "="}`, asked{Method: "GET", Path: "/", Query: "a=1%26d%3D2%23%2B%20%C3%A9&b=x%26y&c=%3D"}},
		{"query without a path", Spec{URL: "?a={a}"}, `{"a": "1"}`, asked{Method: "GET", Path: "/", Query: "a=1"}},
		{"query by name", Spec{URL: "/?z=1", Query: map[string]string{"b c": "x{b}y", "a": "{a}", "n": "1"}}, `{"a": "&", "b": "="}`, asked{Method: "GET", Path: "/", Query: "z=1&a=%26&b%20c=x%3Dy&n=1"}},
		{"missing parameters", Spec{URL: "/?a={a}&b=1&c=x{c}", Query: map[string]string{"d": "{d}"}, Definition: tools.Definition{InputSchema: open("a", "c", "d")}}, `{"a": null}`, asked{Method: "GET", Path: "/", Query: "b=1"}},
		{"list", Spec{URL: "/?a={a}", Definition: tools.Definition{InputSchema: open("a")}}, `{"a": ["x&y", 2, null, true, {"b": 1}]}`, asked{Method: "GET", Path: "/", Query: "a=x%26y&a=2&a=true&a=%7B%22b%22%3A1%7D"}},
		{"mapping", Spec{URL: "/?a={a}", Definition: tools.Definition{InputSchema: open("a")}}, `{"a": {"b]&c": 1, "d": {"e": [1, 2]}}}`, asked{Method: "GET", Path: "/", Query: "a%5Bb%5D%26c%5D=1&a%5Bd%5D%5Be%5D=1&a%5Bd%5D%5Be%5D=2"}},
		{"list in a text", Spec{URL: "/?a=<{a}>", Definition: tools.Definition{InputSchema: open("a")}}, `{"a": [1, 2]}`, asked{Method: "GET", Path: "/", Query: "a=%3C%5B1%2C2%5D%3E"}},
		{"number as written", Spec{URL: "/{n}", Definition: tools.Definition{InputSchema: open("n")}}, `{"n": 12345678901234567890.0}`, asked{Method: "GET", Path: "/12345678901234567890.0"}},
		{"default", Spec{URL: "/{n}", Definition: tools.Definition{InputSchema: []byte(`{"type": "object", "properties": {"n": {"default": 3}}}`)}}, `{}`, asked{Method: "GET", Path: "/3"}},
		{"header", Spec{URL: "/", Header: map[string]string{"x-a": "{a}", "X-B": "b{b}", "X-C": "{c}", "Accept": "text/plain"}, Definition: tools.Definition{InputSchema: open("a", "b", "c")}}, `{"a": ["1", 2], "b": "é\t"}`,
			asked{Method: "GET", Path: "/", Header: http.Header{"X-A": {"1,2"}, "X-B": {"bé"}, "Accept": {"text/plain"}}}},
		{"JSON body", Spec{URL: "/{id}?q={q}", Body: "json", Header: map[string]string{"X-H": "{h}"}, Definition: tools.Definition{InputSchema: open("id", "q", "h")}}, `{"id": 1, "q": 2, "h": 3, "z": {"a": [1.0]}, "n": null}`,
			asked{Method: "POST", Path: "/1", Query: "q=2", Header: http.Header{"Content-Type": {"application/json"}, "X-H": {"3"}}, Body: `{"n":null,"z":{"a":[1.0]}}`}},
		{"empty JSON body", Spec{URL: "/", Method: "PUT", Body: "json", Definition: tools.Definition{InputSchema: open()}}, ``, asked{Method: "PUT", Path: "/", Header: http.Header{"Content-Type": {"application/json"}}, Body: `{}`}},
		{"form", Spec{URL: "/{id}", Body: "form", Definition: tools.Definition{InputSchema: open("id")}}, `{"id": 1, "b": "x&y=z", "a": [1, 2], "c": {"d": "e"}, "n": null}`,
			asked{Method: "POST", Path: "/1", Header: http.Header{"Content-Type": {"application/x-www-form-urlencoded"}}, Body: "a=1&a=2&b=x%26y%3Dz&c%5Bd%5D=e"}},
		{"text", Spec{URL: "/", Body: "<{a}>"}, `{"a": "\"x\""}`, asked{Method: "POST", Path: "/", Header: http.Header{"Content-Type": {"text/plain; charset=utf-8"}}, Body: `<"x">`}},
		{"JSON template", Spec{URL: "/", Method: "PATCH", Body: `{{"q": {a}, "l": [{b}]}`, ContentType: "application/merge-patch+json", Definition: tools.Definition{InputSchema: open("a", "b")}}, `{"a": "x\", \"y\": \"z"}`,
			asked{Method: "PATCH", Path: "/", Header: http.Header{"Content-Type": {"application/merge-patch+json"}}, Body: `{"q": "x\", \"y\": \"z", "l": [null]}`}},
		{"JSON value", Spec{URL: "/", Body: `{a}`, ContentType: "application/json", Definition: tools.Definition{InputSchema: open("a")}}, `{"a": [1, "2"]}`,
			asked{Method: "POST", Path: "/", Header: http.Header{"Content-Type": {"application/json"}}, Body: `[1, "2"]`}},
		{"JSON value that is missing", Spec{URL: "/", Body: `{a}`, ContentType: "application/json", Definition: tools.Definition{InputSchema: open("a")}}, `{}`,
			asked{Method: "POST", Path: "/", Header: http.Header{"Content-Type": {"application/json"}}}},
	} {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			c.spec.URL = server.URL + c.spec.URL
			got := ask(t, c.spec, c.arguments)
			for name, values := range standardHeader() {
				if c.want.Header[name] == nil && got.Header.Get(name) == values[0] {
					got.Header.Del(name)
				}
			}
			got.Header.Del("Accept-Encoding")
			got.Header.Del("Content-Length")
			if got.Method != c.want.Method || got.Path != c.want.Path || got.Query != c.want.Query || got.Body != c.want.Body {
				t.Errorf("got %+v\nwant %+v", got, c.want)
			}
			if len(got.Header) != len(c.want.Header) {
				t.Errorf("got the header %q, want %q", got.Header, c.want.Header)
			}
			for name := range c.want.Header {
				if got.Header.Get(name) != c.want.Header.Get(name) {
					t.Errorf("header %s: got %q, want %q", name, got.Header.Get(name), c.want.Header.Get(name))
				}
			}
		})
	}
}

// TestRefusedArguments are those that would become more than a part of their place.
func TestRefusedArguments(t *testing.T) {
	t.Parallel()
	server := serve(t, func(_ http.ResponseWriter, r *http.Request) { t.Errorf("sent %s", r.URL) })
	for _, c := range []struct {
		name      string
		spec      Spec
		arguments string
		want      string
	}{
		{"missing", Spec{URL: "/{a}"}, `{}`, `the argument "a" is missing`},
		{"empty segment", Spec{URL: "/x/{a}"}, `{"a": ""}`, "may not be empty"},
		{"dots", Spec{URL: "/x/{a}"}, `{"a": ".."}`, "is a part of a path"},
		{"dot", Spec{URL: "/x/{a}"}, `{"a": "."}`, "is a part of a path"},
		{"dots of two", Spec{URL: "/x/{a}{b}"}, `{"a": ".", "b": "."}`, "is a part of a path"},
		{"escaped dots", Spec{URL: "/x/%2e{a}"}, `{"a": "."}`, "is a part of a path"},
		{"steps", Spec{URL: "/x/{a}"}, `{"a": "b/../../admin"}`, "is a part of a path"},
		{"steps of Windows", Spec{URL: "/x/{a}"}, `{"a": "..\\admin"}`, "is a part of a path"},
		{"line break", Spec{URL: "/", Header: map[string]string{"X-A": "b{a}"}}, `{"a": "x\r\nHost: evil"}`, "which the header X-A cannot carry"},
		{"newline", Spec{URL: "/", Header: map[string]string{"X-A": "{a}"}}, `{"a": "x\ny"}`, "which the header X-A cannot carry"},
		{"NUL", Spec{URL: "/", Header: map[string]string{"X-A": "{a}"}}, `{"a": "\u0000"}`, "which the header X-A cannot carry"},
		{"line break in a list", Spec{URL: "/", Header: map[string]string{"X-A": "{a}"}}, `{"a": ["x", "y\n"]}`, "which the header X-A cannot carry"},
		{"no object", Spec{URL: "/{a}"}, `[]`, "are not a JSON object"},
	} {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			c.spec.URL = server.URL + c.spec.URL
			result, err := call(t, c.spec, c.arguments)
			if err == nil || !strings.Contains(outcome(result, err), c.want) {
				t.Errorf("got %q, want %q", outcome(result, err), c.want)
			}
		})
	}
}

func TestSpecErrors(t *testing.T) {
	t.Parallel()
	secret := func() (string, error) { return "secret", nil }
	const host = "http://a.example"
	for _, c := range []struct {
		name string
		spec Spec
		want string
	}{
		{"no URL", Spec{}, `must begin with "http://"`},
		{"scheme", Spec{URL: "file:///etc/passwd"}, `must begin with "http://"`},
		{"no host", Spec{URL: "http:///x"}, "it has no host"},
		{"port", Spec{URL: host + ":99999/"}, "a port that is none"},
		{"port 0", Spec{URL: host + ":0/"}, "a port that is none"},
		{"user", Spec{URL: "http://u:p@a.example/"}, "no user and password"},
		{"host from arguments", Spec{URL: "http://{a}/"}, "may not depend on arguments"},
		{"end of the host from arguments", Spec{URL: "http://a.example{a}/"}, "may not depend on arguments"},
		{"scheme from arguments", Spec{URL: "{a}://a.example/"}, "may not depend on arguments"},
		{"fragment", Spec{URL: host + "/#{a}"}, "fragment"},
		{"steps", Spec{URL: host + "/a/../{b}"}, `its path holds ".."`},
		{"escape", Spec{URL: host + "/%zz"}, "not escaped well"},
		{"escape in the query", Spec{URL: host + "/?a=%zz"}, "not escaped well"},
		{"parameter from arguments", Spec{URL: host + "/?{a}=b"}, "depends on arguments"},
		{"placeholder", Spec{URL: host + "/{a"}, "nothing closes"},
		{"placeholder in the query", Spec{URL: host, Query: map[string]string{"a": "{"}}, `query parameter "a"`},
		{"placeholder in a header", Spec{URL: host, Header: map[string]string{"X-A": "{"}}, `header "X-A"`},
		{"special address", Spec{URL: "http://169.254.169.254/latest"}, "is a special address"},
		{"unspecified address", Spec{URL: "http://0.0.0.0:80"}, "is a special address"},
		{"no property", Spec{URL: host + "/{a}", Definition: tools.Definition{InputSchema: open()}}, "is no property of the input schema"},
		{"header name", Spec{URL: host, Header: map[string]string{"a b": "c"}}, "no name of a header"},
		{"header line break", Spec{URL: host, Header: map[string]string{"A": "c\nd"}}, "holds a line break"},
		{"own header", Spec{URL: host, Header: map[string]string{"host": "c"}}, "may not be set"},
		{"compression", Spec{URL: host, Header: map[string]string{"accept-encoding": "br"}}, "may not be set"},
		{"header twice", Spec{URL: host, Header: map[string]string{"a": "c", "A": "d"}}, "is there twice"},
		{"cookie from arguments", Spec{URL: host, Header: map[string]string{"Cookie": "a={a}"}}, "could add a cookie"},
		{"method", Spec{URL: host, Method: "GET /x"}, "only upper-case"},
		{"CONNECT", Spec{URL: host, Method: "CONNECT"}, "none of a tool"},
		{"body of GET", Spec{URL: host, Method: "GET", Body: "{a}"}, "has no body"},
		{"body without arguments", Spec{URL: host, Body: "json"}, "needs an input schema"},
		{"constant body", Spec{URL: host, Body: "x"}, "nor a template with a placeholder"},
		{"body that is no JSON", Spec{URL: host, Body: `{{"a": "{a}"}`, ContentType: "application/json"}, "the template is no JSON"},
		{"content type", Spec{URL: host, Body: "{a}", ContentType: "a b\n"}, "content type"},
		{"content type without a body", Spec{URL: host, ContentType: "text/plain"}, "needs a body"},
		{"allow", Spec{URL: host, Allow: []string{"http://x"}}, "allow:"},
		{"limit", Spec{URL: host, Response: -1}, "may not be negative"},
		{"proxy", Spec{URL: host, Proxy: "socks5://x"}, "proxy"},
		{"no secret", Spec{URL: host, Credentials: []Credential{{}}}, "there is no secret"},
		{"two places", Spec{URL: host, Credentials: []Credential{{Header: "A", Query: "b", Secret: secret}}}, "one of header, query and cookie"},
		{"scheme of a query", Spec{URL: host, Credentials: []Credential{{Query: "b", Scheme: "Basic", Secret: secret}}}, "a scheme needs a header"},
		{"cookie name", Spec{URL: host, Credentials: []Credential{{Cookie: "a=b", Secret: secret}}}, "name of the cookie"},
		{"credential header", Spec{URL: host, Credentials: []Credential{{Header: "Host", Secret: secret}}}, "may not be set"},
		{"credential and header", Spec{URL: host, Header: map[string]string{"authorization": "x"}, Credentials: []Credential{{Secret: secret}}}, "is set already"},
		{"two credentials", Spec{URL: host, Credentials: []Credential{{Secret: secret}, {Header: "authorization", Secret: secret}}}, "two of them"},
	} {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			c.spec.Name = "x"
			_, err := New(c.spec)
			if err == nil || !strings.Contains(err.Error(), c.want) || !strings.HasPrefix(err.Error(), `httpcall: tool "x": `) {
				t.Errorf("got %v, want %q", err, c.want)
			}
		})
	}
}

func TestInputSchemaOfPlaceholders(t *testing.T) {
	t.Parallel()
	tool, err := New(Spec{
		URL:    "http://a.example/{a}?b={b}",
		Query:  map[string]string{"c": "{c}"},
		Header: map[string]string{"D": "{d}"},
		Body:   "{e}{a}",
	})
	if err != nil {
		t.Fatal(err)
	}
	for _, name := range []string{"a", "b", "c", "d", "e"} {
		if !strings.Contains(string(tool.InputSchema), `"`+name+`":{"type":"string"}`) {
			t.Errorf("no %s in %s", name, tool.InputSchema)
		}
	}
	if !strings.Contains(string(tool.InputSchema), `"additionalProperties":false`) {
		t.Errorf("more is accepted: %s", tool.InputSchema)
	}
}

// FuzzAddress holds that no value changes the host, the number of segments or the
// parameters of an address, and that each comes out as it went in.
func FuzzAddress(f *testing.F) {
	for _, seed := range []string{"a", "", "..", "/", "a/../b", "?x=y", "#", "%2e%2e%2f", "\\", "@evil.example", ":80", "&c=d", "é\xff", "\x00\r\n", ";", "+ "} {
		f.Add(seed, seed)
	}
	a, err := parseAddress("https://a.example:8443/x/{p}/y{p}?k={q}&l=1{q}")
	if err != nil {
		f.Fatal(err)
	}
	f.Fuzz(func(t *testing.T, p, q string) {
		values := map[string]jsontext.Value{}
		for name, text := range map[string]string{"p": p, "q": q} {
			value, err := jsontext.AppendQuote(nil, text)
			if err != nil {
				return // no JSON string holds it
			}
			values[name] = value
		}
		filled, err := a.fill(values, nil)
		if err != nil {
			return
		}
		u, err := url.Parse(filled)
		if err != nil {
			t.Fatalf("%q is no URL: %v", filled, err)
		}
		segments := strings.Split(u.EscapedPath(), "/")
		if u.Scheme != "https" || u.Host != "a.example:8443" || u.User != nil || u.Fragment != "" || len(segments) != 4 {
			t.Fatalf("%q and %q became %q", p, q, filled)
		}
		if u.JoinPath().Path != u.Path {
			t.Fatalf("the path of %q is another when it is cleaned", filled)
		}
		query, err := url.ParseQuery(u.RawQuery)
		if err != nil || len(query) != 2 || query.Get("k") != q || query.Get("l") != "1"+q {
			t.Fatalf("%q and %q became %q: %q, %v", p, q, filled, query, err)
		}
		if segment, err := url.PathUnescape(segments[2]); err != nil || segment != p {
			t.Fatalf("%q became the segment %q", p, segments[2])
		}
	})
}
