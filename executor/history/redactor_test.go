package history

import (
	"bytes"
	"fmt"
	"strings"
	"testing"
	"unicode/utf8"

	"github.com/go-json-experiment/json/jsontext"
)

func TestPreview(t *testing.T) {
	t.Parallel()
	r := NewRedactor("Card-Holder")
	jwt := "eyJhbGciOiJIUzI1NiJ9.eyJzdWIiOiIxMjM0In0.abcdefghijk"
	for _, test := range []struct{ name, in, want string }{
		{"plain", `{"path":"/srv/a.txt","n":-1.5e3,"deep":[true,false,null]}`, `{"path":"/srv/a.txt","n":-1.5e3,"deep":[true,false,null]}`},
		{"white space", "{ \"a\" :\n\t1 }\n", `{"a":1}`},
		{"key", `{"password":"hunter2"}`, `{"password":"***"}`},
		{"key in another form", `{"API_Key":"hunter2","x-access-token" : "a"}`, `{"API_Key":"***","x-access-token":"***"}`},
		{"key with an escape", `{"passw\u006frd":"hunter2"}`, `{"password":"***"}`},
		{"configured key", `{"cardHolder":"Ada","card":"visa"}`, `{"cardHolder":"***","card":"visa"}`},
		{"at any depth", `{"a":[{"b":{"client_secret":"x"}}]}`, `{"a":[{"b":{"client_secret":"***"}}]}`},
		{"value of any type", `{"secret":{"a":["}",1]},"token":5,"auth":null,"b":1}`, `{"secret":"***","token":"***","auth":"***","b":1}`},
		{"number of tokens", `{"max_tokens":100,"tokens":["abc"]}`, `{"max_tokens":100,"tokens":"***"}`},
		{"secret not closed", `{"secret":"hunter2`, `{"secret":"***"`},
		{"secret without a value", `{"secret":}`, `{"secret":"***"}`},
		{"pair", `[{"name":"PASSWORD","value":"hunter2"},{"name":"x","value":"y"}]`, `[{"name":"PASSWORD","value":"***"},{"name":"x","value":"y"}]`},
		{"bearer", `{"header":"Authorization: Bearer abc.def"}`, `{"header":"Authorization: Bearer ***"}`},
		{"bearer alone", `["bearer  abcdef"]`, `["bearer  ***"]`},
		{"basic", `["Basic dXNlcjpwYXNz"]`, `["Basic ***"]`},
		{"web token", `["` + jwt + `"]`, `["***"]`},
		{"service tokens", `["ghp_0123456789abcdef","sk-abc0123456789","AKIAIOSFODNN7EXAMPLE"]`, `["***","***","***"]`},
		{"private key", `["-----BEGIN RSA PRIVATE KEY-----\nMIIEow"]`, `["***"]`},
		{"command line", `["mysql --password hunter2 -u root --api-key=abc"]`, `["mysql --password *** -u root --api-key=***"]`},
		{"environment", `["DB_PASSWORD=hunter2 HOME=/root"]`, `["DB_PASSWORD=*** HOME=/root"]`},
		{"URL", `["https://ada:hunter2@example.com/?api_key=abc&q=1"]`, `["https://ada:***@example.com/?api_key=***&q=1"]`},
		{"random", `["x aB3dE5gH7jK9mN1pQ3sT5vW7yZ9bC1dE"]`, `["x ***"]`},
		{"not random", `["123e4567-e89b-12d3-a456-426614174000 d670460b4b4aece5915caf5c68d12f560a9fe3e4"]`, `["123e4567-e89b-12d3-a456-426614174000 d670460b4b4aece5915caf5c68d12f560a9fe3e4"]`},
		{"long string", `["` + strings.Repeat("ab ", 100) + `"]`, `["` + strings.Repeat("ab ", 32) + `…"]`},
		{"no JSON", `hunter2`, `…`},
		{"JSON and more", `[1] hunter2`, `[1]…`},
		{"nothing", ``, ``},
	} {
		if got := r.Preview([]byte(test.in)); got != test.want {
			t.Errorf("%s:\ngot  %s\nwant %s", test.name, got, test.want)
		}
	}
}

// TestVerdictsAreOfTheirKeys has more keys than are remembered.
func TestVerdictsAreOfTheirKeys(t *testing.T) {
	t.Parallel()
	r := NewRedactor()
	for i := range 2000 {
		key, want := fmt.Sprint("key", i%1000), "1"
		if i%2 == 0 {
			key, want = fmt.Sprint("token", i%1000), `"***"`
		}
		if got := r.Preview([]byte(`{"` + key + `":1}`)); got != `{"`+key+`":`+want+`}` {
			t.Fatalf("%s gives %s", key, got)
		}
	}
}

func TestPreviewIsBounded(t *testing.T) {
	t.Parallel()
	r := NewRedactor()
	for _, unit := range []string{`"ab",`, `1`, `"é",`, `["`, `{"a":`, `"\u00e9",`, "\"\xff\","} {
		got := r.Preview([]byte("[" + strings.Repeat(unit, 1000)))
		if len(got) > maxPreview || len(got) < 5 || !utf8.ValidString(got) || !strings.Contains(got, more) {
			t.Errorf("%q: %d bytes: %q", unit, len(got), got)
		}
	}
}

