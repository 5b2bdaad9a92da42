package executor

import (
	"context"
	"math"
	"testing"
	"testing/synctest"
	"time"

	"github.com/sluice-dev/sluice/tools"
)

// arrival is a value with the time at which the caller was given it.
type arrival struct {
	tools.Progress
	at time.Duration
}

// follow runs the handler and returns the progress that its caller was given.
func follow(t *testing.T, ctx context.Context, f handlerFunc) ([]arrival, error) {
	t.Helper()
	e := newEngine(t, Options{}, tool("t", f))
	var got []arrival
	begin, over := time.Now(), false
	_, err := e.Execute(ctx, &Request{Tool: "t", OnProgress: func(p tools.Progress) {
		if over {
			t.Error("progress after the answer")
		}
		got = append(got, arrival{p, time.Since(begin)})
	}})
	over = true
	time.Sleep(time.Minute)
	synctest.Wait()
	return got, err
}

// count returns a handler that reports 1 to n, every so often.
func count(n int, every time.Duration) handlerFunc {
	return func(ctx context.Context, _ *tools.Call) (*tools.Result, error) {
		for i := range n {
			time.Sleep(every)
			tools.Report(ctx, tools.Progress{Done: float64(i + 1), Total: float64(n)})
		}
		return tools.TextResult(""), nil
	}
}

// TestProgressRate checks that a flood is thinned to 20 in any second, with its last
// value kept, and that what is slow passes whole.
func TestProgressRate(t *testing.T) {
	t.Parallel()
	for _, test := range []struct {
		name      string
		n         int
		every     time.Duration
		low, high int // how many the caller is given
	}{
		{"slow", 20, 100 * time.Millisecond, 20, 20},
		{"burst", 9, 0, 9, 9},
		{"flood at once", 1_000_000, 0, 10, 10},
		{"flood of 5 s", 5000, time.Millisecond, 55, 60},
	} {
		t.Run(test.name, func(t *testing.T) {
			t.Parallel()
			synctest.Test(t, func(t *testing.T) {
				got, err := follow(t, t.Context(), count(test.n, test.every))
				if err != nil || len(got) < test.low || len(got) > test.high {
					t.Fatalf("%d values, %v", len(got), err)
				}
				if last := got[len(got)-1]; last.Done != float64(test.n) {
					t.Errorf("the last value is %v", last)
				}
				for i := range got {
					if i > 0 && got[i].Done <= got[i-1].Done {
						t.Errorf("%v after %v", got[i], got[i-1])
					}
					if i >= 20 && got[i].at-got[i-20].at <= time.Second {
						t.Errorf("more than 20 within a second before %v", got[i])
					}
				}
			})
		})
	}
}

// TestProgressTimer checks that a value that had to wait goes out as soon as it may,
// without another report.
func TestProgressTimer(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		got, _ := follow(t, t.Context(), func(ctx context.Context, call *tools.Call) (*tools.Result, error) {
			_, _ = count(50, 0)(ctx, call)
			time.Sleep(10 * time.Second)
			_, _ = count(100, 0)(ctx, call) // the first 50 fall behind
			time.Sleep(10 * time.Second)
			return tools.TextResult(""), nil
		})
		if len(got) != 20 || got[9].at != 100*time.Millisecond || got[9].Done != 50 ||
			got[19].at != 10*time.Second+100*time.Millisecond || got[19].Done != 100 {
			t.Errorf("got %v", got)
		}
	})
}

// TestProgressEnd checks what becomes of a value that waits when the call ends, and
// that nothing comes later, though the handler goes on.
func TestProgressEnd(t *testing.T) {
	t.Parallel()
	for _, test := range []struct {
		name  string
		end   func(context.Context) (*tools.Result, error)
		flush bool
	}{
		{"success", func(context.Context) (*tools.Result, error) { return tools.TextResult(""), nil }, true},
		{"failure", func(context.Context) (*tools.Result, error) { panic("end") }, true},
		{"cancelled by the caller", func(ctx context.Context) (*tools.Result, error) { <-ctx.Done(); return nil, ctx.Err() }, false},
		{"abandoned", func(ctx context.Context) (*tools.Result, error) {
			time.Sleep(5 * time.Second)
			tools.Report(ctx, tools.Progress{Done: 1000})
			tools.Log(ctx, tools.LevelInfo, "late")
			return tools.TextResult(""), nil
		}, false},
	} {
		t.Run(test.name, func(t *testing.T) {
			t.Parallel()
			synctest.Test(t, func(t *testing.T) {
				ctx, cancel := context.WithTimeout(t.Context(), 20*time.Millisecond)
				defer cancel()
				got, _ := follow(t, ctx, func(ctx context.Context, call *tools.Call) (*tools.Result, error) {
					_, _ = count(10, 0)(ctx, call)
					return test.end(ctx)
				})
				if flushed := got[len(got)-1].Done == 10; flushed != test.flush {
					t.Errorf("got %v", got)
				}
			})
		})
	}
}

// TestProgressUnusable checks that what has no JSON is dropped.
func TestProgressUnusable(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		got, _ := follow(t, t.Context(), func(ctx context.Context, _ *tools.Call) (*tools.Result, error) {
			for _, bad := range []float64{math.NaN(), math.Inf(1), math.Inf(-1), math.MaxFloat64} {
				tools.Report(ctx, tools.Progress{Done: bad})
				tools.Report(ctx, tools.Progress{Done: 1, Total: bad})
			}
			return tools.TextResult(""), nil
		})
		if len(got) != 0 {
			t.Errorf("got %v", got)
		}
	})
}

// TestNotes checks that notes arrive in order and that a flood of them is cut and
// counted.
func TestNotes(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		const flood = 5000
		e := newEngine(t, Options{}, tool("t", func(ctx context.Context, _ *tools.Call) (*tools.Result, error) {
			for i := range flood {
				tools.Log(ctx, tools.LevelInfo, i)
			}
			return tools.TextResult(""), nil
		}))
		var got []int
		_, err := e.Execute(t.Context(), &Request{Tool: "t", OnLog: func(level tools.Level, data any) {
			got = append(got, data.(int))
		}})
		if err != nil || len(got) != notesBurst || got[notesBurst-1] != notesBurst-1 {
			t.Errorf("%d notes, %v", len(got), err)
		}
		if r := records(e)[0]; r.NotesDropped != flood-notesBurst {
			t.Errorf("%d notes counted as dropped", r.NotesDropped)
		}
	})
}

// BenchmarkProgress is one report of a flood to a caller that asked for progress.
func BenchmarkProgress(b *testing.B) {
	e := newEngine(b, Options{}, tool("t", func(ctx context.Context, _ *tools.Call) (*tools.Result, error) {
		for i := 0; b.Loop(); i++ {
			tools.Report(ctx, tools.Progress{Done: float64(i)})
		}
		return tools.TextResult(""), nil
	}))
	b.ReportAllocs()
	_, err := e.Execute(context.Background(), &Request{Tool: "t", OnProgress: func(tools.Progress) {}})
	if err != nil {
		b.Fatal(err)
	}
}
