package main

import (
	"context"
	"errors"
	"fmt"
	"os"
)

// A budget is one line of what must be true, with what was measured.
type budget struct {
	what    string
	value   float64
	limit   float64
	atLeast bool // the limit is a lower one
	unit    unit
	note    string
	err     error // why nothing was measured

	series []float64 // what a memory budget was made of, in bytes
	every  string    // what lies between two of the series
}

// A unit writes a value.
type unit func(float64) string

func times(v float64) string        { return fmt.Sprintf("%.2fx", v) }
func count(v float64) string        { return fmt.Sprintf("%.4g", v) }
func kib(v float64) string          { return fmt.Sprintf("%.1f KiB", v/(1<<10)) }
func mib(v float64) string          { return fmt.Sprintf("%.1f MiB", v/(1<<20)) }
func milliseconds(v float64) string { return fmt.Sprintf("%.2f ms", v/1e6) }
func microseconds(v float64) string { return fmt.Sprintf("%.2f µs", v/1e3) }

// verdict is met, missed, or not measured.
func (b budget) verdict() string {
	switch {
	case b.err != nil:
		return "not measured"
	case b.atLeast && b.value < b.limit, !b.atLeast && b.value > b.limit:
		return "missed"
	}
	return "met"
}

// bound writes the limit.
func (b budget) bound() string {
	if b.atLeast {
		return "at least " + b.unit(b.limit)
	}
	return "at most " + b.unit(b.limit)
}

// A trial measures some budgets on its own. It returns those that it could measure,
// or one that says why not.
type trial struct {
	name string
	run  func(context.Context, *fleet, options) ([]budget, error)
}

// trials are all but those that follow from the comparisons.
var trials = []trial{
	{"budget/engine", engineAlone},
	{"budget/ping", pingWhenFull},
	{"budget/overload", overload},
	{"budget/idle process", idleProcess},
	{"budget/idle connections", idleConnections},
	{"budget/tools", manyTools},
	{"budget/list", listTools},
	{"budget/calls", manyCalls},
	{"budget/cycles", manyCycles},
	{"budget/tags", taggedCalls},
}

// measureBudgets runs every trial that is asked for. One that fails is told of, and
// the others go on.
func measureBudgets(ctx context.Context, f *fleet, o options) (all []budget, failed error) {
	for _, t := range trials {
		if !o.only.MatchString(t.name) {
			continue
		}
		fmt.Fprintln(os.Stderr, t.name)
		budgets, err := t.runFor(ctx, f, o)
		if err != nil {
			failed = errors.Join(failed, fmt.Errorf("%s: %w", t.name, err))
			budgets = append(budgets, budget{what: t.name, err: err})
		}
		all = append(all, budgets...)
		if ctx.Err() != nil {
			break
		}
	}
	return all, failed
}

// runFor runs the trial and kills its servers when it takes much longer than it should.
func (t trial) runFor(ctx context.Context, f *fleet, o options) ([]budget, error) {
	ctx, cancel := context.WithTimeout(ctx, 4*hung)
	defer cancel()
	return t.run(ctx, f, o)
}
