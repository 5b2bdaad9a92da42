package sluice

import (
	"go/ast"
	"go/parser"
	"go/token"
	"os"
	"path/filepath"
	"regexp"
	"strconv"
	"strings"
	"testing"
)

// notServed are the faults of what Sluice does not do, which docs/reliability.md names
// below its table.
var notServed = map[int]bool{31: true, 32: true, 65: true, 66: true}

// faults is how many there are.
const faults = 72

var (
	faultRow  = regexp.MustCompile(`(?m)^\| (\d+) \| ([^|]+) \| ([^|]+) \| ([^|]+) \|$`)
	shownIn   = regexp.MustCompile("^`([^`]+)`: (.+)$")
	shownBy   = regexp.MustCompile(`^(Test|Fuzz)[A-Z]\w*$`)
	notServes = regexp.MustCompile(`\((\d+(?:, \d+)*)\)`)
)

// TestReliability holds the table of faults to the tests that there are: each fault has a
// row, and each row tests that the tree has.
func TestReliability(t *testing.T) {
	t.Parallel()
	text, err := os.ReadFile("docs/reliability.md")
	if err != nil {
		t.Fatal(err)
	}
	declared := map[string]map[string]bool{}
	next := 1
	for _, row := range faultRow.FindAllStringSubmatch(string(text), -1) {
		for notServed[next] {
			next++
		}
		if number, _ := strconv.Atoi(row[1]); number != next {
			t.Fatalf("row %d stands where row %d is due", number, next)
		}
		next++
		for _, place := range strings.Split(row[4], "; ") {
			shown := shownIn.FindStringSubmatch(place)
			if shown == nil {
				t.Errorf("row %s: %q names no package with tests", row[1], place)
				continue
			}
			dir := shown[1]
			if declared[dir] == nil {
				declared[dir] = testsOf(t, dir)
			}
			for _, name := range strings.Split(shown[2], ", ") {
				if !shownBy.MatchString(name) || !declared[dir][name] {
					t.Errorf("row %s: %s has no test %s", row[1], dir, name)
				}
			}
		}
	}
	if next != faults+1 {
		t.Errorf("the table ends before row %d", next)
	}
	_, after, _ := strings.Cut(string(text), "Four rows of that list")
	for _, numbers := range notServes.FindAllStringSubmatch(after, -1) {
		for _, n := range strings.Split(numbers[1], ", ") {
			if number, _ := strconv.Atoi(n); !notServed[number] {
				t.Errorf("fault %s is said not to be served", n)
			}
		}
	}
}

// testsOf returns the names of the tests that are declared in a directory.
func testsOf(t *testing.T, dir string) map[string]bool {
	t.Helper()
	files, err := filepath.Glob(filepath.Join(filepath.FromSlash(dir), "*_test.go"))
	if err != nil {
		t.Fatal(err)
	}
	names := map[string]bool{}
	for _, path := range files {
		file, err := parser.ParseFile(token.NewFileSet(), path, nil, parser.SkipObjectResolution)
		if err != nil {
			t.Fatal(err)
		}
		for _, d := range file.Decls {
			if f, ok := d.(*ast.FuncDecl); ok && f.Recv == nil {
				names[f.Name.Name] = true
			}
		}
	}
	return names
}
