package executor

import (
	"context"
	"errors"
	"fmt"
	"math/rand/v2"
	"slices"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/sluice-dev/sluice/tools"
)

// TestRateWait checks that calls wait in order, each until there is a token for it, and
// that one that leaves has those behind move up.
func TestRateWait(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		e := rated(t, Options{Rate: tools.Rate{Count: 1, Burst: 1}, RateWait: 10 * time.Second}, tools.Limits{})
		begin := time.Now()
		var mu sync.Mutex
		var order []string
		var calls sync.WaitGroup
		for i := range 6 {
			ctx, cancel := context.WithCancelCause(t.Context())
			if i == 2 {
				time.AfterFunc(500*time.Millisecond, func() { cancel(errors.New("changed my mind")) })
			}
			calls.Go(func() {
				defer cancel(nil)
				_, err := e.Execute(ctx, &Request{Tool: "a"})
				mu.Lock()
				defer mu.Unlock()
				kind := ""
				if err != nil {
					kind = " " + string(err.(*Error).Kind)
				}
				order = append(order, fmt.Sprint(i, " ", time.Since(begin), kind))
			})
			synctest.Wait()
		}
		calls.Wait()
		if got, want := strings.Join(order, ", "), "0 0s, 2 500ms cancelled, 1 1s, 3 2s, 4 3s, 5 4s"; got != want {
			t.Errorf("got  %s\nwant %s", got, want)
		}
		for _, r := range records(e) {
			if r.Waits.Rate != r.Finished.Sub(r.Queued) {
				t.Errorf("a call of %v waited %v", r.Finished.Sub(r.Queued), r.Waits.Rate)
			}
		}
	})
}

// TestRateWaitInVain checks that a call that would wait for too long is refused, at once
// where that can be known.
func TestRateWaitInVain(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		e := rated(t, Options{Rate: tools.Rate{Count: 1, Burst: 1}, RateWait: 1500 * time.Millisecond}, tools.Limits{})
		if err := callAs(e, "", "a"); err != nil {
			t.Fatal(err)
		}
		first := start(e, t.Context(), "a")
		synctest.Wait()
		begin := time.Now()
		failure := wantKind(t, callAs(e, "", "a"), KindRateLimited, ErrRateLimited)
		if failure.RetryAfter != 2*time.Second {
			t.Errorf("one too many: retry after %v", failure.RetryAfter)
		}
		<-first
		ctx, cancel := context.WithTimeout(t.Context(), 900*time.Millisecond)
		defer cancel()
		failure = wantKind(t, <-start(e, ctx, "a"), KindRateLimited, ErrRateLimited)
		if failure.RetryAfter != time.Second || time.Since(begin) != time.Second {
			t.Errorf("beyond its deadline: retry after %v, refused at %v", failure.RetryAfter, time.Since(begin))
		}
	})
}

// TestRateWaitOver checks a call whose wait turns out longer than could be known: those
// before it need other tokens, too.
func TestRateWaitOver(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		e := newEngine(t, Options{Rate: tools.Rate{Count: 1, Burst: 1}, RateWait: 2 * time.Second},
			tool("a", echo, tools.Limits{CallerRate: tools.Rate{Count: 100, Burst: 100}}))
		_ = callAs(e, "ada", "a")
		first, second := start(e, t.Context(), "a"), start(e, t.Context(), "a")
		synctest.Wait()
		begin := time.Now()
		failure := wantKind(t, callAs(e, "bob", "a"), KindRateLimited, ErrRateLimited)
		if <-first != nil || <-second != nil {
			t.Error("those before were refused")
		}
		if waited := time.Since(begin); waited != 2*time.Second || failure.RetryAfter != time.Second || records(e)[3].Waits.Rate != waited {
			t.Errorf("waited %v, retry after %v: %+v", waited, failure.RetryAfter, records(e)[3])
		}
	})
}

// TestRateWaitLate checks that tokens which come at the very moment when the caller
// leaves are not lost.
func TestRateWaitLate(t *testing.T) {
	t.Parallel()
	for range 20 {
		synctest.Test(t, func(t *testing.T) {
			e := rated(t, Options{Rate: tools.Rate{Count: 1, Burst: 1}, RateWait: time.Minute}, tools.Limits{})
			_ = callAs(e, "", "a")
			err := <-start(e, within(t, time.Second), "a")
			begin := time.Now()
			if again := callAs(e, "", "a"); again != nil || err != nil && time.Since(begin) != 0 {
				t.Errorf("%v, then %v after %v", err, again, time.Since(begin))
			}
		})
	}
}

