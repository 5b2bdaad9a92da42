package tools

import (
	"encoding/json"
	"errors"
	"fmt"
	"math"
	"slices"
	"strings"
	"sync"
	"testing"
)

func namesOf(s *Snapshot) []string {
	var names []string
	for entry := range s.All() {
		names = append(names, entry.Name)
	}
	return names
}

func TestRegistryAdd(t *testing.T) {
	t.Parallel()
	var registry Registry
	if n := registry.Snapshot().Len(); n != 0 {
		t.Fatalf("an empty registry has %d tools", n)
	}
	broken := named("broken")
	broken.InputSchema = json.RawMessage(`{"type":"object","properties":5}`)
	err := registry.Add(named("b"), broken, named("not a name"), named("a"), nil, named("b"))
	for _, want := range []string{`tool "broken": input schema: schema: /properties`, `tool "not a name"`, "a tool is nil", `tool "b": a tool of this name exists`} {
		if err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("the error lacks %q: %v", want, err)
		}
	}
	if !errors.Is(err, ErrDuplicate) {
		t.Errorf("the error is not ErrDuplicate: %v", err)
	}
	if got := namesOf(registry.Snapshot()); !slices.Equal(got, []string{"a", "b"}) {
		t.Errorf("registered are %q", got)
	}
	if err := registry.Add(named("c"), named("a"), named("B"), named("aa")); !errors.Is(err, ErrDuplicate) {
		t.Errorf("a name that is taken: %v", err)
	}
	if got := namesOf(registry.Snapshot()); !slices.Equal(got, []string{"B", "a", "aa", "b", "c"}) {
		t.Errorf("registered are %q", got)
	}
}

func TestRegistryRefuses(t *testing.T) {
	t.Parallel()
	with := func(change func(*Tool)) *Tool {
		tool := named("tool")
		change(tool)
		return tool
	}
	for want, tool := range map[string]*Tool{
		"1 to 128 characters":           named(""),
		"a name has 1 to 128":           named(strings.Repeat("a", 129)),
		"not ' '":                       named("a b"),
		"not 'é'":                       named("é"),
		"not '/'":                       named("a/b"),
		"no handler":                    with(func(t *Tool) { t.Handler = nil }),
		`"type" must be "object"`:       with(func(t *Tool) { t.InputSchema = json.RawMessage(`{}`) }),
		`its "type" must be "object"`:   with(func(t *Tool) { t.InputSchema = json.RawMessage(`{"type":"array"}`) }),
		`schema: its "type" must be`:    with(func(t *Tool) { t.InputSchema = json.RawMessage(`{"Type":"object"}`) }),
		`input schema: its "type" must`: with(func(t *Tool) { t.InputSchema = json.RawMessage(`true`) }),
		"input schema: schema: decode":  with(func(t *Tool) { t.InputSchema = json.RawMessage(``) }),
		"output schema: schema: the $ref to": with(func(t *Tool) {
			t.OutputSchema = json.RawMessage(`{"$ref":"https://example.com/schema"}`)
		}),
	} {
		var registry Registry
		err := registry.Add(tool)
		if err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%v; want an error with %q", err, want)
		}
		if registry.Snapshot().Len() != 0 {
			t.Errorf("%v, and yet it is registered", err)
		}
	}
}

func TestRegistryEntry(t *testing.T) {
	t.Parallel()
	var registry Registry
	tool := named(strings.Repeat("a", 117) + "_Az-09.file")
	tool.Description = "as\x1b it \u202e is"
	tool.OutputSchema = json.RawMessage(`{"type": "string"}`)
	if err := registry.Add(tool); err != nil {
		t.Fatal(err)
	}
	entry, ok := registry.Snapshot().Lookup(tool.Name)
	if !ok || entry.Tool != tool || entry.Description != "as\x1b it \u202e is" {
		t.Fatalf("found %+v, %v", entry, ok)
	}
	if err := entry.Input.Validate(map[string]any{"a": true}); err == nil {
		t.Error("a tool without a schema accepts arguments")
	}
	if err := entry.Output.Validate("a"); err != nil {
		t.Error(err)
	}
	if got := string(entry.Output.Source()); got != `{"type":"string"}` {
		t.Errorf("the output schema is %s", got)
	}
	if _, ok := registry.Snapshot().Lookup("a"); ok {
		t.Error("found by a prefix")
	}
}

func TestRegistryTellsOncePerChange(t *testing.T) {
	t.Parallel()
	var registry Registry
	var told []string
	subscribe := func(name string) func() {
		return registry.Subscribe(func() { told = append(told, fmt.Sprint(name, registry.Snapshot().Len())) })
	}
	cancelA, cancelB := subscribe("a"), subscribe("b")
	for _, step := range []struct {
		name   string
		change func()
		want   []string
	}{
		{"several at once", func() { _ = registry.Add(named("x"), named("y"), named("z")) }, []string{"a3", "b3"}},
		{"some of them bad", func() { _ = registry.Add(named("x"), named(""), named("v")) }, []string{"a4", "b4"}},
		{"nothing added", func() { _ = registry.Add(named("x"), named("")) }, nil},
		{"nothing at all", func() { _ = registry.Add() }, nil},
		{"nothing removed", func() { registry.Remove("none"); registry.Remove() }, nil},
		{"removed", func() { registry.Remove("x", "y", "none", "x") }, []string{"a2", "b2"}},
		{"one left", func() { cancelA(); cancelA(); registry.Remove("z") }, []string{"b1"}},
		{"none left", func() { cancelB(); registry.Remove("v") }, nil},
	} {
		told = nil
		step.change()
		if !slices.Equal(told, step.want) {
			t.Errorf("%s: told %q, want %q", step.name, told, step.want)
		}
	}
}

