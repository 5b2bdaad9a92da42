package main

import (
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/sluice-dev/sluice/cmd/sluice/internal/config"
	"github.com/sluice-dev/sluice/tools"
)

const (
	bookshop = "internal/openapi/testdata/bookshop.yaml"
	github   = "internal/openapi/testdata/github/openapi.json" // an excerpt of what GitHub publishes
)

// TestImportPassesCheck holds that what is imported is what the server takes.
func TestImportPassesCheck(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		args      []string
		tools     int
		note      string
		variables string
	}{
		{[]string{bookshop}, 6, "multipart/form-data", "#   BOOK_SHOP_KEY: the key for the header X-Key\n"},
		{[]string{bookshop, "--output-schemas"}, 6, "multipart/form-data", "#   BOOK_SHOP_LOGIN: user:password\n"},
		{[]string{bookshop, "--include", "order"}, 1, "", ""},
		{[]string{github}, 3, "", ""},
		{[]string{github, "--exclude", "GET *", "--prefix", "gh_"}, 2, "", ""},
	} {
		path := filepath.Join(t.TempDir(), "sluice.yaml")
		args := append([]string{"import", "openapi", "--output", path}, c.args...)
		code, out, errOut := runCommand(t, args...)
		if code != exitOK || out != "" || !strings.Contains(errOut, c.note) || c.note == "" && errOut != "" {
			t.Errorf("%q: got %d, %q and %s", c.args, code, out, errOut)
			continue
		}
		code, out, _ = runCommand(t, "check", "--config", path)
		if code != exitOK || !strings.Contains(out, fmt.Sprintf("is valid: %s,", count(c.tools, "tool"))) {
			t.Errorf("%q: the check says %s", c.args, out)
		}
		text, err := os.ReadFile(path)
		if err != nil {
			t.Fatal(err)
		}
		if !strings.HasPrefix(string(text), "# The operations of ") || !strings.Contains(string(text), c.variables) {
			t.Errorf("%q: wrote\n%.400s", c.args, text)
		}
		if code, _, errOut = runCommand(t, args...); code != exitUsage || !strings.Contains(errOut, "exists already") {
			t.Errorf("%q again: got %d and %s", c.args, code, errOut)
		}
	}
}

// TestImportedToolsCall calls what was imported.
func TestImportedToolsCall(t *testing.T) {
	t.Setenv("BOOK_SHOP_LOGIN", "user:password")
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		body, _ := io.ReadAll(r.Body)
		_, password, _ := r.BasicAuth()
		fmt.Fprintf(w, "%s %s %s %d", r.Method, r.URL, body, len(password))
	}))
	defer server.Close()
	code, out, errOut := runCommand(t, "import", "openapi", bookshop, "--server", server.URL)
	if code != exitOK {
		t.Fatal(errOut)
	}
	cfg, err := config.Parse("sluice.yaml", []byte(out))
	if err != nil {
		t.Fatal(err)
	}
	var registry tools.Registry
	if left := addTools(&registry, cfg, nil); len(left) > 0 {
		t.Fatal(left)
	}
	for _, c := range []struct{ tool, arguments, want string }{
		{"books_list", `{"filter_author": ["a", "b&c"], "ids": "1,2"}`, "GET /books?filter%5Bauthor%5D=a&filter%5Bauthor%5D=b%26c&ids=1%2C2  8"},
		{"books_list_2", `{"title": "Emma", "price": 1.50, "X-Request-Id": "7"}`, `POST /books {"price":1.50,"title":"Emma"} 8`},
		{"put_books_id", `{"id": "a/b", "body": ["x"]}`, "a secret that it needs is not there"},
		{"remove", `{"id": "a/b"}`, "DELETE /books/a%2Fb  0"},
		{"order", `{"book": "a b", "count": 2}`, "POST /orders book=a%20b&count=2 0"},
		{"note", `{"body": "hi"}`, "POST /notes hi 0"},
	} {
		entry, ok := registry.Snapshot().Lookup(c.tool)
		if !ok {
			t.Fatalf("no %s", c.tool)
		}
		result, err := entry.Handler.Call(t.Context(), &tools.Call{Tool: c.tool, Arguments: []byte(c.arguments)})
		got := fmt.Sprint(err)
		if err == nil {
			got = result.Content[0].(tools.Text).Text
		}
		if !strings.Contains(got, c.want) {
			t.Errorf("%s: got %q, want %q", c.tool, got, c.want)
		}
	}
}

func TestImportFromAURL(t *testing.T) {
	t.Parallel()
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if r.URL.Path != "/v2/openapi.json" {
			http.NotFound(w, r)
			return
		}
		_, _ = io.WriteString(w, `{"openapi": "3.0.0", "info": {"title": "T\u001b[2J", "version": "1"}, "servers": [{"url": "/api"}],
			"paths": {"/p": {"get": {"operationId": "p", "responses": {}}}}}`)
	}))
	defer server.Close()
	code, out, errOut := runCommand(t, "import", "openapi", server.URL+"/v2/openapi.json")
	if code != exitOK || !strings.Contains(out, `"`+server.URL+`/api/p"`) || strings.Contains(out, "\x1b") {
		t.Errorf("got %d, %s and %s", code, out, errOut)
	}
	code, _, errOut = runCommand(t, "import", "openapi", server.URL+"/none")
	if code != exitUsage || !strings.Contains(errOut, "404 Not Found") {
		t.Errorf("got %d and %s", code, errOut)
	}
}

func TestImportErrors(t *testing.T) {
	t.Parallel()
	paths := make([]string, 700)
	for i := range paths {
		paths[i] = fmt.Sprintf(`"/p%d": {"get": {"summary": "Do a thing.", "responses": {}, "parameters": [{"name": "a", "in": "query", "schema": {"type": "string"}}]}}`, i)
	}
	huge := `{"openapi": "3.0.0", "info": {"title": "T", "version": "1"}, "servers": [{"url": "https://a.example"}], "paths": {` + strings.Join(paths, ",") + "}}"
	for _, c := range []struct {
		name string
		args []string
		code int
		want string
	}{
		{"no document", []string{}, exitUsage, "accepts 1 arg(s)"},
		{"no file", []string{"no-such-file.json"}, exitUsage, "no-such-file.json"},
		{"no OpenAPI", []string{writeFile(t, "tools: []")}, exitUsage, "no OpenAPI 3 document"},
		{"nothing chosen", []string{bookshop, "--include", "none"}, exitFailure, "no operation of the document"},
		{"too many", []string{writeFile(t, huge)}, exitFailure, "choose fewer operations with --include"},
		{"few of too many", []string{writeFile(t, huge), "--include", "/p1*", "--include", "/p2*"}, exitOK, "these are 222 tools"},
		{"server that is none", []string{bookshop, "--server", "ftp://x"}, exitFailure, `url: it must begin with "http://"`},
		{"server at a special address", []string{bookshop, "--server", "http://169.254.169.254"}, exitFailure, "is a special address"},
	} {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			code, _, errOut := runCommand(t, append([]string{"import", "openapi"}, c.args...)...)
			if code != c.code || !strings.Contains(errOut, c.want) {
				t.Errorf("got %d and %.600s", code, errOut)
			}
		})
	}
	if code, out, _ := runCommand(t, "import"); code != exitOK || !strings.Contains(out, "openapi") {
		t.Errorf("got %d and %s", code, out)
	}
}