// TestRateTimerLate checks that nobody overtakes those who wait where the timer fires
// late.
func TestRateTimerLate(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		e := rated(t, Options{Rate: tools.Rate{Count: 1, Burst: 1}, RateWait: time.Minute}, tools.Limits{})
		_ = callAs(e, "", "a")
		first := start(e, t.Context(), "a")
		synctest.Wait()
		e.rates.mu.Lock()
		e.rates.timer.Stop()
		e.rates.mu.Unlock()
		time.Sleep(time.Second)
		second := start(e, t.Context(), "a")
		synctest.Wait()
		select {
		case <-first:
		default:
			t.Error("a newcomer has overtaken the first")
		}
		<-second
	})
}

// TestRateWaitDrain checks that a drain reaches those who wait.
func TestRateWaitDrain(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		e := rated(t, Options{Rate: tools.Rate{Count: 1, Per: time.Hour}, RateWait: time.Hour}, tools.Limits{})
		_ = callAs(e, "", "a")
		waits := start(e, t.Context(), "a")
		synctest.Wait()
		ctx, cancel := context.WithTimeout(t.Context(), time.Second)
		defer cancel()
		_ = e.Drain(ctx)
		wantKind(t, <-waits, KindShuttingDown, ErrShuttingDown)
	})
}

// TestRateNoHeadOfLine checks that those who wait for tokens of their own hold up nobody
// who shares only the server's.
func TestRateNoHeadOfLine(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		e := rated(t, Options{
			Rate: tools.Rate{Count: 10, Burst: 10}, CallerRate: tools.Rate{Count: 1, Burst: 1}, RateWait: time.Minute,
		}, tools.Limits{})
		var greedy sync.WaitGroup
		for range 30 {
			greedy.Go(func() { _ = callAs(e, "ada", "a") })
		}
		synctest.Wait()
		for i := range 9 {
			if err := callAs(e, fmt.Sprint(i), "a"); err != nil || records(e)[i+1].Waits.Rate != 0 {
				t.Errorf("caller %d: %v, waited %v", i, err, records(e)[i+1].Waits.Rate)
			}
		}
		begin := time.Now()
		greedy.Wait()
		if took := time.Since(begin); took != 29*time.Second {
			t.Errorf("the greedy caller took %v", took)
		}
	})
}

// TestRateRoom checks that no more wait than there is room for.
func TestRateRoom(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		e := rated(t, Options{CallerRate: tools.Rate{Count: 1}, RateWait: time.Hour, Heartbeat: -1}, tools.Limits{})
		_ = callAs(e, "", "a")
		e.aside.calls.Add(maxAside - 1)
		last := start(e, t.Context(), "a")
		synctest.Wait()
		wantKind(t, callAs(e, "", "a"), KindRateLimited, ErrRateLimited)
		e.aside.calls.Add(1 - maxAside)
		<-last
	})
}

// TestRateSimulation has calls of random callers and tools come, wait, leave and give
// back, and checks that each bucket is what it would be had those who gave back never
// come, that none let out more than it has, that each flow is served in order, and that
// nobody waits for whom there are tokens.
func TestRateSimulation(t *testing.T) {
	t.Parallel()
	for seed := range uint64(300) {
		s := newRateSimulation(seed)
		for range 300 {
			s.step()
			s.check(t)
		}
		for len(s.waiting) > 0 {
			s.leave()
		}
		if l := s.line; len(l.flows) != 0 || len(l.ready) != 0 || l.waiting != 0 {
			t.Errorf("seed %d: left over: %+v", seed, l)
		}
		if t.Failed() {
			return
		}
	}
}

type rateSimulation struct {
	seed    uint64
	random  *rand.Rand
	now     time.Duration
	line    rateLine
	buckets []*bucket
	waiting []*rateWaiter
	taken   []*tokens // by calls that may still give back
	spends  map[*bucket][]rateSpend
}

// rateSpend is a token that a bucket gave out, and to whom.
type rateSpend struct {
	at time.Duration
	to *tokens
}

