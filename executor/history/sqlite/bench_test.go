package sqlite

import (
	"fmt"
	"path/filepath"
	"testing"
	"time"

	"github.com/google/uuid"

	"github.com/sluice-dev/sluice/executor/history"
)

// sample is the record of a call like many.
func sample() history.Record {
	now := time.Now()
	return history.Record{
		ID: uuid.Must(uuid.NewV7()).String(), Tool: "order_status", Caller: "planner", Transport: "stdio", Priority: "normal",
		Queued: now.Add(-2 * time.Millisecond), Started: now.Add(-2 * time.Millisecond), Finished: now,
		Outcome: history.OutcomeOK, BytesIn: 46, BytesOut: 612,
	}
}

var arguments = []byte(`{"id":"12345","verbose":true,"note":"please"}`)

// BenchmarkAppend appends as fast as the writer writes: ns/op is what a row costs in all,
// hash and preview included, of rows that differ as those of one tool do. What is dropped
// does not count.
func BenchmarkAppend(b *testing.B) {
	for _, rows := range []int{0, 20_000} {
		b.Run(fmt.Sprintf("keep=%d", rows), func(b *testing.B) {
			s := New(filepath.Join(b.TempDir(), "history.db"), Options{Rows: rows, Pending: 1 << 16})
			defer s.Close()
			records := make([]history.Record, 1<<10)
			for i := range records {
				records[i] = sample()
			}
			b.ReportAllocs()
			before := processorTime()
			n := 0
			for b.Loop() {
				record := &records[n%len(records)]
				record.Queued = record.Queued.Add(time.Millisecond)
				record.Started, record.Finished = record.Queued, record.Queued.Add(time.Duration(n%1000)*time.Microsecond)
				s.Append(*record, arguments)
				if n++; n%(1<<14) == 0 {
					flush(b, s)
				}
			}
			flush(b, s)
			h := s.Health()
			b.ReportMetric(float64(h.Written)/b.Elapsed().Seconds(), "rows/s")
			b.ReportMetric(float64(processorTime()-before)/float64(h.Written), "cpu-ns/row")
			if h.Dropped > 0 {
				b.Errorf("%d rows were dropped", h.Dropped)
			}
		})
	}
}

// BenchmarkAppendCall is what a call waits: the writer is elsewhere.
func BenchmarkAppendCall(b *testing.B) {
	s := New(filepath.Join(b.TempDir(), "history.db"), Options{Pending: 1 << 14})
	record := sample()
	add := func() {
		if s.pending.add(&record, arguments); s.pending.rows == 1<<14 {
			b.StopTimer()
			taken, _, _ := s.pending.take()
			for _, c := range taken {
				c.release()
			}
			b.StartTimer()
		}
	}
	b.ReportAllocs()
	for b.Loop() {
		add()
	}
}

func flush(t testing.TB, s *Store) {
	t.Helper()
	if err := s.Flush(t.Context()); err != nil {
		t.Fatal(err)
	}
}
