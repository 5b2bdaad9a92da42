package executor

import (
	"context"
	"fmt"
	"math/rand/v2"
	"slices"
	"testing"
	"testing/synctest"
	"time"

	"github.com/sluice-dev/sluice/tools"
)

// TestMetrics checks that each way to end is counted, once and in its place.
func TestMetrics(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		e := newEngine(t, Options{Concurrency: 1}, tool("good", echo), tool("slow", obey),
			tool("sorry", func(context.Context, *tools.Call) (*tools.Result, error) { return tools.ErrorResult("sorry"), nil }),
			tool("bad", func(context.Context, *tools.Call) (*tools.Result, error) { panic("bad") }))
		for _, name := range []string{"good", "good", "good", "sorry", "bad", "none", "other"} {
			<-start(e, t.Context(), name)
		}
		first := start(e, t.Context(), "slow")
		synctest.Wait()
		second := start(e, within(t, time.Second), "slow")
		<-second
		<-first
		_, _ = e.Execute(t.Context(), &Request{Tool: "good", Arguments: []byte("[]")})
		m := e.Metrics()
		for _, test := range []struct {
			name string
			got  Counts
			want string
		}{
			{"good", m.Tools["good"], "4 3 3 0 map[invalid_arguments:1] 1"},
			{"sorry", m.Tools["sorry"], "1 1 0 1 map[] 0"},
			{"bad", m.Tools["bad"], "1 1 0 0 map[panic:1] 0"},
			{"slow", m.Tools["slow"], "2 1 0 0 map[timeout:2] 0"},
			{"others", m.OtherTools, "2 0 0 0 map[unknown_tool:2] 2"},
			{"total", m.Total, "10 6 3 1 map[invalid_arguments:1 panic:1 timeout:2 unknown_tool:2] 3"},
		} {
			c := test.got
			got := fmt.Sprint(c.Calls, c.Started, c.Succeeded, c.ToolErrors, c.Failed, c.Refused)
			if got != test.want {
				t.Errorf("%s: got %s, want %s", test.name, got, test.want)
			}
		}
		if run := m.Tools["slow"].Run; run.Count != 1 || run.Sum != 30*time.Second || run.Mean() != 30*time.Second {
			t.Errorf("run: %d, %v", run.Count, run.Sum)
		}
		if len(m.Tools) != 4 {
			t.Errorf("names that no tool has are kept: %d", len(m.Tools))
		}
	})
}

// TestMetricsBounded checks that tools that come and go do not fill the memory, and
// that nothing counted is lost.
func TestMetricsBounded(t *testing.T) {
	t.Parallel()
	e := newEngine(t, Options{}, tool("stays", echo))
	const n = 1000
	for i := range n {
		name := fmt.Sprint("t", i)
		if err := e.opts.Registry.Add(tool(name, echo)); err != nil {
			t.Fatal(err)
		}
		for _, name := range []string{name, "stays"} {
			if _, err := e.Execute(t.Context(), &Request{Tool: name}); err != nil {
				t.Fatal(err)
			}
		}
		e.opts.Registry.Remove(name)
	}
	m := e.Metrics()
	if len(m.Tools) > maxGone+2 || m.Total.Succeeded != 2*n || m.Total.Run.Count != 2*n || m.Tools["stays"].Calls != n {
		t.Errorf("%d tools, %d calls", len(m.Tools), m.Total.Calls)
	}
}

// TestDurations compares quantiles with those of the sorted values.
func TestDurations(t *testing.T) {
	t.Parallel()
	r := rand.New(rand.NewPCG(4, 4))
	for _, scale := range []time.Duration{time.Microsecond, time.Millisecond, time.Second, time.Minute} {
		var h histogram
		var all []time.Duration
		for range 1000 {
			d := time.Duration(r.Float64() * 20 * float64(scale))
			h.add(d)
			all = append(all, d)
		}
		slices.Sort(all)
		got := h.read()
		for _, q := range []float64{0, 0.001, 0.5, 0.9, 0.99, 1} {
			exact := all[max(int(q*1000+0.5), 1)-1]
			if v := got.Quantile(q); v < exact || v > exact+exact/8+2*time.Microsecond {
				t.Errorf("scale %v: quantile %v is %v, exactly %v", scale, q, v, exact)
			}
		}
	}
	var h histogram
	for _, d := range []time.Duration{0, 63 * time.Microsecond, 64 * time.Microsecond, time.Second, time.Hour} {
		h.add(d)
	}
	got := h.read()
	if below := got.Below(0, 64*time.Microsecond, 1<<20*time.Microsecond, 1<<31*time.Microsecond); !slices.Equal(below, []uint64{0, 2, 4, 4}) || got.Count != 5 {
		t.Errorf("below the bounds: %d of %d", below, got.Count)
	}
	var none Durations
	if none.Quantile(0.5) != 0 || none.Mean() != 0 {
		t.Error("durations of nothing")
	}
}

// TestBuckets checks that each duration lies in a bucket that ends above it, and that
// the buckets follow each other.
func TestBuckets(t *testing.T) {
	t.Parallel()
	for i := range durationBuckets - 1 {
		end := bucketEnd(i)
		if bucketOf(end-1) != i || bucketOf(end) != i+1 {
			t.Fatalf("bucket %d ends at %v, which is between %d and %d", i, end, bucketOf(end-1), bucketOf(end))
		}
	}
	if bucketOf(-1) != 0 || bucketOf(1<<62) != durationBuckets-1 {
		t.Error("what is out of range is not clamped")
	}
}
