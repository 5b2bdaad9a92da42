package sqlite

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"testing"
	"time"

	"github.com/sluice-dev/sluice/executor/history"
)

var (
	_ history.Store  = (*Store)(nil)
	_ history.Reader = (*Store)(nil)
)

// TestFilter asks a file and memory the same, so that both understand a filter in one way.
func TestFilter(t *testing.T) {
	t.Parallel()
	s, memory := newStore(t, Options{}), history.NewMemory(100)
	noon := time.Now().Add(-time.Hour).Truncate(time.Second)
	const uuid = "019a0000-0000-7000-8000-00000000000a"
	for i, r := range []history.Record{
		{ID: "0", Tool: "sort", Caller: "ada", Outcome: history.OutcomeOK},
		{ID: "1", Tool: "wc", Caller: "ada", Outcome: history.OutcomeFailed, Kind: "timeout", Reason: "ran TOO long"},
		{ID: uuid, Tool: "sort", Caller: "bob", Outcome: history.OutcomeToolError},
		{ID: "3", Tool: "sort", Outcome: history.OutcomeFailed, Kind: "overloaded", Reason: "100% of a_b"},
	} {
		r.Queued = noon.Add(time.Duration(i) * time.Second)
		r.Finished = r.Queued
		arguments := fmt.Appendf(nil, `{"n":%d,"x":"É%%"}`, i)
		s.Append(r, arguments)
		memory.Append(r, arguments)
	}
	for _, test := range []struct {
		filter history.Filter
		want   string
	}{
		{history.Filter{}, "3 " + uuid + " 1 0"},
		{history.Filter{Limit: 2}, "3 " + uuid},
		{history.Filter{Tool: "sort"}, "3 " + uuid + " 0"},
		{history.Filter{Tool: "sort", Limit: 1}, "3"},
		{history.Filter{Tool: "SORT"}, ""},
		{history.Filter{Caller: "ada"}, "1 0"},
		{history.Filter{Outcome: history.OutcomeFailed}, "3 1"},
		{history.Filter{Outcome: history.OutcomeFailed, Kind: "timeout"}, "1"},
		{history.Filter{Since: noon.Add(time.Second)}, "3 " + uuid + " 1"},
		{history.Filter{Until: noon.Add(time.Second)}, "0"},
		{history.Filter{Since: noon.Add(time.Second), Until: noon.Add(2 * time.Second)}, "1"},
		{history.Filter{Since: noon.Add(time.Nanosecond), Until: noon.Add(time.Second + time.Nanosecond)}, "1"},
		{history.Filter{Text: "too LONG"}, "1"},
		{history.Filter{Text: "bo"}, uuid},
		{history.Filter{Text: "over"}, "3"},
		{history.Filter{Text: `"n":0`}, "0"},
		{history.Filter{Text: "0%"}, "3"},
		{history.Filter{Text: "a_b"}, "3"},
		{history.Filter{Text: "a%b"}, ""},
		{history.Filter{Text: "É%"}, "3 " + uuid + " 1 0"},
		{history.Filter{Text: "é%"}, ""},
		{history.Filter{Text: uuid}, uuid},
		{history.Filter{Text: uuid[:8]}, ""},
		{history.Filter{Text: "' OR 1=1 --"}, ""},
		{history.Filter{Tool: "' OR 1=1 --"}, ""},
		{history.Filter{Text: collect(t, memory.Query(t.Context(), history.Filter{Limit: 1}))[0].Hash}, "3"},
	} {
		if got := ids(collect(t, s.Query(t.Context(), test.filter))); got != test.want {
			t.Errorf("file: %+v: got %s, want %s", test.filter, got, test.want)
		}
		if got := ids(collect(t, memory.Query(t.Context(), test.filter))); got != test.want {
			t.Errorf("memory: %+v: got %s, want %s", test.filter, got, test.want)
		}
	}
}

// TestPages reads more than fits into a page, in the order in which the calls ended and not
// that in which they came.
func TestPages(t *testing.T) {
	t.Parallel()
	s := newStore(t, Options{})
	const n = 2*pageRows + 1
	for i := range n {
		s.Append(call(fmt.Sprint(i), time.Duration((i*7919)%n/10)*time.Second), nil)
	}
	next := n - 1
	for _, e := range collect(t, s.Query(t.Context(), history.Filter{})) {
		if e.ID != fmt.Sprint(next) {
			t.Fatalf("%s comes, and %d should", e.ID, next)
		}
		next--
	}
	if next != -1 {
		t.Errorf("%d entries are missing", next+1)
	}
	for range s.Query(t.Context(), history.Filter{}) {
		break // which must leave nothing open
	}
}

func TestQueryEndsWithItsContext(t *testing.T) {
	t.Parallel()
	s := newStore(t, Options{})
	appendCalls(t, s, 2*pageRows)
	ctx, cancel := context.WithCancel(t.Context())
	defer cancel()
	n := 0
	for _, err := range s.Query(ctx, history.Filter{}) {
		if n++; n == 1 {
			cancel()
		}
		if err != nil && !errors.Is(err, context.Canceled) {
			t.Errorf("got %v", err)
		}
	}
	if n >= 2*pageRows {
		t.Errorf("%d entries after the cancel", n)
	}
	memory := history.NewMemory(1)
	memory.Append(call("a", 0), nil)
	for _, err := range memory.Query(ctx, history.Filter{}) {
		if !errors.Is(err, context.Canceled) {
			t.Errorf("memory: got %v", err)
		}
	}
}

