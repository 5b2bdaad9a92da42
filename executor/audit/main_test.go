package audit

import (
	"context"
	"fmt"
	"os"
	"path/filepath"
	"testing"
	"time"

	"go.uber.org/goleak"

	"github.com/sluice-dev/sluice/executor/history"
)

// writeTo, where it is set, makes a process of this program append to that log until it
// is killed.
const writeTo = "SLUICE_TEST_AUDIT"

func TestMain(m *testing.M) {
	if path := os.Getenv(writeTo); path != "" {
		f := NewFile(FileOptions{Path: path, Size: 64 << 10, Keep: -1})
		for i := 0; ; i++ {
			if err := f.Commit(context.Background(), allowed(i)); err != nil {
				panic(err)
			}
			if i == 100 {
				fmt.Print("!")
			}
		}
	}
	goleak.VerifyTestMain(m)
}

var noon = time.Date(2026, 7, 28, 12, 0, 0, 0, time.UTC)

func allowed(i int) Entry {
	return Entry{Time: noon, Event: EventAllowed, Call: history.Record{ID: fmt.Sprint(i), Tool: "t", Queued: noon}}
}

// open returns a log in a directory of the test's, which is closed at its end.
func open(t testing.TB, opts FileOptions) *File {
	t.Helper()
	if opts.Path == "" {
		opts.Path = filepath.Join(t.TempDir(), "audit.jsonl")
	}
	f := NewFile(opts)
	t.Cleanup(func() { _ = f.Close(context.Background()) })
	return f
}

func shut(t testing.TB, f *File) {
	t.Helper()
	if err := f.Close(context.Background()); err != nil {
		t.Fatal(err)
	}
}

// verified fails the test unless the log at path is whole, and returns the report.
func verified(t testing.TB, path string) *Report {
	t.Helper()
	r, err := Verify(context.Background(), path)
	if err != nil {
		t.Fatal(err)
	}
	for _, f := range r.Faults {
		t.Errorf("%s:%d: %s: %s", filepath.Base(f.File), f.Line, f.Problem, f.Text)
	}
	return r
}
