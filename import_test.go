package sluice

import (
	"fmt"
	"go/ast"
	"go/parser"
	"go/token"
	"io/fs"
	"os"
	"path"
	"slices"
	"strconv"
	"strings"
	"testing"
	"testing/fstest"
)

const module = "github.com/sluice-dev/sluice"

// layers say which packages of the module each package may import, by its path in the
// module; "x/..." is x and all below it. The first pattern that matches counts. A
// package that none matches has no place in the house yet: give it one.
var layers = []struct {
	packages string
	imports  []string
}{
	{"schema/strict", nil},
	{"schema", []string{"schema/strict"}},
	{"tools", []string{"schema"}},
	{"tools/internal/...", []string{"tools"}},
	{"tools/command", []string{"schema", "tools", "tools/internal/...", "tools/command/internal/..."}},
	{"tools/command/internal/...", nil},
	{"tools/upstream", []string{"schema", "tools", "tools/internal/...", "transport/mcp", "transport/stdio", "transport/websocket"}},
	{"tools/...", []string{"schema", "tools", "tools/internal/..."}},
	{"executor/...", []string{"schema", "tools", "executor/..."}},
	{"transport/stdio", nil},
	{"transport/websocket", nil},
	{"transport/mcp", []string{"schema/...", "tools"}},
	{"transport", []string{"schema/...", "tools", "executor/...", "transport/mcp"}},
	{"cmd/...", []string{"..."}},
	{"testdata/...", []string{"schema", "tools/...", "executor/...", "transport/...", "testdata/..."}},
}

// vague are names that say nothing of what is inside.
var vague = []string{"util", "utils", "common", "helper", "helpers", "misc", "types", "shared"}

// TestHouse reads every file, whatever system it is for.
func TestHouse(t *testing.T) {
	t.Parallel()
	for _, fault := range inspect(t, os.DirFS(".")) {
		t.Error(fault)
	}
}

