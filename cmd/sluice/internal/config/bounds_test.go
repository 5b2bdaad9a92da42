package config

import (
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"
)

// patience is how long the reading of any file may take; the worst takes a tenth of
// it on a slow machine, and the race detector some of that.
const patience = 10 * time.Second

// bomb is a few lines whose aliases stand for 10^9 strings.
func bomb() string {
	var b strings.Builder
	b.WriteString("a0: &a0 [x,x,x,x,x,x,x,x,x,x]\n")
	for i := 1; i < 9; i++ {
		fmt.Fprintf(&b, "a%d: &a%d [%s*a%d]\n", i, i, strings.Repeat(fmt.Sprintf("*a%d,", i-1), 9), i-1)
	}
	return b.String()
}

// mergeBomb doubles the keys that are read with each line, by merges.
func mergeBomb() string {
	var b strings.Builder
	b.WriteString("a0: &a0 {k: v}\n")
	for i := 1; i < 60; i++ {
		fmt.Fprintf(&b, "a%d: &a%d {<<: [*a%d, *a%d]}\n", i, i, i-1, i-1)
	}
	return b.String()
}

func manyKeys(n int) string {
	var b strings.Builder
	for i := range n {
		fmt.Fprintf(&b, "k%d: v\n", i)
	}
	return b.String()
}

func stairs(n int) string {
	var b strings.Builder
	for i := range n {
		b.WriteString(strings.Repeat(" ", i) + "a:\n")
	}
	return b.String()
}

func TestHostileFilesAreRefusedSoon(t *testing.T) {
	t.Parallel()
	for name, test := range map[string]struct{ source, want string }{
		"alias bomb":     {bomb(), "comes to more than 100000 values"},
		"merge bomb":     {mergeBomb(), "comes to more than 100000 values"},
		"many keys":      {manyKeys(100_000), "more than 40000 YAML tokens"},
		"keys allowed":   {manyKeys(13_000), "and 12980 more"},
		"brackets":       {strings.Repeat("[", 500_000), "YAML tokens"},
		"few brackets":   {strings.Repeat("[", 30_000), "nested deeper"},
		"braces":         {strings.Repeat("{a: ", 10_000), "nested deeper"},
		"dashes":         {strings.Repeat("- ", 30_000), "nested deeper"},
		"question marks": {strings.Repeat("? ", 30_000), "nested deeper"},
		"anchors":        {strings.Repeat("&a ", 10_000), "nested deeper"},
		"stairs":         {stairs(1000), "nested deeper"},
		"long scalar":    {"name: " + strings.Repeat("x", maxBytes-100) + "\nx: 1\n", "unknown key"},
	} {
		t.Run(name, func(t *testing.T) {
			start := time.Now()
			_, err := Parse("c.yaml", []byte(test.source))
			if err == nil || !strings.Contains(err.Error(), test.want) {
				t.Errorf("got %.300v, want %q in it", err, test.want)
			}
			if took := time.Since(start); took > patience {
				t.Errorf("took %v", took)
			}
			if len(err.Error()) > 8<<10 {
				t.Errorf("the message has %d bytes", len(err.Error()))
			}
		})
	}
}

func TestLoadReadsNoMoreThanItMay(t *testing.T) {
	t.Parallel()
	path := filepath.Join(t.TempDir(), "c.yaml")
	if err := os.WriteFile(path, nil, 0o600); err != nil {
		t.Fatal(err)
	}
	if err := os.Truncate(path, 1<<40); err != nil { // sparse
		t.Skip("no sparse files here:", err)
	}
	if _, err := Load(path); err == nil || !strings.Contains(err.Error(), "more than 1024 KiB") {
		t.Errorf("got %v", err)
	}
}

func TestControlCharactersStayOutOfMessages(t *testing.T) {
	t.Parallel()
	_, err := Parse("c.yaml", []byte("\"\\e[31m\": \u009b31m\tx\n"))
	if err == nil || strings.ContainsAny(err.Error(), "\x1b\u009b\t") {
		t.Errorf("got %q", err)
	}
}

func FuzzConfig(f *testing.F) {
	for _, test := range strictness {
		if len(test.source) < 1000 {
			f.Add([]byte(test.source))
		}
	}
	for _, name := range examples {
		source, err := os.ReadFile(filepath.Join(examplesDir, name))
		if err != nil {
			f.Fatal(err)
		}
		f.Add(source)
	}
	f.Add([]byte(bomb()))
	published := compiledSchema(f)
	f.Fuzz(func(t *testing.T, source []byte) {
		start := time.Now()
		c, err := Parse("c.yaml", source)
		if took := time.Since(start); took > patience {
			t.Fatalf("took %v", took)
		}
		if (c == nil) == (err == nil) {
			t.Fatalf("got %v and %v", c, err)
		}
		if err == nil { // what is read must be what the schema promises
			if err := published.Validate(valueOf(t, source)); err != nil {
				t.Errorf("the schema refuses what was accepted: %v", err)
			}
		}
	})
}

// TestManyBlocksAreNotDeep holds that what stands side by side is no level below: blocks
// and flows that alternate, as in the entries that an import writes.
func TestManyBlocksAreNotDeep(t *testing.T) {
	t.Parallel()
	var b strings.Builder
	b.WriteString("tools:\n")
	for i := range 100 {
		fmt.Fprintf(&b, `  - name: t%d
    command: [a]
    input:
      type: object
      properties:
        a: {type: string}
        b:
          description: "A text."
          type: string
        c: {type: string}
      required: [a, b]
`, i)
	}
	if _, err := Parse("c.yaml", []byte(b.String())); err != nil {
		t.Error(err)
	}
}
