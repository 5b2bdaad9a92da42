package audit

import (
	"bytes"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
)

// sample returns the lines of two chains of 6 lines each, taken in turns.
func sample() [][]byte {
	a, b := chain{id: "a"}, chain{id: "b"}
	var lines [][]byte
	for i := range 6 {
		e := allowed(i)
		switch i {
		case 0:
			e.Event = EventOpened
		case 5:
			e.Event = EventClosed
		}
		lines = append(lines, a.append(nil, &e, &process{host: "h"}), b.append(nil, &e, &process{host: "h"}))
	}
	return lines
}

// verify returns the faults of lines, as LINE:PROBLEM.
func verify(t *testing.T, lines ...[]byte) (*Report, string) {
	t.Helper()
	path := filepath.Join(t.TempDir(), "audit.jsonl")
	if err := os.WriteFile(path, bytes.Join(lines, nil), 0o600); err != nil {
		t.Fatal(err)
	}
	r, err := Verify(t.Context(), path)
	if err != nil {
		t.Fatal(err)
	}
	var faults []string
	for _, f := range r.Faults {
		if f.Text == "" || f.File != path {
			t.Errorf("a fault is incomplete: %+v", f)
		}
		faults = append(faults, fmt.Sprintf("%d:%s", f.Line, f.Problem))
	}
	return r, strings.Join(faults, " ")
}

// TestVerifyFindsEachFault damages each line of a log in turn, in each way, and checks
// what is found, and where. Lines count from 1; each chain has every second one.
func TestVerifyFindsEachFault(t *testing.T) {
	t.Parallel()
	for _, test := range []struct {
		name   string
		damage func(lines [][]byte, i int) [][]byte
		want   func(line int) string // of line i+1
	}{
		{"cut out", func(l [][]byte, i int) [][]byte { return slices.Delete(l, i, i+1) },
			func(n int) string { return fmt.Sprintf("%d:missing", n+1) }}, // where the next of its chain now is
		{"put in twice", func(l [][]byte, i int) [][]byte { return slices.Insert(l, i+1, l[i]) },
			func(n int) string { return fmt.Sprintf("%d:repeated", n+1) }},
		{"repeated at the end", func(l [][]byte, i int) [][]byte { return append(l, l[i]) },
			func(int) string { return "13:repeated" }},
		{"moved down", func(l [][]byte, i int) [][]byte { l[i], l[i+2] = l[i+2], l[i]; return l },
			func(n int) string { return fmt.Sprintf("%d:reordered", n+2) }},
		{"changed", func(l [][]byte, i int) [][]byte {
			l[i] = bytes.Replace(l[i], []byte("2026"), []byte("2027"), 1)
			return l
		}, func(n int) string { return fmt.Sprintf("%d:changed", n) }},
		{"cut short", func(l [][]byte, i int) [][]byte { l[i] = append(l[i][:100:100], '\n'); return l },
			func(n int) string { return fmt.Sprintf("%d:unreadable %d:missing", n, n+2) }},
		{"something else", func(l [][]byte, i int) [][]byte { return slices.Insert(l, i, []byte("hello\n")) },
			func(n int) string { return fmt.Sprintf("%d:unreadable", n) }},
		{"too long", func(l [][]byte, i int) [][]byte {
			return slices.Insert(l, i, append(bytes.Repeat([]byte("x"), 3*maxLine), '\n'))
		}, func(n int) string { return fmt.Sprintf("%d:unreadable", n) }},
	} {
		for i := range 10 { // not the last of each: see below
			r, got := verify(t, test.damage(sample(), i)...)
			if want := test.want(i + 1); got != want {
				t.Errorf("line %d %s: got %q, want %q", i+1, test.name, got, want)
			}
			if len(r.Chains) != 2 || !r.Chains[0].Closed || !r.Chains[1].Closed {
				t.Errorf("line %d %s: %+v", i+1, test.name, r.Chains)
			}
		}
	}
}

// TestVerifyOfTheEnd checks what can be told of a chain's last line.
func TestVerifyOfTheEnd(t *testing.T) {
	t.Parallel()
	lines := sample()
	if _, got := verify(t, lines...); got != "" {
		t.Errorf("a whole log: %s", got)
	}
	if r, got := verify(t, lines[:10]...); got != "" || r.Chains[0].Closed || r.Chains[0].Last != 4 {
		t.Errorf("without the ends: %s, %+v", got, r.Chains)
	}
	if _, got := verify(t, append(lines[:11], lines[11][:50])...); got != "12:unreadable" {
		t.Errorf("the last one cut short: %s", got)
	}
	lines = sample()
	lines[11] = bytes.Replace(lines[11], []byte("2026"), []byte("2027"), 1)
	if _, got := verify(t, lines...); got != "12:changed" {
		t.Errorf("the last one changed: %s", got)
	}
}

// forged returns a line that fits its own hash and the one before it.
func forged(c chain, seq uint64, id string) []byte {
	e := allowed(0)
	e.Call.ID = id
	c.seq = seq
	return c.append(nil, &e, &process{})
}

// after returns the chain as it was behind its first n lines.
func after(id string, n int) chain {
	c := chain{id: id}
	for i := range n {
		e := allowed(i)
		if i == 0 {
			e.Event = EventOpened
		}
		c.append(nil, &e, &process{host: "h"})
	}
	return c
}

