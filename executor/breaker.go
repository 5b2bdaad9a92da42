package executor

import (
	"context"
	"errors"
	"log/slog"
	"math/rand/v2"
	"time"

	"github.com/sluice-dev/sluice/tools"
)

// ErrCircuitOpen is wrapped by the error of a call that was refused since its tool has
// failed too often, of kind [KindCircuitOpen]. RetryAfter is when calls are let through
// again.
var ErrCircuitOpen = errors.New("the circuit breaker is open")

// Circuit is the state of a tool's circuit breaker.
type Circuit struct {
	// State is the state; empty where the tool has none.
	State BreakerState
	// Since is since when it is in it; zero where it never was in another.
	Since time.Time
	// Opened is how many times it has opened, since the engine was made.
	Opened uint64
}

// breakers refuse the calls of tools that fail. Of a call that says nothing of its tool,
// since it was refused further in or its caller has left, they take no note; a probe
// then gives its place back, at the latest when its caller is answered: a handler that
// is stuck must not keep the breaker from finding out whether others are.
type breakers struct {
	bounds *inForce
	epoch  time.Time // all times of the circuits are counted from
	log    *slog.Logger
}

func (b *breakers) policy(next Handler) Handler {
	return func(ctx context.Context, x *Execution) (*tools.Result, error) {
		if b.bounds.Load().breaker.Off || x.Entry.Limits.Breaker.Off {
			return next(ctx, x)
		}
		passed, refused := b.admit(x)
		if refused != nil {
			return nil, refused
		}
		v := verdictNone
		x.breaks, x.passed = true, passed
		defer func() {
			if !x.left() {
				b.settle(ctx, x, passed, v)
			}
		}()
		result, err := next(ctx, x)
		v = b.verdict(x, result, err)
		return result, err
	}
}

func (b *breakers) admit(x *Execution) (passage, *Error) {
	c := &x.tool.circuit
	c.mu.Lock()
	defer c.mu.Unlock()
	now := b.bounds.Load()
	if c.entry != x.Entry {
		c.set(x.Entry, newRule(x.Entry.Limits.Breaker, now.breaker), time.Since(b.epoch))
	} else if c.bounds != now {
		c.adjust(newRule(x.Entry.Limits.Breaker, now.breaker))
	}
	c.bounds = now
	if c.closed() { // the usual case needs no clock
		return passage{turn: c.turn}, nil
	}
	passed, retry := c.admit(time.Since(b.epoch))
	if retry > 0 {
		return passed, x.circuitOpen(retry)
	}
	return passed, nil
}

func (b *breakers) settle(ctx context.Context, x *Execution, passed passage, v verdict) {
	if v == verdictNone && !passed.probe {
		return
	}
	now := x.born().Sub(b.epoch) + x.end()
	c := &x.tool.circuit
	c.mu.Lock()
	turn := c.turn
	c.settle(passed, v, now, rand.Float64)
	state, until, changed := c.state, c.until, c.turn != turn
	c.mu.Unlock()
	if changed {
		b.report(ctx, x, state, until-now)
	}
}

func (b *breakers) report(ctx context.Context, x *Execution, state BreakerState, wait time.Duration) {
	who := []any{"tool", x.Call.Tool, "id", x.Call.ID}
	if state == BreakerOpen {
		b.log.WarnContext(ctx, "a tool fails too often, and is not called for a while", append(who, "for", wait)...)
	} else {
		b.log.InfoContext(ctx, "a tool that had failed too often works again", who...)
	}
}

// verdict returns what the end of a call says of its tool.
func (b *breakers) verdict(x *Execution, result *tools.Result, err error) verdict {
	switch {
	case err != nil && byTool(err):
		return verdictBad
	case err != nil:
		return verdictNone
	case !result.IsError:
		return verdictGood
	case x.unreachable.Load(), b.bounds.Load().breaker.CountToolErrors, x.Entry.Limits.Breaker.CountToolErrors:
		return verdictBad
	}
	return verdictGood
}

// byTool reports whether the tool itself has failed: it was called, and neither the
// caller nor the engine had it stop for other reasons than its own.
func byTool(err error) bool {
	var failure *Error
	if !errors.As(err, &failure) {
		return false
	}
	switch failure.Kind {
	case KindPanic, KindInvalidOutput, KindInternal:
		return true
	case KindTimeout: // not those of the queue, nor of the caller's own deadline
		return errors.Is(err, ErrTimeout) || errors.Is(err, ErrIdleTimeout)
	}
	return false
}

func (x *Execution) circuitOpen(retry time.Duration) *Error {
	err := x.fail(KindCircuitOpen, ErrCircuitOpen)
	err.RetryAfter = wholeMillis(retry)
	return err
}

// read returns the state of a circuit.
func (b *breakers) read(c *circuit) Circuit {
	c.mu.Lock()
	defer c.mu.Unlock()
	state := Circuit{State: c.state, Opened: c.opened}
	switch {
	case c.entry == nil:
		return Circuit{}
	case c.turn == 0:
		return Circuit{State: BreakerClosed}
	case c.state == BreakerOpen && time.Since(b.epoch) >= c.until:
		return Circuit{BreakerHalfOpen, b.epoch.Add(c.until), c.opened} // as the next call will find it
	}
	state.Since = b.epoch.Add(c.since)
	return state
}
