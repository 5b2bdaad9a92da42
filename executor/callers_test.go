package executor

import (
	"fmt"
	"runtime"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/sluice-dev/sluice/tools"
)

// call runs one call of a caller.
func call(t *testing.T, e *Engine, caller, name string) error {
	_, err := e.Execute(t.Context(), &Request{Tool: name, Caller: caller})
	return err
}

// TestCallers checks that each caller's calls are counted as its own, also those in
// flight, and those without a name as nobody's.
func TestCallers(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		released := make(chan struct{})
		e := newEngine(t, Options{Concurrency: 2, Timeout: time.Second}, tool("good", echo),
			tool("stuck", until(released), tools.Limits{Concurrency: 1}))
		for caller, names := range map[string][]string{"ada": {"good", "good", "none"}, "": {"good"}, "bob": {"stuck", "good"}} {
			for _, name := range names {
				_ = call(t, e, caller, name)
			}
		}
		for range 2 {
			go func() { _ = call(t, e, "ada", "stuck") }()
			go func() { _ = call(t, e, "eve", "stuck") }()
		}
		synctest.Wait()
		m := e.Metrics()
		for _, test := range []struct {
			name   string
			counts Counts
			want   string
		}{
			{"ada", m.Callers["ada"], "3 2 map[unknown_tool:1] 1, 0 running, 2 waiting, 0 0 abandoned"},
			{"bob", m.Callers["bob"], "2 1 map[timeout:1] 0, 1 running, 0 waiting, 1 1 abandoned"},
			{"others", m.OtherCallers, "0 0 map[] 0, 0 running, 2 waiting, 0 0 abandoned"},
		} {
			c := test.counts
			got := fmt.Sprintf("%d %d %v %d, %d running, %d waiting, %d %d abandoned", c.Calls, c.Succeeded, c.Failed, c.Refused,
				c.Running, c.Waiting, c.Abandoned, c.AbandonedEver)
			if got != test.want {
				t.Errorf("%s: got %s, want %s", test.name, got, test.want)
			}
		}
		if len(m.Callers) != 2 || m.Total.Calls != 6 || m.Callers["bob"].Run.Count != 2 {
			t.Errorf("%d callers, %d calls", len(m.Callers), m.Total.Calls)
		}
		close(released)
		time.Sleep(time.Minute)
		synctest.Wait()
	})
}

// TestCallersBounded checks that a crowd neither fills the table nor drives out who
// calls all the time, that whoever is idle makes room, and that no call is lost.
func TestCallersBounded(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		e := newEngine(t, Options{}, tool("t", echo))
		const crowd = 1000
		for i := range crowd {
			for _, caller := range []string{fmt.Sprint("c", i), "ada"} {
				if err := call(t, e, caller, "t"); err != nil {
					t.Fatal(err)
				}
			}
			if i%100 == 0 {
				time.Sleep(time.Minute - 1) // room is made once
			}
		}
		m := e.Metrics()
		sum := m.OtherCallers.Calls
		for _, counts := range m.Callers {
			sum += counts.Calls
		}
		_, late := m.Callers[fmt.Sprint("c", crowd-1)]
		if len(m.Callers) > maxCallers || sum != 2*crowd || m.Callers["ada"].Calls != crowd || late {
			t.Errorf("%d callers, %d calls, %d of ada, late: %v", len(m.Callers), sum, m.Callers["ada"].Calls, late)
		}
		time.Sleep(callerIdle)
		_ = call(t, e, "new", "t")
		if m := e.Metrics(); len(m.Callers) != 1 || m.Callers["new"].Calls != 1 || m.OtherCallers.Run.Count != 2*crowd {
			t.Errorf("after a pause: %d callers, %d others' calls", len(m.Callers), m.OtherCallers.Calls)
		}
	})
}

// TestCallersMemory checks that 10 000 callers take no more than the table.
func TestCallersMemory(t *testing.T) {
	var c callers
	heap := func() uint64 {
		var m runtime.MemStats
		runtime.GC()
		runtime.ReadMemStats(&m)
		return m.HeapAlloc
	}
	fill := func(from, to int) {
		for i := from; i < to; i++ {
			c.count(&Record{Caller: fmt.Sprint("c", i), Finished: time.Unix(int64(i), 0)})
		}
	}
	fill(0, maxCallers)
	before := heap()
	fill(maxCallers, 10_000)
	if after := heap(); after > before+256<<10 || len(c.known) > maxCallers {
		t.Errorf("%d bytes more, %d callers", after-before, len(c.known))
	}
}

// TestCallersRace has callers counted while the table changes and is read.
func TestCallersRace(t *testing.T) {
	t.Parallel()
	var c callers
	var all sync.WaitGroup
	const workers, calls = 4, 2000
	for w := range workers {
		all.Go(func() {
			for i := range calls {
				c.count(&Record{Caller: fmt.Sprint("c", (i*7+w)%400), Finished: time.Unix(int64(i)*10, 0)})
			}
		})
	}
	all.Go(func() {
		for range 20 {
			c.read()
		}
	})
	all.Wait()
	known, others := c.read()
	sum := others.Calls
	for _, counts := range known {
		sum += counts.Calls
	}
	if sum != workers*calls {
		t.Errorf("%d calls counted of %d", sum, workers*calls)
	}
}

// BenchmarkCallers is what a call of a caller who has a name pays for the count.
func BenchmarkCallers(b *testing.B) {
	var c callers
	r := &Record{Caller: "ada", Finished: time.Unix(1, 0), Started: time.Unix(1, 0), Outcome: "ok"}
	b.ReportAllocs()
	for b.Loop() {
		c.count(r)
	}
}

// BenchmarkMetrics reads the metrics of 256 callers.
func BenchmarkMetrics(b *testing.B) {
	e := newEngine(b, Options{}, tool("t", echo))
	for i := range maxCallers {
		e.stats.callers.count(&Record{Caller: fmt.Sprint("c", i), Finished: time.Unix(1, 0)})
	}
	b.ReportAllocs()
	for b.Loop() {
		e.Metrics()
	}
}