// TestVerifyFindsForgery puts in lines whose hashes are right.
func TestVerifyFindsForgery(t *testing.T) {
	t.Parallel()
	lines := sample()
	for name, test := range map[string]struct {
		lines [][]byte
		want  string
	}{
		"in place of one":    {slices.Replace(slices.Clone(lines), 4, 5, forged(after("a", 2), 2, "evil")), "7:replaced"},
		"put in":             {slices.Insert(slices.Clone(lines), 4, forged(after("a", 2), 2, "evil")), "6:repeated 8:replaced"},
		"behind the end":     {append(slices.Clone(lines), forged(after("a", 6), 6, "evil")), "13:after_end"},
		"a number left out":  {slices.Replace(slices.Clone(lines), 4, 5, forged(after("a", 2), 3, "evil")), "5:missing 7:repeated 9:replaced"},
		"without beginning":  {lines[2:], "1:missing 2:missing"},
		"a beginning of one": {[][]byte{forged(chain{id: "c"}, 4, "evil")}, "1:missing"},
	} {
		if _, got := verify(t, test.lines...); got != test.want {
			t.Errorf("%s: got %q, want %q", name, got, test.want)
		}
	}
}

// TestVerifyResumes checks that a piece counts for nothing where its whole line comes,
// even with another process's line right behind it, and only then.
func TestVerifyResumes(t *testing.T) {
	t.Parallel()
	lines := sample()
	piece := lines[2][:150]
	for name, test := range map[string]struct {
		lines   [][]byte
		want    string
		resumed int
	}{
		"on its own":      {slices.Insert(slices.Clone(lines), 2, append(slices.Clone(piece), '\n')), "", 1},
		"one byte":        {slices.Insert(slices.Clone(lines), 2, []byte("{\n")), "", 1},
		"glued":           {slices.Insert(slices.Clone(lines), 1, piece), "", 1},
		"behind":          {slices.Insert(slices.Clone(lines), 4, append(slices.Clone(piece), '\n')), "5:unreadable", 0},
		"with blank ones": {slices.Insert(slices.Clone(lines), 4, []byte("\n"), []byte("\n")), "", 0},
	} {
		r, got := verify(t, test.lines...)
		if got != test.want || r.Resumed != test.resumed {
			t.Errorf("%s: got %q and %d, want %q and %d", name, got, r.Resumed, test.want, test.resumed)
		}
	}
}

// TestVerifyFiles damages a series as a whole.
func TestVerifyFiles(t *testing.T) {
	t.Parallel()
	write := func(t *testing.T) string {
		path := filepath.Join(t.TempDir(), "audit.jsonl")
		f := open(t, FileOptions{Path: path, Size: 1, Keep: -1})
		for i := range 5 {
			if err := f.Commit(t.Context(), allowed(i)); err != nil {
				t.Fatal(err)
			}
		}
		shut(t, f)
		return path
	}
	path := write(t)
	r, err := Verify(t.Context(), nth(path, 2), path, nth(path, 1))
	if err != nil || len(r.Files) != 6 || len(r.Faults) != 0 || r.Chains[0].First != 0 {
		t.Errorf("named twice and out of order: %+v, %v", r, err)
	}
	if r, err = Verify(t.Context(), nth(path, 3)); err != nil || len(r.Faults) != 0 || r.Chains[0].First == 0 || r.Chains[0].PID == 0 {
		t.Errorf("one of its own: %+v, %v", r, err)
	}
	text, err := os.ReadFile(nth(path, 3))
	if err != nil {
		t.Fatal(err)
	}
	if _, got := verify(t, text); got != "1:missing" {
		t.Errorf("a copy that is said to be the first: %q", got)
	}
	if err := os.WriteFile(nth(path, 3), text[bytes.IndexByte(text, '\n')+1:], 0o600); err != nil {
		t.Fatal(err)
	}
	if r, err = Verify(t.Context(), nth(path, 3)); err != nil || len(r.Faults) != 1 || r.Faults[0].Problem != ProblemMissing {
		t.Errorf("one of its own without its first line: %+v, %v", r, err)
	}
	for _, test := range []struct {
		remove int
		want   []Problem
	}{{0, nil}, {5, nil}, {2, []Problem{ProblemMissingFile, ProblemMissing}}} {
		path := write(t)
		if err := os.Remove(nth(path, test.remove)); err != nil {
			t.Fatal(err)
		}
		r, err := Verify(t.Context(), path)
		if err != nil {
			t.Fatal(err)
		}
		var got []Problem
		for _, f := range r.Faults {
			got = append(got, f.Problem)
		}
		if !slices.Equal(got, test.want) {
			t.Errorf("without file %d: %q", test.remove, got)
		}
	}
	if _, err := Verify(t.Context(), filepath.Join(t.TempDir(), "none.jsonl")); !os.IsNotExist(err) {
		t.Errorf("no file: %v", err)
	}
}

// TestVerifyIsBounded: a file of nothing but faults makes no endless report.
func TestVerifyIsBounded(t *testing.T) {
	t.Parallel()
	r, _ := verify(t, bytes.Repeat([]byte("x\n"), 5000))
	if len(r.Faults) != maxFaults || r.MoreFaults != 5000-maxFaults {
		t.Errorf("%d and %d more", len(r.Faults), r.MoreFaults)
	}
}

// FuzzVerify feeds it anything. What it says is whole must consist of lines with right
// hashes.
func FuzzVerify(f *testing.F) {
	f.Add(bytes.Join(sample(), nil))
	f.Add([]byte(headStart + headSeq + hashMember + lineEnd))
	f.Fuzz(func(t *testing.T, text []byte) {
		v := newVerifier()
		v.begin(numbered{"x", 0})
		good := 0
		for line := range bytes.SplitSeq(text, []byte("\n")) {
			v.line(line)
			if l, ok := parse(line); ok && !l.changed {
				good++
			}
		}
		if r := v.finish(); len(r.Faults) == 0 && good < r.Lines-r.Resumed {
			t.Errorf("%d of %d lines are right, and nothing is said", good, r.Lines)
		}
	})
}
