package executor

import (
	"context"
	"testing"
	"testing/synctest"
	"time"

	"github.com/sluice-dev/sluice/tools"
)

// burn reports two processes.
func burn(ctx context.Context, _ *tools.Call) (*tools.Result, error) {
	tools.ReportUsage(ctx, tools.Usage{CPU: time.Second, PeakMemory: 7, Sandbox: "box"})
	tools.ReportUsage(ctx, tools.Usage{CPU: 2 * time.Second, PeakMemory: 5})
	return tools.TextResult("hello"), nil
}

// TestUsage holds that what processes use is in the record of the call that had them
// run, and in the metrics of its tool; a call that finds the result kept has used
// nothing.
func TestUsage(t *testing.T) {
	t.Parallel()
	for name, limits := range map[string]tools.Limits{"plain": {}, "cached": {Cache: &tools.Cache{}}} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			e := newEngine(t, Options{}, tool("t", burn, limits))
			runs := 2
			for range runs {
				if _, err := e.Execute(t.Context(), &Request{Tool: "t"}); err != nil {
					t.Fatal(err)
				}
			}
			list := records(e)
			if r := list[0]; r.CPU != 3*time.Second || r.PeakMemory != 7 || r.Sandbox != "box" {
				t.Errorf("the record has %v, %d bytes, %q", r.CPU, r.PeakMemory, r.Sandbox)
			}
			if limits.Cache != nil {
				runs = 1
				if r := list[1]; r.CPU != 0 || r.PeakMemory != 0 || r.Sandbox != "" {
					t.Errorf("a hit has %v, %d bytes, %q", r.CPU, r.PeakMemory, r.Sandbox)
				}
			}
			want := time.Duration(runs) * 3 * time.Second
			for who, c := range map[string]Counts{"t": e.Metrics().Tools["t"], "total": e.Metrics().Total} {
				if c.CPU != want || c.PeakMemory != 7 {
					t.Errorf("%s: %v, %d bytes, want %v", who, c.CPU, c.PeakMemory, want)
				}
			}
		})
	}
}

// TestUsageOfAnAbandonedCall holds that what comes after the answer still counts for
// the tool.
func TestUsageOfAnAbandonedCall(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		late := func(ctx context.Context, call *tools.Call) (*tools.Result, error) {
			time.Sleep(time.Minute)
			return burn(ctx, call)
		}
		e := newEngine(t, Options{Timeout: time.Second}, tool("t", late))
		_, err := e.Execute(t.Context(), &Request{Tool: "t"})
		wantKind(t, err, KindTimeout, ErrTimeout)
		time.Sleep(time.Hour)
		if c := e.Metrics().Tools["t"]; c.CPU != 3*time.Second || c.PeakMemory != 7 {
			t.Errorf("got %v, %d bytes", c.CPU, c.PeakMemory)
		}
	})
}
