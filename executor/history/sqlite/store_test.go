package sqlite

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"iter"
	"os"
	"path/filepath"
	"reflect"
	"runtime"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/sluice-dev/sluice/executor/history"
)

// newStore returns a store of a new file, closed at the end of the test.
func newStore(t testing.TB, opts Options) *Store {
	t.Helper()
	return storeAt(t, filepath.Join(t.TempDir(), "a b?%#.db"), opts) // a name that a URI must quote
}

func storeAt(t testing.TB, path string, opts Options) *Store {
	t.Helper()
	s := New(path, opts)
	t.Cleanup(func() { _ = s.Close() })
	return s
}

// call is the record of a call that came so long ago.
func call(id string, ago time.Duration) history.Record {
	came := time.Now().Add(-ago).Truncate(time.Microsecond)
	return history.Record{ID: id, Tool: "t", Queued: came, Finished: came, Outcome: history.OutcomeOK}
}

// appendCalls appends n calls, a second apart, the last one now.
func appendCalls(t testing.TB, s *Store, n int) {
	t.Helper()
	for i := range n {
		s.Append(call(fmt.Sprint(i), time.Duration(n-1-i)*time.Second), nil)
	}
	flush(t, s)
}

func collect(t testing.TB, entries iter.Seq2[history.Entry, error]) (all []history.Entry) {
	t.Helper()
	for e, err := range entries {
		if err != nil {
			t.Fatal(err)
		}
		all = append(all, e)
	}
	return all
}

func ids(entries []history.Entry) string {
	var all []string
	for _, e := range entries {
		all = append(all, e.ID)
	}
	return strings.Join(all, " ")
}

// fill sets every field of a struct to a value that stands for nothing else.
func fill(v reflect.Value, seed int64) {
	for i := range v.NumField() {
		fillField(v.Field(i), seed*100+int64(i)+1)
	}
}

func fillField(f reflect.Value, n int64) {
	switch f.Interface().(type) {
	case time.Time:
		f.Set(reflect.ValueOf(time.UnixMicro(time.Now().UnixMicro() + n)))
		return
	case time.Duration:
		f.SetInt(n * int64(time.Microsecond))
		return
	}
	switch f.Kind() {
	case reflect.String:
		f.SetString(fmt.Sprint("text ", n))
	case reflect.Int64, reflect.Int:
		f.SetInt(n)
	case reflect.Bool:
		f.SetBool(true)
	case reflect.Struct:
		fill(f, n)
	}
}

// TestRoundTrip holds the table to every field of a record, those included that are added
// later. There are as many rows as it takes to insert them by both statements.
func TestRoundTrip(t *testing.T) {
	t.Parallel()
	s := newStore(t, Options{Age: -1}) // one of the rows is old
	var want []history.Entry
	for i := range manyRows + 3 {
		var r history.Record
		fill(reflect.ValueOf(&r).Elem(), int64(i+1))
		if i%2 == 0 {
			r.ID = fmt.Sprintf("019a0000-0000-7000-8000-%012d", i)
		}
		s.Append(r, []byte(` {"a":1} `))
		want = append([]history.Entry{{
			Record: r, Preview: `{"a":1}`, Hash: "015abd7f5cc57a2dd94b7590f04ad8084273905ee33ec5cebeae62276a97f862",
		}}, want...)
	}
	bare := history.Record{ID: "bare", Queued: time.UnixMicro(1), Finished: time.UnixMicro(1)}
	s.Append(bare, nil)
	want = append([]history.Entry{{Record: bare}}, want...)
	got := collect(t, s.Query(t.Context(), history.Filter{}))
	if len(got) != len(want) {
		t.Fatalf("%d entries, want %d", len(got), len(want))
	}
	for i := range got {
		if !reflect.DeepEqual(got[i], want[i]) {
			t.Fatalf("got  %+v\nwant %+v", got[i], want[i])
		}
	}
}

// TestPlainRows checks that rows with nothing in most fields are inserted as they are, and
// not as plain ones where there is something in any field.
func TestPlainRows(t *testing.T) {
	t.Parallel()
	s := newStore(t, Options{Age: -1})
	bare := history.Record{ID: "bare", Queued: time.UnixMicro(1), Finished: time.UnixMicro(2)}
	var want []history.Record
	add := func(r history.Record) {
		s.Append(r, nil)
		want = append(want, r)
	}
	var set func(field reflect.Value, record *history.Record)
	set = func(field reflect.Value, record *history.Record) {
		if field.Kind() == reflect.Struct && field.Type() != reflect.TypeFor[time.Time]() {
			for i := range field.NumField() {
				set(field.Field(i), record)
			}
			return
		}
		before := reflect.ValueOf(*record)
		defer func() { *record = before.Interface().(history.Record) }()
		fillField(field, 7)
		for i := range 2 * manyRows {
			if i == manyRows/2 {
				add(*record)
			} else {
				add(bare)
			}
		}
	}
	record := bare
	set(reflect.ValueOf(&record).Elem(), &record)
	for range 2 * manyRows {
		add(bare)
	}
	got := collect(t, s.Query(t.Context(), history.Filter{}))
	slices.Reverse(got)
	if len(got) != len(want) {
		t.Fatalf("%d entries, want %d", len(got), len(want))
	}
	for i := range got {
		if !reflect.DeepEqual(got[i].Record, want[i]) {
			t.Fatalf("got  %+v\nwant %+v", got[i].Record, want[i])
		}
	}
}