func TestSnapshotAfter(t *testing.T) {
	t.Parallel()
	var registry Registry
	if err := registry.Add(named("a"), named("b"), named("c"), named("d")); err != nil {
		t.Fatal(err)
	}
	for _, c := range []struct {
		after string
		limit int
		want  string
		more  bool
	}{
		{"", 2, "a b", true},
		{"b", 2, "c d", false},
		{"bb", 1, "c", true},
		{"", 4, "a b c d", false},
		{"", math.MaxInt, "a b c d", false},
		{"d", 2, "", false},
		{"z", 2, "", false},
		{"", 0, "", true},
		{"", -1, "", true},
	} {
		page, more := registry.Snapshot().After(c.after, c.limit)
		var names []string
		for _, entry := range page {
			names = append(names, entry.Name)
		}
		if got := strings.Join(names, " "); got != c.want || more != c.more {
			t.Errorf("After(%q, %d) = %q, %v; want %q, %v", c.after, c.limit, got, more, c.want, c.more)
		}
	}
	if page, more := new(Registry).Snapshot().After("", 1); len(page) != 0 || more {
		t.Errorf("an empty snapshot has a page %v, %v", page, more)
	}
}

// TestRegistryConcurrently has writers of disjoint names beside readers, each of
// whose snapshots must be sorted, and hold still.
func TestRegistryConcurrently(t *testing.T) {
	t.Parallel()
	const writers, rounds = 4, 50
	var registry Registry
	var changes int
	defer registry.Subscribe(func() { changes++ })()
	done := make(chan struct{})
	var writing, reading sync.WaitGroup
	for w := range writers {
		writing.Go(func() {
			for i := range rounds {
				name := fmt.Sprintf("tool_%d_%d", w, i)
				if err := registry.Add(named(name)); err != nil {
					t.Error(err)
				}
				if i%2 == 1 {
					registry.Remove(name)
				}
			}
		})
	}
	for range 2 {
		reading.Go(func() {
			for {
				select {
				case <-done:
					return
				default:
					checkSnapshot(t, registry.Snapshot())
				}
			}
		})
	}
	writing.Wait()
	close(done)
	reading.Wait()
	if n := registry.Snapshot().Len(); n != writers*rounds/2 {
		t.Errorf("%d tools are left, want %d", n, writers*rounds/2)
	}
	if want := writers * rounds * 3 / 2; changes != want {
		t.Errorf("told %d times, want %d", changes, want)
	}
}

func checkSnapshot(t *testing.T, s *Snapshot) {
	names := namesOf(s)
	if !slices.IsSorted(names) || len(names) != s.Len() {
		t.Errorf("not sorted: %q", names)
	}
	for _, name := range names {
		if entry, ok := s.Lookup(name); !ok || entry.Name != name {
			t.Errorf("%q is listed and not found", name)
		}
	}
	if again := namesOf(s); !slices.Equal(names, again) {
		t.Errorf("a snapshot changed from %q to %q", names, again)
	}
}

func BenchmarkRegistryAdd10000OneByOne(b *testing.B) {
	b.ReportAllocs()
	for b.Loop() {
		var registry Registry
		for i := range 10_000 {
			if err := registry.Add(named(fmt.Sprintf("tool_%d", i))); err != nil {
				b.Fatal(err)
			}
		}
	}
}

func BenchmarkSnapshotLookup(b *testing.B) {
	for _, n := range []int{10, 1000} {
		b.Run(fmt.Sprint(n), func(b *testing.B) {
			var registry Registry
			for i := range n {
				if err := registry.Add(named(fmt.Sprintf("tool_%d", i))); err != nil {
					b.Fatal(err)
				}
			}
			b.ReportAllocs()
			for b.Loop() {
				registry.Snapshot().Lookup("tool_5")
			}
		})
	}
}

func TestRegistryReplace(t *testing.T) {
	t.Parallel()
	var registry Registry
	if err := registry.Add(named("a"), named("b"), named("c")); err != nil {
		t.Fatal(err)
	}
	changes := 0
	defer registry.Subscribe(func() { changes++ })()
	again := named("a")
	err := registry.Replace([]string{"a", "b", "none"}, again, named("c"), named("d"))
	if !errors.Is(err, ErrDuplicate) || !strings.Contains(err.Error(), `"c"`) {
		t.Errorf("error %v", err)
	}
	if got := namesOf(registry.Snapshot()); !slices.Equal(got, []string{"a", "c", "d"}) || changes != 1 {
		t.Errorf("registered are %q after %d changes", got, changes)
	}
	if entry, _ := registry.Snapshot().Lookup("a"); entry.Tool != again {
		t.Error("the old tool is still there")
	}
	if err := registry.Replace([]string{"d"}, named("not a name")); err == nil || changes != 2 {
		t.Errorf("error %v after %d changes", err, changes)
	}
	if err := registry.Replace([]string{"d"}); err != nil || changes != 2 {
		t.Errorf("nothing to do: error %v after %d changes", err, changes)
	}
}