// TestFollow follows a file from before its first row, through a new file.
func TestFollow(t *testing.T) {
	t.Parallel()
	path := filepath.Join(t.TempDir(), "x.db")
	ctx, cancel := context.WithCancel(t.Context())
	defer cancel()
	found := make(chan string, 100)
	done := make(chan struct{})
	go func() {
		defer close(done)
		for e, err := range New(path, Options{}).Follow(ctx, history.Filter{Tool: "t"}) {
			if err != nil {
				t.Error(err)
			}
			found <- e.ID
		}
	}()
	s := storeAt(t, path, Options{Rows: 1})
	want := func(id string) {
		t.Helper()
		select {
		case got := <-found:
			if got != id {
				t.Errorf("got %s, want %s", got, id)
			}
		case <-time.After(20 * time.Second):
			t.Fatalf("no %s", id)
		}
	}
	for i := range 3 {
		other := call("other", 0)
		other.Tool = "x"
		s.Append(other, nil)
		s.Append(call(fmt.Sprint(i), time.Duration(i)*time.Hour), nil) // came before, ended behind
		flush(t, s)
		want(fmt.Sprint(i))
	}
	info, err := os.Stat(path)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := setAside(path, info, time.Now()); err != nil {
		t.Skip("an open file cannot be moved here:", err)
	}
	s.Append(call("new", 0), nil)
	flush(t, s)
	want("new")
	cancel()
	<-done
}

func TestFollowBeginsWithTheLast(t *testing.T) {
	t.Parallel()
	s := newStore(t, Options{})
	appendCalls(t, s, 5)
	for limit, want := range map[int]string{2: "3 4", 0: "0 1 2 3 4", 9: "0 1 2 3 4"} {
		var got []history.Entry
		ctx, cancel := context.WithCancel(t.Context())
		defer cancel()
		for e, err := range s.Follow(ctx, history.Filter{Limit: limit}) {
			if err != nil {
				t.Fatal(err)
			}
			if got = append(got, e); e.ID == "4" {
				cancel()
			}
		}
		if ids(got) != want {
			t.Errorf("the last %d: %s, want %s", limit, ids(got), want)
		}
	}
	for range s.Follow(t.Context(), history.Filter{}) {
		break
	}
}

func TestFollowSaysWhyItCannot(t *testing.T) {
	t.Parallel()
	s := newStore(t, Options{})
	appendCalls(t, s, 1)
	execAt(t, s.Path(), "PRAGMA user_version=99")
	for _, err := range s.Follow(t.Context(), history.Filter{}) {
		if !errors.Is(err, ErrLaterVersion) {
			t.Errorf("got %v", err)
		}
	}
	for _, err := range s.Query(t.Context(), history.Filter{}) {
		if !errors.Is(err, ErrLaterVersion) {
			t.Errorf("got %v", err)
		}
	}
}

// TestNumbersAreUsedOnce is for followers: a row must not have the number of one that
// they have seen and that is gone.
func TestNumbersAreUsedOnce(t *testing.T) {
	t.Parallel()
	s := newStore(t, Options{})
	appendCalls(t, s, 3)
	execAt(t, s.Path(), "DELETE FROM calls")
	appendCalls(t, s, 1)
	c, err := s.openReader()
	if err != nil {
		t.Fatal(err)
	}
	defer c.close()
	if n, err := c.number("SELECT min(seq) FROM calls"); n != 4 || err != nil {
		t.Errorf("got %d, %v", n, err)
	}
}

// TestNothingIsYieldedTwice checks that a row that was held in memory when a query began
// does not come again where it was written meanwhile.
func TestNothingIsYieldedTwice(t *testing.T) {
	t.Parallel()
	var got []history.Entry
	q := quota{left: 2, taken: map[string]bool{"a": true}, yield: func(e history.Entry, _ error) bool {
		got = append(got, e)
		return true
	}}
	for _, id := range []string{"a", "b", "a", "c"} {
		if more := q.take(history.Entry{Record: history.Record{ID: id}}); more != (id != "c") {
			t.Errorf("behind %s there are more: %v", id, more)
		}
	}
	if ids(got) != "b c" {
		t.Errorf("got %s", ids(got))
	}
}

// TestNewFileIsSeenWhole looks at files while they are made, as another process might: there
// is none yet, or all of it.
func TestNewFileIsSeenWhole(t *testing.T) {
	t.Parallel()
	for range 30 {
		s := newStore(t, Options{})
		s.Append(call("a", 0), nil)
		for {
			c, err := s.openReader()
			if err == nil {
				c.close()
				break
			}
			if !errors.Is(err, fs.ErrNotExist) {
				t.Fatal(err)
			}
		}
	}
}