func TestArguments(t *testing.T) {
	t.Parallel()
	for _, test := range []struct {
		keep          history.Arguments
		hash, preview bool
	}{{"", true, true}, {history.ArgumentsPreview, true, true}, {history.ArgumentsHash, true, false}, {history.ArgumentsOff, false, false}} {
		s := newStore(t, Options{Arguments: test.keep, Redact: []string{"colour"}})
		s.Append(call("a", 0), []byte(`{"password":"canary","colour":"canary"}`))
		flush(t, s)
		e := collect(t, s.Query(t.Context(), history.Filter{}))[0]
		if (e.Hash != "") != test.hash || (e.Preview != "") != test.preview || strings.Contains(e.Preview, "canary") {
			t.Errorf("%q: got %q, %q", test.keep, e.Hash, e.Preview)
		}
		for _, suffix := range []string{"", "-wal"} {
			content, err := os.ReadFile(s.Path() + suffix)
			if err != nil || strings.Contains(string(content), "canary") {
				t.Errorf("%q: the file%s holds the secret, or is not to be read: %v", test.keep, suffix, err)
			}
		}
	}
}

// TestLongNamesAreCut checks that what a caller makes up cannot bloat a row.
func TestLongNamesAreCut(t *testing.T) {
	t.Parallel()
	s := newStore(t, Options{})
	r := call("a", 0)
	r.Tool = strings.Repeat("é", 1000)
	s.Append(r, nil)
	if e := collect(t, s.Query(t.Context(), history.Filter{}))[0]; e.Tool != strings.Repeat("é", maxName/2) {
		t.Errorf("%d bytes", len(e.Tool))
	}
}

// TestNothingHappensBeforeTheFirstRecord is for servers that are started as a probe.
func TestNothingHappensBeforeTheFirstRecord(t *testing.T) {
	t.Parallel()
	dir := filepath.Join(t.TempDir(), "sluice")
	s := New(filepath.Join(dir, "history.db"), Options{})
	for _, err := range s.Query(t.Context(), history.Filter{}) {
		if !errors.Is(err, fs.ErrNotExist) {
			t.Errorf("got %v", err)
		}
	}
	flush(t, s)
	if err := s.Close(); err != nil {
		t.Error(err)
	}
	s.Append(call("a", 0), nil)
	if _, err := os.Stat(dir); !errors.Is(err, fs.ErrNotExist) {
		t.Errorf("something was made: %v", err)
	}
	if h := s.Health(); h.Dropped != 1 || h.Waiting != 0 {
		t.Errorf("appended to a closed store: %+v", h)
	}
}

func TestFileIsPrivate(t *testing.T) {
	t.Parallel()
	if runtime.GOOS == "windows" {
		t.Skip("there are no modes")
	}
	dir := filepath.Join(t.TempDir(), "a", "sluice")
	s := storeAt(t, filepath.Join(dir, "history.db"), Options{})
	s.Append(call("a", 0), nil)
	flush(t, s)
	for path, want := range map[string]fs.FileMode{dir: 0o700, s.Path(): 0o600, s.Path() + "-wal": 0o600, s.Path() + "-shm": 0o600} {
		info, err := os.Stat(path)
		if err != nil || info.Mode().Perm() != want {
			t.Errorf("%s: %v, %v", path, info.Mode(), err)
		}
	}
}

// TestConcurrent uses a store from many goroutines while it is closed.
func TestConcurrent(t *testing.T) {
	t.Parallel()
	s := newStore(t, Options{})
	const each = 300
	var all sync.WaitGroup
	for i := range 8 {
		all.Go(func() {
			for j := range each {
				s.Append(call(fmt.Sprint(i, "-", j), 0), []byte(`{}`))
			}
			_ = collect(t, s.Query(context.Background(), history.Filter{Limit: 10}))
			s.Health()
		})
	}
	all.Wait()
	for range 3 {
		all.Go(func() {
			if err := s.Close(); err != nil {
				t.Error(err)
			}
		})
	}
	all.Wait()
	if h := s.Health(); h.Written != 8*each || h.Dropped != 0 {
		t.Errorf("%+v", h)
	}
	if n := len(collect(t, s.Query(t.Context(), history.Filter{}))); n != 8*each {
		t.Errorf("%d rows", n)
	}
}
