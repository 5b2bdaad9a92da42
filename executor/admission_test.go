package executor

import (
	"encoding/json"
	"strings"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"github.com/sluice-dev/sluice/executor/audit"
	"github.com/sluice-dev/sluice/tools"
)

// padded is a request whose arguments have so many bytes.
func padded(bytes int) *Request {
	frame := `{"a":""}`
	return &Request{Tool: "t", Arguments: json.RawMessage(`{"a":"` + strings.Repeat("x", bytes-len(frame)) + `"}`)}
}

func startRequest(t *testing.T, e *Engine, req *Request) <-chan error {
	done := make(chan error, 1)
	e.Go(t.Context(), req, func(_ *tools.Result, err error) { done <- err })
	synctest.Wait()
	return done
}

// TestInFlightBytes checks that the arguments of all calls are bounded, of those that run
// and wait and of those whose callers were answered, and given back.
func TestInFlightBytes(t *testing.T) {
	t.Parallel()
	for _, test := range []struct {
		name  string
		limit int64
		sizes []int // of the calls that come one after the other
		let   []bool
	}{
		{"within", 100, []int{50, 50}, []bool{true, true}},
		{"one byte more", 100, []int{50, 51}, []bool{true, false}},
		{"a small one finds room behind a large one", 100, []int{90, 50, 10}, []bool{true, false, true}},
		{"alone whatever its size", 100, []int{1000, 8}, []bool{true, false}},
		{"switched off", -1, []int{1000, 1000}, []bool{true, true}},
	} {
		t.Run(test.name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				release := make(chan struct{})
				e := newEngine(t, Options{Concurrency: 1, InFlightBytes: test.limit, Heartbeat: -1}, tool("t", until(release)))
				var waits []<-chan error
				bytes, refused := 0, 0
				for i, size := range test.sizes {
					done := startRequest(t, e, padded(size))
					if test.let[i] {
						waits, bytes = append(waits, done), bytes+size
						continue
					}
					refused++
					if failure := wantKind(t, <-done, KindOverloaded, ErrInFlightBytes); failure.RetryAfter <= 0 {
						t.Error("no hint when to retry")
					}
				}
				state := e.Metrics().InFlight
				if state.Calls != len(waits) || state.Bytes != int64(bytes) || state.RefusedBytes != uint64(refused) || state.Room != max(test.limit, 0) {
					t.Errorf("%+v, want %d bytes and %d refused", state, bytes, refused)
				}
				close(release)
				for _, done := range waits {
					if err := <-done; err != nil {
						t.Error(err)
					}
				}
			})
		})
	}
}

// TestAuditAtTheDoor checks that the audit log does not say of a call which was not let in
// that the queue refused it.
func TestAuditAtTheDoor(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		log, release := audit.NewMemory(10), make(chan struct{})
		e := newEngine(t, Options{Concurrency: 1, Queue: -1, InFlightBytes: 100, Audit: log}, tool("t", until(release)))
		first := startRequest(t, e, padded(50))
		wantKind(t, <-startRequest(t, e, padded(60)), KindOverloaded, ErrInFlightBytes)
		wantKind(t, <-startRequest(t, e, padded(40)), KindOverloaded, ErrQueueFull)
		close(release)
		if err := <-first; err != nil {
			t.Error(err)
		}
		if got := told(log); got != "allowed, started, refused by record, allowed, refused by queue, finished ok" {
			t.Errorf("got %s", got)
		}
	})
}

// TestInFlightBytesOfAbandoned checks that what a stuck handler holds stays counted.
func TestInFlightBytesOfAbandoned(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		release := make(chan struct{})
		e := newEngine(t, Options{InFlightBytes: 100, Timeout: time.Second}, tool("t", until(release)))
		wantKind(t, <-startRequest(t, e, padded(100)), KindTimeout, ErrTimeout)
		wantKind(t, <-startRequest(t, e, padded(8)), KindOverloaded, ErrInFlightBytes)
		close(release)
		synctest.Wait()
		if err := <-startRequest(t, e, padded(100)); err != nil {
			t.Error(err)
		}
	})
}

// TestMemoryPressure checks that no call comes in while memory is short, and that those
// that are in go on; and that a server that stops says so rather.
func TestMemoryPressure(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		var short atomic.Bool
		release := make(chan struct{})
		e := newEngine(t, Options{Concurrency: 1, Pressure: short.Load}, tool("t", until(release)))
		running, waiting := start(e, t.Context(), "t"), start(e, t.Context(), "t")
		synctest.Wait()
		short.Store(true)
		if failure := wantKind(t, <-start(e, t.Context(), "t"), KindMemoryPressure, ErrMemoryPressure); failure.RetryAfter != pressureRetry {
			t.Errorf("to be tried again after %v", failure.RetryAfter)
		}
		m := e.Metrics()
		if m.InFlight.RefusedPressure != 1 || m.Total.Failed[KindMemoryPressure] != 1 || m.Total.Refused != 1 {
			t.Errorf("%+v of %+v", m.InFlight, m.Total)
		}
		close(release)
		if err := <-running; err != nil {
			t.Error(err)
		}
		if err := <-waiting; err != nil {
			t.Error(err)
		}
		short.Store(false)
		if err := <-start(e, t.Context(), "t"); err != nil {
			t.Error(err)
		}
		short.Store(true)
		if err := e.Drain(t.Context()); err != nil {
			t.Error(err)
		}
		wantKind(t, <-start(e, t.Context(), "t"), KindShuttingDown, ErrShuttingDown)
	})
}