func newRateSimulation(seed uint64) *rateSimulation {
	s := &rateSimulation{
		seed: seed, random: rand.New(rand.NewPCG(seed, 1)), now: time.Hour,
		line: rateLine{flows: map[levels]*rateFlow{}}, spends: map[*bucket][]rateSpend{},
	}
	for range 7 {
		b := &bucket{}
		b.set(tools.Rate{Count: 1 + s.random.IntN(20), Burst: 1 + s.random.IntN(5)}, s.now)
		s.buckets = append(s.buckets, b)
	}
	return s
}

// step lets time pass and does one thing at random.
func (s *rateSimulation) step() {
	s.now += time.Duration(s.random.ExpFloat64() * float64(30*time.Millisecond))
	s.line.dispatch(s.now)
	s.collect()
	switch s.random.IntN(8) {
	case 0:
		s.leave()
	case 1:
		s.settle(true)
	case 2:
		s.settle(false)
	default:
		s.arrive()
	}
	s.line.dispatch(s.now)
	s.collect()
}

func (s *rateSimulation) arrive() {
	pick := func(from, n int) *bucket { return s.buckets[from+s.random.IntN(n)] }
	l := levels{s.buckets[0], pick(1, 2), pick(3, 2), pick(5, 2)}
	if s.random.IntN(2) == 0 {
		l[levelBoth] = nil
	}
	t := &tokens{levels: l}
	if wait, _ := l.wait(s.now); wait > 0 {
		s.waiting = append(s.waiting, s.line.join(t, s.now))
		return
	}
	t.take(s.now)
	s.note(t)
}

func (s *rateSimulation) note(t *tokens) {
	s.taken = append(s.taken, t)
	for _, b := range t.levels {
		if b != nil {
			s.spends[b] = append(s.spends[b], rateSpend{s.now, t})
		}
	}
}

// collect takes note of those who were given their tokens.
func (s *rateSimulation) collect() {
	s.waiting = slices.DeleteFunc(s.waiting, func(w *rateWaiter) bool {
		if w.element == nil {
			s.note(w.tokens)
		}
		return w.element == nil
	})
}

func (s *rateSimulation) leave() {
	if len(s.waiting) == 0 {
		return
	}
	i := s.random.IntN(len(s.waiting))
	s.line.leave(s.waiting[i])
	s.waiting = slices.Delete(s.waiting, i, i+1)
}

// settle has one of the last few calls never have been, or keep its tokens for good.
func (s *rateSimulation) settle(giveBack bool) {
	if len(s.taken) == 0 {
		return
	}
	i := len(s.taken) - 1 - s.random.IntN(min(len(s.taken), 10))
	t := s.taken[i]
	s.taken = slices.Delete(s.taken, i, i+1)
	if !giveBack {
		t.spent()
		return
	}
	t.giveBack()
	s.line.givenBack(&t.levels)
	for b := range s.spends {
		s.spends[b] = slices.DeleteFunc(s.spends[b], func(o rateSpend) bool { return o.to == t })
	}
}

func (s *rateSimulation) check(t *testing.T) {
	for _, b := range s.buckets {
		var want pacer // as if those who gave back had never come
		for _, o := range s.spends[b] {
			want.spend(o.at, b.every)
		}
		if got := b.pace.debt(s.now); got != want.debt(s.now) {
			t.Errorf("seed %d: a bucket lacks %v, want %v", s.seed, got, want.debt(s.now))
		}
		checkPile(t, b.parked)
		for i, p := range b.parked {
			if p.of.at != b {
				t.Errorf("seed %d: flow %d is not in its place", s.seed, i)
			}
		}
		if lacks := b.pace.debt(s.now); lacks > b.capacity() {
			t.Errorf("seed %d: a bucket of %v lacks %v", s.seed, b.rate, lacks)
		}
	}
	first := map[*rateFlow]uint64{}
	for _, w := range s.waiting {
		if wait, _ := w.flow.levels.wait(s.now); wait <= 0 {
			t.Errorf("seed %d: one waits although there are tokens", s.seed)
		}
		if head := w.flow.head().arrival; first[w.flow] == 0 && w.arrival != head {
			t.Errorf("seed %d: %d is not the head of its flow: %d is", s.seed, w.arrival, head)
		}
		first[w.flow] = w.arrival
	}
}
