package openapi

import (
	"flag"
	"fmt"
	"net/url"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"testing/fstest"
	"time"
)

var update = flag.Bool("update", false, "write the golden files anew")

func load(t testing.TB, source string) *Document {
	t.Helper()
	document, err := Load([]byte(source), nil, "openapi", nil)
	if err != nil {
		t.Fatal(err)
	}
	return document
}

// small is a document with one operation, at a server.
func small(operation string) string {
	return `{"openapi": "3.0.3", "info": {"title": "T", "version": "1"}, "servers": [{"url": "https://a.example"}],
		"paths": {"/p/{id}": {"post": ` + operation + `}}}`
}

func everything(c *Conversion) string {
	var b strings.Builder
	for _, t := range c.Tools {
		b.WriteString(t.YAML())
	}
	return b.String()
}

func TestConvertGolden(t *testing.T) {
	t.Parallel()
	source, err := os.ReadFile("testdata/bookshop.yaml")
	if err != nil {
		t.Fatal(err)
	}
	c := Convert(load(t, string(source)), Options{Outputs: true})
	got := "tools:\n" + everything(c) + "# " + strings.Join(c.Notes, "\n# ") + "\n"
	golden := filepath.Join("testdata", "bookshop.golden.yaml")
	if *update {
		if err := os.WriteFile(golden, []byte(got), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	want, err := os.ReadFile(golden)
	if err != nil {
		t.Fatal(err)
	}
	if got != string(want) {
		t.Errorf("got\n%s\nwant\n%s", got, want)
	}
	if fmt.Sprint(c.Variables) != "map[BOOK_SHOP_COOKIE:the key for the cookie sid BOOK_SHOP_KEY:the key for the header X-Key BOOK_SHOP_LOGIN:user:password]" {
		t.Errorf("the variables are %v", c.Variables)
	}
}

func TestChoice(t *testing.T) {
	t.Parallel()
	source, err := os.ReadFile("testdata/bookshop.yaml")
	if err != nil {
		t.Fatal(err)
	}
	document := load(t, string(source))
	for _, c := range []struct {
		options Options
		want    string
	}{
		{Options{Include: []string{"GET *"}}, "books_list"},
		{Options{Include: []string{"/orders", "remove"}}, "remove order"},
		{Options{Exclude: []string{"*book*", "cover"}}, "note order"},
		{Options{Include: []string{"/books/*"}, Exclude: []string{"DELETE *"}}, "put_books_id"},
		{Options{Include: []string{"*"}, Exclude: []string{"*"}}, ""},
		{Options{Include: []string{"ord.r"}}, ""},
		{Options{Include: []string{"shop_order"}, Prefix: "shop_"}, "shop_order"},
	} {
		var names []string
		for _, tool := range Convert(document, c.options).Tools {
			names = append(names, tool.Name)
		}
		slices.Sort(names)
		want := strings.Fields(c.want)
		slices.Sort(want)
		if !slices.Equal(names, want) {
			t.Errorf("%+v: got %q, want %q", c.options, names, want)
		}
	}
}

func TestServers(t *testing.T) {
	t.Parallel()
	base := &url.URL{Scheme: "https", Host: "docs.example", Path: "/v2/openapi.json"}
	for _, c := range []struct {
		servers string
		base    *url.URL
		given   string
		want    string
	}{
		{`[{"url": "https://a.example/v1"}]`, nil, "", `"https://a.example/v1/p"`},
		{`[{"url": "https://u:p@a.example/?x=y#z"}]`, nil, "", `"https://a.example/p"`},
		{`[{"url": "/api"}]`, base, "", `"https://docs.example/api/p"`},
		{`[{"url": "api"}]`, base, "", `"https://docs.example/v2/api/p"`},
		{`[]`, base, "", `"https://docs.example/p"`},
		{`[{"url": "/api"}]`, nil, "", "left out"},
		{`[]`, nil, "", "left out"},
		{`[{"url": "ftp://a.example"}]`, nil, "", "left out"},
		{`[{"url": "https://{x}.example"}]`, nil, "", "left out"},
		{`[{"url": "https://a.example"}]`, base, "http://127.0.0.1:80/", `"http://127.0.0.1:80/p"`},
	} {
		source := `{"openapi": "3.0.3", "info": {"title": "T", "version": "1"}, "servers": ` + c.servers + `, "paths": {"/p": {"get": {"responses": {}}}}}`
		document, err := Load([]byte(source), nil, "openapi", c.base)
		if err != nil {
			t.Fatal(err)
		}
		converted := Convert(document, Options{Server: c.given})
		if got := everything(converted) + strings.Join(converted.Notes, "\n"); !strings.Contains(got, c.want) {
			t.Errorf("%s: got %s, want %s", c.servers, got, c.want)
		}
	}
}

func TestSchemas(t *testing.T) {
	t.Parallel()
	for _, c := range []struct{ schema, want string }{
		{`{"type": "integer", "minimum": 0, "exclusiveMinimum": true, "maximum": 1e3}`, "type: integer, exclusiveMinimum: 0, maximum: 1000"},
		{`{"type": "string", "nullable": true, "enum": ["a"]}`, `type: [string, "null"], enum: [a, null]`},
		{`{"type": "string", "pattern": "(?<!a)b"}`, "type: string}"},
		{`{"type": "object", "additionalProperties": {"type": "string"}}`, "additionalProperties: {type: string}"},
		{`{"oneOf": [{"type": "string"}, {"type": "integer"}]}`, "oneOf: [{type: string}, {type: integer}]"},
		{`{"nullable": true, "oneOf": [{"type": "string"}]}`, `anyOf: [{type: string}, {type: "null"}]`},
		{`{"type": "array", "items": {}, "minItems": 1, "uniqueItems": true}`, "type: array, minItems: 1, uniqueItems: true"},
		{`{"enum": ["on", "1", "a: b", "- x", "#", "", "null", 1.50, true]}`, `enum: ["on", "1", "a: b", "- x", "#", "", "null", 1.5, true]`},
	} {
		body := `{"required": true, "content": {"application/json": {"schema": {"type": "array", "items": ` + c.schema + `}}}}`
		got := everything(Convert(load(t, small(`{"requestBody": `+body+`, "responses": {}}`)), Options{}))
		if got = strings.Join(strings.Fields(got), " "); !strings.Contains(got, c.want) {
			t.Errorf("%s: got %s, want %s", c.schema, got, c.want)
		}
	}
}

// TestRecursion holds that schemas which refer to themselves, or grow at each step, come
// to an end soon.
func TestRecursion(t *testing.T) {
	t.Parallel()
	var schemas []string
	for i := range 40 {
		next := fmt.Sprintf(`{"$ref": "#/components/schemas/S%d"}`, (i+1)%40)
		schemas = append(schemas, fmt.Sprintf(`"S%d": {"type": "object", "properties": {"a": %s, "b": %s, "c": {"type": "array", "items": %s}}}`, i, next, next, next))
	}
	source := `{"openapi": "3.0.3", "info": {"title": "T", "version": "1"}, "servers": [{"url": "https://a.example"}],
		"components": {"schemas": {` + strings.Join(schemas, ",") + `}},
		"paths": {"/p": {"post": {"requestBody": {"content": {"application/json": {"schema": {"$ref": "#/components/schemas/S0"}}}}, "responses": {}}}}}`
	start := time.Now()
	c := Convert(load(t, source), Options{})
	got, reduced := c.Tools[0].YAML(), c.Tools[0].Reduced()
	if len(got) > 40_000 || len(reduced) > 5_000 || time.Since(start) > 5*time.Second {
		t.Errorf("%d and %d bytes in %v", len(got), len(reduced), time.Since(start))
	}
}

func TestNames(t *testing.T) {
	t.Parallel()
	long := strings.Repeat("x", 100)
	taken := map[string]bool{}
	for _, c := range []struct{ id, want string }{
		{"listPets", "listPets"}, {"list pets!", "list_pets"}, {"a/b.c", "a_b_c"}, {"a_b_c", "a_b_c_2"}, {"ünï", "n"}, {"", "x"}, {"é", "x_2"},
		{long, long[:64]}, {long, long[:62] + "_2"},
	} {
		if got := unique(taken, identifier(c.id)); got != c.want {
			t.Errorf("%.20q: got %q, want %q", c.id, got, c.want)
		}
	}
	if got := variable("1 API (v2)_bearer-Auth"); got != "_1_API_V2_BEARER_AUTH" {
		t.Errorf("got %s", got)
	}
}

// TestReferences holds that references lead into files below the directory and nowhere
// else.
func TestReferences(t *testing.T) {
	t.Parallel()
	files := fstest.MapFS{
		"paths.json":  {Data: []byte(`{"get": {"operationId": "found", "responses": {}}}`)},
		"sub/in.json": {Data: []byte(`{"get": {"operationId": "below", "responses": {}}}`)},
	}
	for ref, want := range map[string]string{
		"paths.json": "found", "./sub/in.json": "below", "missing.json": "", "../etc/passwd": "", "/etc/passwd": "",
		"file:///etc/passwd": "", "http://127.0.0.1:1/x": "", "http://169.254.169.254/": "", "//host/x": "",
	} {
		source := `{"openapi": "3.0.3", "info": {"title": "T", "version": "1"}, "servers": [{"url": "https://a.example"}], "paths": {"/p": {"$ref": "` + ref + `"}}}`
		document, err := Load([]byte(source), files, "openapi.json", nil)
		if want == "" {
			if err == nil {
				t.Errorf("%s was followed", ref)
			}
			continue
		}
		if err != nil {
			t.Errorf("%s: %v", ref, err)
		} else if c := Convert(document, Options{}); len(c.Tools) != 1 || c.Tools[0].Name != want {
			t.Errorf("%s: got %+v", ref, c)
		}
		if _, err := Load([]byte(source), nil, "openapi.json", nil); err == nil {
			t.Errorf("%s was followed without files", ref)
		}
	}
}

func TestLoadErrors(t *testing.T) {
	t.Parallel()
	for source, want := range map[string]string{
		"[":                                  "read the OpenAPI document",
		`{"swagger": "2.0", "paths": {}}`:    "no OpenAPI 3 document",
		`{"openapi": "3.0.0", "paths": {}}`:  "no paths",
		`{"openapi": "2.0", "paths": {}}`:    "no OpenAPI 3 document",
		`{"openapi": "3.1.0", "info": null}`: "no paths",
	} {
		if _, err := Load([]byte(source), nil, "openapi", nil); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%s: got %v, want %q", source, err, want)
		}
	}
}

// FuzzScalar holds that a string survives being written, with goccy's reader as judge in
// the tests of the command, and that it stays in its line.
func FuzzScalar(f *testing.F) {
	for _, seed := range []string{"", "a b", "no", "- x", "a: b", "\n", "\u2028", "é", "\xff", "#", "\"", "\\", "{", "a #b", "1", "~", "a."} {
		f.Add(seed)
	}
	f.Fuzz(func(t *testing.T, text string) {
		written := scalar(text)
		if strings.ContainsAny(written, "\n\r\u0085\u2028\u2029") {
			t.Errorf("%q is written %q", text, written)
		}
		if written == text && (text == "" || strings.ContainsAny(text, ":#{}[],&*!|>'\"%@`\\")) {
			t.Errorf("%q is written without quotes", text)
		}
	})
}
