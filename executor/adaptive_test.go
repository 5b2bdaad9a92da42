package executor

import (
	"context"
	"errors"
	"math"
	"math/rand/v2"
	"slices"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/sluice-dev/sluice/tools"
)

// adaptiveWorld is an engine with one tool whose calls take what latency says, run by
// a crowd in virtual time.
type adaptiveWorld struct {
	engine  *Engine
	mu      sync.Mutex
	random  *rand.Rand
	latency func(*rand.Rand) time.Duration
}

func newAdaptiveWorld(t *testing.T, own tools.Adaptive, seed uint64) *adaptiveWorld {
	w := &adaptiveWorld{random: rand.New(rand.NewPCG(seed, 1))}
	w.engine = newEngine(t, Options{Timeout: 10 * time.Minute, RepeatFailures: -1}, tool("t", w.call, tools.Limits{Adaptive: &own, Breaker: tools.Breaker{Off: true}}))
	return w
}

func (w *adaptiveWorld) call(ctx context.Context, _ *tools.Call) (*tools.Result, error) {
	w.mu.Lock()
	takes := w.latency(w.random)
	w.mu.Unlock()
	select {
	case <-time.After(takes):
		return tools.TextResult(""), nil
	case <-ctx.Done():
		return nil, ctx.Err()
	}
}

// run has the crowd make so many calls, and returns how many were cut off, and the
// caps that stood after each.
func (w *adaptiveWorld) run(t *testing.T, crowd, calls int, latency func(*rand.Rand) time.Duration) (cut int, caps []time.Duration) {
	w.latency = latency
	var all sync.WaitGroup
	for range crowd {
		all.Go(func() {
			for range calls / crowd {
				_, err := w.engine.Execute(t.Context(), &Request{Tool: "t"})
				w.mu.Lock()
				if errors.Is(err, ErrTimeout) {
					cut++
				} else if err != nil {
					t.Error(err)
				}
				caps = append(caps, w.state().Cap)
				w.mu.Unlock()
			}
		})
	}
	all.Wait()
	return cut, caps
}

func (w *adaptiveWorld) state() *AdaptiveTimeout {
	return w.engine.stats.tools["t"].adaptive.Load().read()
}

// around is log-normal: most of it lies within a third of the median.
func around(median time.Duration) func(*rand.Rand) time.Duration {
	return func(r *rand.Rand) time.Duration {
		return time.Duration(float64(median) * math.Exp(0.2*r.NormFloat64()))
	}
}

// tail is a Pareto distribution from least on: with shape 1 and below it has no mean.
func tail(least time.Duration, shape float64) func(*rand.Rand) time.Duration {
	return func(r *rand.Rand) time.Duration {
		return time.Duration(min(float64(least)*math.Pow(1-r.Float64(), -1/shape), float64(time.Hour)))
	}
}

// sometimes is never over with a probability, and else as latency says.
func sometimes(never float64, latency func(*rand.Rand) time.Duration) func(*rand.Rand) time.Duration {
	return func(r *rand.Rand) time.Duration {
		if r.Float64() < never {
			return time.Hour
		}
		return latency(r)
	}
}

// TestAdaptiveShift checks the bounds for a tool that becomes ten times slower, and
// then as fast as before.
func TestAdaptiveShift(t *testing.T) {
	t.Parallel()
	const crowd = 8
	for seed := range uint64(4) {
		synctest.Test(t, func(t *testing.T) {
			w := newAdaptiveWorld(t, tools.Adaptive{}, seed)
			cut, caps := w.run(t, crowd, 400, around(time.Second))
			if last := caps[len(caps)-1]; cut != 0 || last < 3*time.Second || last > 7*time.Second {
				t.Errorf("seed %d: steady: %d cut, cap %v", seed, cut, last)
			}
			cut, caps = w.run(t, crowd, 400, around(10*time.Second))
			if last := caps[len(caps)-1]; cut == 0 || cut > 4*crowd || last < 30*time.Second || last > 70*time.Second || w.state().Raised {
				t.Errorf("seed %d: slower: %d cut, %+v", seed, cut, w.state())
			}
			cut, caps = w.run(t, crowd, 400, around(time.Second))
			if last := caps[len(caps)-1]; cut != 0 || max(last, caps[2*windowRuns]) > 7*time.Second {
				t.Errorf("seed %d: fast again: %d cut, %+v", seed, cut, w.state())
			}
		})
	}
}