func FuzzPreview(f *testing.F) {
	f.Add([]byte(`{"a":[1,"b"]}`), []byte(`pass"word`))
	f.Add([]byte(`{"\`), []byte(`\u`))
	r := NewRedactor()
	f.Fuzz(func(t *testing.T, in, before []byte) {
		got := r.Preview(in)
		if len(got) > maxPreview || !utf8.ValidString(got) || strings.ContainsAny(got, "\n\r") {
			t.Errorf("%q gives %q", in, got)
		}
		if strings.ContainsAny(string(before), `"\{}[]:,`) {
			return
		}
		// What stands in front must not let the value of a secret key out.
		got = r.Preview(append(append([]byte(`{"a":"`), before...), []byte(`","secret":["canary",{"a":"canary"}],"b":"canary"`)...))
		if strings.Count(got, "canary") > 1 {
			t.Errorf("%q: the secret is in %q", before, got)
		}
	})
}

// FuzzShortCuts holds Preview to what comes out without its short cuts.
func FuzzShortCuts(f *testing.F) {
	for _, in := range []string{
		`{"path":"/srv/docs/readme.txt","lines":20,"follow":false,"a":[1.5e3,{"b":null}]}`,
		`[{"name":"PASSWORD","value":"hunter2"},{"name":"x","value":"y"}]`, `[{"key":"token",5:12,{"value":"a"}]`,
		`{"token":::12,"b":"c"}`, `{"max_tokens": 100,"tokens":5}`, `["abc`, `["a\`, `["a\"b","\u0070assword",`, "[\"\x01\",\"\xff\",\"\x7f\"]",
		`["--password x","ghp_0123456789abcdef","Bearer abc"]`, `[tru`, `[1,2]x`,
	} {
		f.Add([]byte(in), 1)
		f.Add([]byte(in), 100)
	}
	for n := maxString - 1; n <= maxString+1; n++ {
		f.Add([]byte(`["`+strings.Repeat("a", n)+`"]`), 1)
	}
	f.Add([]byte("12345,"), 50)
	r := NewRedactor("colour")
	f.Fuzz(func(t *testing.T, in []byte, times int) {
		in = bytes.Repeat(in, min(max(times, 0), 200))
		if got, want := r.Preview(in), previewInFull(r, in); got != want {
			t.Errorf("%q\ngives %q\nwant  %q", in, got, want)
		}
	})
}

// previewInFull takes each byte that is no string or literal by itself, and each string over by reading,
// unquoting, and quoting it where that makes a difference.
func previewInFull(r *Redactor, in []byte) string {
	p := preview{Redactor: r, in: in}
	for taken := true; taken && p.at < len(in) && len(p.out) <= maxPreview; {
		switch c := in[p.at]; {
		case p.hide || c <= ' ':
			taken = p.token()
		case c == '"':
			p.stringInFull()
		default:
			n := plainLength(in[p.at:], 1)
			p.pair = p.pair && c != '{' && c != '}'
			p.out = append(p.out, in[p.at:p.at+n]...)
			p.at += n
			taken = n > 0
		}
		if !taken {
			p.out = append(p.out, more...)
		}
	}
	return clip(p.out)
}

func (p *preview) stringInFull() {
	raw := p.rawString()
	p.unquote(raw)
	p.classify()
	shown, changed := p.redactWords(p.text)
	bare := len(raw) == len(shown)+2 && bytes.IndexFunc(shown, func(c rune) bool { return c < ' ' || c == '"' }) < 0
	if !changed && bare && len(shown) <= maxString && bytes.IndexByte(raw, '\\') < 0 {
		p.out = append(p.out, raw...)
		return
	}
	if len(shown) > maxString {
		shown = append(bytes.Clone(shown[:maxString]), more...)
	}
	quoted, _ := jsontext.AppendQuote(nil, strings.ToValidUTF8(string(shown), ""))
	p.out = append(p.out, quoted...)
}

// TestSecretPrefixes masks a word with each of the beginnings, and none that is too short.
func TestSecretPrefixes(t *testing.T) {
	t.Parallel()
	r := NewRedactor()
	for _, prefix := range secretPrefixes {
		for n, want := range map[int]string{minMarked: `["***"]`, minMarked - 1: `["` + string(prefix) + strings.Repeat("a", minMarked-1) + `"]`} {
			if got := r.Preview([]byte(`["` + string(prefix) + strings.Repeat("a", n) + `"]`)); got != want {
				t.Errorf("%s and %d letters give %s", prefix, n, got)
			}
		}
	}
}

func BenchmarkPreview(b *testing.B) {
	r := NewRedactor()
	for _, bench := range []struct{ name, in string }{
		{"64", `{"path":"/srv/docs/readme.txt","lines":20,"follow":false,"a":1}`},
		{"64KiB", `{"text":"` + strings.Repeat("word ", 13000) + `"}`},
	} {
		b.Run(bench.name, func(b *testing.B) {
			in := []byte(bench.in)
			b.ReportAllocs()
			for b.Loop() {
				r.Preview(in)
			}
		})
	}
}