// inspect returns the faults of a tree of Go files, other modules left out.
func inspect(t *testing.T, tree fs.FS) []string {
	t.Helper()
	var faults []string
	err := fs.WalkDir(tree, ".", func(file string, entry fs.DirEntry, err error) error {
		if err != nil {
			return err
		}
		if entry.IsDir() {
			return skip(tree, file)
		}
		if path.Ext(file) == ".go" {
			faults = append(faults, inspectFile(t, tree, file)...)
		}
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
	return faults
}

func skip(tree fs.FS, dir string) error {
	base := path.Base(dir)
	if dir != "." && (base == "node_modules" || strings.HasPrefix(base, ".")) {
		return fs.SkipDir
	}
	if _, err := fs.Stat(tree, path.Join(dir, "go.mod")); err == nil && dir != "." {
		return fs.SkipDir
	}
	return nil
}

func inspectFile(t *testing.T, tree fs.FS, file string) []string {
	t.Helper()
	source, err := fs.ReadFile(tree, file)
	if err != nil {
		t.Fatal(err)
	}
	parsed, err := parser.ParseFile(token.NewFileSet(), file, source, parser.SkipObjectResolution)
	if err != nil {
		t.Fatal(err)
	}
	faults := vagueNames(file, parsed.Name.Name)
	if !strings.HasSuffix(file, "_test.go") {
		faults = append(faults, wrongImports(file, parsed)...)
		faults = append(faults, prints(file, parsed)...)
		faults = append(faults, wallClocks(file, parsed)...)
	}
	return faults
}

// calendars are where the time of day belongs: what is written down and what others date.
var calendars = []string{"executor/history/", "executor/audit/", "executor/id.go", "transport/websocket/identity.go"}

// wallClocks finds what forgets the monotonic reading of a time where that must count: a
// clock that jumps, a suspended machine or a leap second changes no limit, timeout or
// wait.
func wallClocks(file string, parsed *ast.File) (faults []string) {
	governed := strings.HasPrefix(file, "executor/") || strings.HasPrefix(file, "tools/") || strings.HasPrefix(file, "transport/")
	if !governed || slices.ContainsFunc(calendars, func(place string) bool { return strings.HasPrefix(file, place) }) {
		return nil
	}
	ast.Inspect(parsed, func(n ast.Node) bool {
		call, ok := n.(*ast.CallExpr)
		if !ok {
			return true
		}
		if method, ok := call.Fun.(*ast.SelectorExpr); ok && dropsMonotonic(method.Sel.Name, call.Args) {
			faults = append(faults, fmt.Sprintf("%s: %s() reads the time of day, which jumps: use Sub or time.Since", file, method.Sel.Name))
		}
		return true
	})
	return faults
}

func dropsMonotonic(method string, arguments []ast.Expr) bool {
	switch method {
	case "Unix", "UnixMilli", "UnixMicro", "UnixNano":
		return len(arguments) == 0
	case "Round":
		if len(arguments) != 1 {
			return false
		}
		zero, ok := arguments[0].(*ast.BasicLit)
		return ok && zero.Value == "0"
	}
	return false
}

func vagueNames(file, pkg string) []string {
	stem, _, _ := strings.Cut(strings.TrimSuffix(path.Base(file), ".go"), "_")
	var faults []string
	for _, name := range append(strings.Split(path.Dir(file), "/"), stem, strings.TrimSuffix(pkg, "_test")) {
		if slices.Contains(vague, name) {
			faults = append(faults, fmt.Sprintf("%s: %q says nothing of what is inside", file, name))
		}
	}
	return faults
}

func wrongImports(file string, parsed *ast.File) []string {
	dir := path.Dir(file)
	at := slices.IndexFunc(layers, func(l struct {
		packages string
		imports  []string
	}) bool {
		return matches(l.packages, dir)
	})
	if at < 0 {
		return []string{fmt.Sprintf("%s: the package %q has no place in the layers", file, dir)}
	}
	var faults []string
	for _, spec := range parsed.Imports {
		imported, _ := strconv.Unquote(spec.Path.Value)
		own, ok := strings.CutPrefix(imported, module+"/")
		if !ok && imported != module {
			continue
		}
		if !slices.ContainsFunc(layers[at].imports, func(pattern string) bool { return matches(pattern, own) }) {
			faults = append(faults, fmt.Sprintf("%s: must not import %s", file, imported))
		}
	}
	return faults
}

func matches(pattern, dir string) bool {
	above, all := strings.CutSuffix(pattern, "...")
	if !all {
		return pattern == dir
	}
	return strings.HasPrefix(dir+"/", above)
}

// prints finds what could write to stdout, which belongs to the protocol: only the
// command may, and only the stdio transport may take it in hand.
func prints(file string, parsed *ast.File) []string {
	if matches("cmd/sluice/...", path.Dir(file)) {
		return nil
	}
	takesStdout := path.Dir(file) == "transport/stdio"
	names := map[string]string{} // in this file, of the packages looked for
	for _, spec := range parsed.Imports {
		imported, _ := strconv.Unquote(spec.Path.Value)
		if name := path.Base(imported); spec.Name != nil {
			names[spec.Name.Name] = imported
		} else {
			names[name] = imported
		}
	}
	var faults []string
	ast.Inspect(parsed, func(n ast.Node) bool {
		switch n := n.(type) {
		case *ast.SelectorExpr:
			pkg, _ := n.X.(*ast.Ident)
			switch {
			case pkg == nil:
			case names[pkg.Name] == "fmt" && strings.HasPrefix(n.Sel.Name, "Print"),
				names[pkg.Name] == "os" && n.Sel.Name == "Stdout" && !takesStdout:
				faults = append(faults, fmt.Sprintf("%s: %s.%s: stdout belongs to the protocol", file, pkg.Name, n.Sel.Name))
			}
		case *ast.CallExpr:
			if name, ok := n.Fun.(*ast.Ident); ok && (name.Name == "print" || name.Name == "println") {
				faults = append(faults, fmt.Sprintf("%s: %s is for debugging", file, name.Name))
			}
		}
		return true
	})
	return faults
}

// TestHouseRules sees each rule find what breaks it, and only that.
func TestHouseRules(t *testing.T) {
	t.Parallel()
	importing := func(own string) string { return "package p\nimport _ \"" + module + "/" + own + "\"\n" }
	for _, c := range []struct{ file, source, want string }{
		{"schema/a.go", importing("tools"), "must not import"},
		{"tools/a.go", importing("schema"), ""},
		{"tools/a.go", importing("executor"), "must not import"},
		{"tools/command/a.go", importing("tools"), ""},
		{"tools/command/a.go", importing("executor"), "must not import"},
		{"tools/command/a.go", importing("transport/stdio"), "must not import"},
		{"tools/command/a_windows.go", importing("executor"), "must not import"},
		{"tools/command/a_test.go", importing("executor"), ""},
		{"tools/httpcall/a.go", importing("executor"), "must not import"},
		{"tools/httpcall/a.go", importing("tools/internal/template"), ""},
		{"tools/internal/template/a.go", importing("tools/command"), "must not import"},
		{"tools/upstream/a.go", importing("transport/websocket"), ""},
		{"tools/upstream/a.go", importing("transport/mcp"), ""},
		{"tools/upstream/a.go", importing("transport"), "must not import"},
		{"tools/upstream/a.go", importing("executor"), "must not import"},
		{"executor/a.go", importing("tools"), ""},
		{"executor/a.go", importing("executor/history"), ""},
		{"executor/a.go", importing("transport"), "must not import"},
		{"executor/history/a.go", importing("transport/mcp"), "must not import"},
		{"transport/mcp/a.go", importing("tools"), ""},
		{"transport/mcp/a.go", importing("executor"), "must not import"},
		{"transport/stdio/a.go", importing("transport/mcp"), "must not import"},
		{"transport/websocket/a.go", importing("tools"), "must not import"},
		{"transport/a.go", importing("executor"), ""},
		{"transport/a.go", importing("transport/stdio"), "must not import"},
		{"transport/a.go", importing("cmd/sluice"), "must not import"},
		{"cmd/sluice/a.go", importing("transport/stdio"), ""},
		{"testdata/everything/a.go", importing("cmd/sluice"), "must not import"},
		{"attic/a.go", "package attic\n", "no place in the layers"},
		{"bench/a.go", "package bench\n", ""}, // a module of its own
		{"tools/util/a.go", "package a\n", `"util" says nothing`},
		{"tools/helpers.go", "package tools\n", `"helpers" says nothing`},
		{"tools/types_linux.go", "package tools\n", `"types" says nothing`},
		{"tools/common_test.go", "package tools\n", `"common" says nothing`},
		{"tools/a.go", "package misc\n", `"misc" says nothing`},
		{"tools/a.go", "package a\nimport \"fmt\"\nfunc f() { fmt.Println() }\n", "fmt.Println"},
		{"tools/a.go", "package a\nimport out \"fmt\"\nvar f = out.Printf\n", "out.Printf"},
		{"tools/a.go", "package a\nimport \"fmt\"\nvar f = fmt.Sprint\n", ""},
		{"tools/a.go", "package a\nfunc f() { println() }\n", "println"},
		{"tools/a.go", "package a\nimport \"os\"\nvar f = os.Stdout\n", "os.Stdout"},
		{"tools/a.go", "package a\nimport \"os\"\nvar f = os.Stderr\n", ""},
		{"testdata/everything/a.go", "package a\nimport \"os\"\nvar f = os.Stdout\n", "os.Stdout"},
		{"tools/a_test.go", "package a\nimport \"os\"\nvar f = os.Stdout\n", ""},
		{"transport/stdio/a.go", "package a\nimport \"os\"\nvar f = os.Stdout\n", ""},
		{"transport/stdio/a.go", "package a\nimport \"fmt\"\nfunc f() { fmt.Print() }\n", "fmt.Print"},
		{"cmd/sluice/a.go", "package a\nimport \"fmt\"\nfunc f() { fmt.Println() }\n", ""},
		{"executor/a.go", "package a\nimport \"time\"\nvar f = time.Now().UnixNano()\n", "UnixNano() reads the time of day"},
		{"tools/a.go", "package a\nimport \"time\"\nvar f = time.Now().Round(0)\n", "Round() reads the time of day"},
		{"tools/a.go", "package a\nimport \"time\"\nvar f = time.Unix(0, 0).Round(time.Second)\n", ""},
		{"executor/history/a.go", "package a\nimport \"time\"\nvar f = time.Now().Unix()\n", ""},
	} {
		tree := fstest.MapFS{c.file: {Data: []byte(c.source)}, "bench/go.mod": {}}
		faults := inspect(t, tree)
		if c.want == "" && len(faults) > 0 || c.want != "" && (len(faults) != 1 || !strings.Contains(faults[0], c.want)) {
			t.Errorf("%s %q: %q, want %q", c.file, c.source, faults, c.want)
		}
	}
}