// TestAdaptiveTails checks that few calls are cut off that would have ended in time,
// however long the tail.
func TestAdaptiveTails(t *testing.T) {
	t.Parallel()
	for shape, most := range map[float64]int{2: 2000 / 80, 1: 2000 / 50, 0.5: 2000 / 30} {
		synctest.Test(t, func(t *testing.T) {
			w := newAdaptiveWorld(t, tools.Adaptive{Floor: -1, Ceiling: time.Hour}, 1)
			w.run(t, 8, 400, tail(10*time.Millisecond, shape))
			cut, _ := w.run(t, 8, 2000, tail(10*time.Millisecond, shape))
			if cut > most {
				t.Errorf("shape %v: %d of 2000 cut off", shape, cut)
			}
		})
	}
}

// TestAdaptiveHang checks that the calls that hang of a mostly quick tool are cut off
// near its usual cap, and that it recovers from a time when all hang.
func TestAdaptiveHang(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		const ceiling = 200 * time.Second
		w := newAdaptiveWorld(t, tools.Adaptive{Factor: 2, Ceiling: ceiling}, 1)
		_, caps := w.run(t, 8, 400, around(time.Second))
		usual := caps[len(caps)-1]
		cut, caps := w.run(t, 8, 4000, sometimes(0.05, around(time.Second)))
		if slices.Sort(caps); cut < 100 || caps[len(caps)/2] > 4*usual || caps[len(caps)*9/10] > 10*usual {
			t.Errorf("%d cut off, caps %v and %v, usually %v", cut, caps[len(caps)/2], caps[len(caps)*9/10], usual)
		}
		w.run(t, 8, 200, sometimes(1, nil))
		if s := w.state(); !s.Raised || s.Cap != ceiling {
			t.Errorf("after a time when all hung: %+v", s)
		}
		doublings := int(math.Ceil(math.Log2(float64(ceiling) / float64(usual))))
		cut, _ = w.run(t, 1, 11*doublings, around(time.Second))
		if s := w.state(); cut != 0 || s.Raised || s.Cap > 2*usual {
			t.Errorf("after that: %d cut, %+v", cut, s)
		}
	})
}

// TestAdaptiveBand checks the knobs, and the cap before it is known what runs take.
func TestAdaptiveBand(t *testing.T) {
	t.Parallel()
	const s = time.Second
	for _, test := range []struct {
		name                  string
		own                   tools.Adaptive
		ordinary              time.Duration
		run                   time.Duration
		first, usual, highest time.Duration
	}{
		{"defaults", tools.Adaptive{}, 30 * s, 4 * s, 30 * s, 12 * s, 30 * s},
		{"ordinary cap is the ceiling", tools.Adaptive{}, 30 * s, 16 * s, 30 * s, 30 * s, 30 * s},
		{"factor", tools.Adaptive{Factor: 1.5}, 30 * s, 4 * s, 30 * s, 6 * s, 30 * s},
		{"factor below 1", tools.Adaptive{Factor: 0.1}, 30 * s, 4 * s, 30 * s, 4 * s, 30 * s},
		{"default floor", tools.Adaptive{}, 30 * s, s / 8, 30 * s, s, 30 * s},
		{"floor", tools.Adaptive{Floor: 20 * s}, 30 * s, 4 * s, 30 * s, 20 * s, 30 * s},
		{"no floor", tools.Adaptive{Floor: -1}, 30 * s, s / 8, 30 * s, 3 * s / 8, 30 * s},
		{"ceiling below", tools.Adaptive{Ceiling: 5 * s}, 30 * s, 4 * s, 5 * s, 5 * s, 5 * s},
		{"ceiling above", tools.Adaptive{Ceiling: 100 * s}, 30 * s, 16 * s, 30 * s, 48 * s, 100 * s},
		{"ceiling before floor", tools.Adaptive{Floor: 9 * s, Ceiling: 5 * s}, 30 * s, 4 * s, 5 * s, 5 * s, 5 * s},
		{"no cap", tools.Adaptive{}, 0, 4 * s, 0, 12 * s, unlimited},
	} {
		t.Run(test.name, func(t *testing.T) {
			t.Parallel()
			var a adaptive
			b := newBand(&test.own, test.ordinary)
			for range minRuns {
				if got := a.limit(b); got != test.first {
					t.Fatalf("at first %v, want %v", got, test.first)
				}
				a.succeeded(test.run)
			}
			if got := a.limit(b); got < test.usual || got > test.usual+test.usual/7 {
				t.Errorf("usually %v, want %v", got, test.usual)
			}
			for range 70 {
				a.timedOut(a.limit(b))
			}
			if got := a.current(); got != test.highest {
				t.Errorf("at last %v, want %v", got, test.highest)
			}
		})
	}
}

// TestAdaptiveCrowd checks that calls which ran under one cap raise it once.
func TestAdaptiveCrowd(t *testing.T) {
	t.Parallel()
	var a adaptive
	b := newBand(&tools.Adaptive{Ceiling: time.Hour}, time.Second)
	for range 3 {
		limit := a.limit(b)
		for range 64 {
			a.timedOut(limit)
		}
	}
	if got := a.limit(b); got != 8*time.Second {
		t.Errorf("after three rounds the cap is %v", got)
	}
}

// TestAdaptiveLowers checks that runs which needed what was raised leave it, and that
// others take it off.
func TestAdaptiveLowers(t *testing.T) {
	t.Parallel()
	var a adaptive
	b := newBand(&tools.Adaptive{Ceiling: time.Hour}, time.Second)
	for range 250 {
		a.succeeded(time.Second)
	}
	usual := a.limit(b)
	a.timedOut(usual)
	a.succeeded(2 * usual)
	if got := a.limit(b); got != 2*usual {
		t.Errorf("a run that needed it has the cap at %v", got)
	}
	for range 11 {
		if a.limit(b) == usual {
			t.Error("too few runs have the cap down")
		}
		a.succeeded(time.Second)
	}
	if got := a.limit(b); got != usual {
		t.Errorf("eleven runs that did not need it have the cap at %v, not %v", got, usual)
	}
}

// TestAdaptiveLearns checks what counts as a run: neither a failure nor a tool's own
// error does.
func TestAdaptiveLearns(t *testing.T) {
	t.Parallel()
	for _, test := range []struct {
		name string
		f    handlerFunc
		runs int
	}{
		{"result", echo, 1},
		{"tool error", func(context.Context, *tools.Call) (*tools.Result, error) { return tools.ErrorResult("no"), nil }, 0},
		{"failure", func(context.Context, *tools.Call) (*tools.Result, error) { return nil, errors.New("no") }, 0},
		{"panic", func(context.Context, *tools.Call) (*tools.Result, error) { panic("no") }, 0},
	} {
		t.Run(test.name, func(t *testing.T) {
			t.Parallel()
			e := newEngine(t, Options{}, tool("t", test.f, tools.Limits{Adaptive: &tools.Adaptive{}}), tool("plain", echo))
			for _, name := range []string{"t", "plain"} {
				<-start(e, t.Context(), name)
			}
			m := e.Metrics()
			if got := *m.Tools["t"].Adaptive; got.Runs != test.runs || got.Cap != 30*time.Second || m.Tools["plain"].Adaptive != nil {
				t.Errorf("state %+v", got)
			}
		})
	}
}

// BenchmarkAdaptive is what a call of a tool whose cap adapts pays for that.
func BenchmarkAdaptive(b *testing.B) {
	var a adaptive
	own := &tools.Adaptive{}
	b.ReportAllocs()
	for b.Loop() {
		a.limit(newBand(own, time.Minute))
		a.succeeded(time.Millisecond)
	}
}
