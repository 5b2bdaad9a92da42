package main

import (
	"context"
	"errors"
	"fmt"
	"sync/atomic"

	"github.com/sluice-dev/sluice/bench/page"
)

// taggedCalls makes 10^6 calls over 1 000 connections, each with a text of its own, and
// counts the answers that are not its own.
func taggedCalls(ctx context.Context, f *fleet, o options) ([]budget, error) {
	n := o.count(1_000_000)
	s, note := of(f.socket, sluice), "under the race detector"
	if raced, err := f.raced(ctx, s); err == nil {
		s = raced
	} else {
		note = "without the race detector, which could not be built in"
	}
	r, err := s.start(ctx, "GORACE=halt_on_error=1")
	if err != nil {
		return nil, err
	}
	mixed, err := mixedUp(ctx, r, 1000, n/1000)
	if err = errors.Join(err, r.stop()); err != nil {
		return nil, fmt.Errorf("%w; stderr: %s", err, r.stderr)
	}
	return []budget{{
		what: fmt.Sprintf("Answers that were another call's, of %s over 1 000 connections", page.Grouped(n)), value: float64(mixed), unit: count,
		note: "each call with a text and an id of its own; " + note,
	}}, nil
}

func mixedUp(ctx context.Context, r *running, connections, calls int) (mixed int64, err error) {
	at, err := r.target()
	if err != nil {
		return 0, err
	}
	var wrong atomic.Int64
	err = each(connections, connections, func(i int) error {
		s, err := at.open(ctx, i)
		if err != nil {
			return err
		}
		defer s.close()
		for n := range calls {
			right, err := tagged(s, fmt.Sprintf("call %d of connection %d", n, i), i*calls+n+1)
			if err != nil {
				return err
			}
			if !right {
				wrong.Add(1)
			}
		}
		return nil
	})
	return wrong.Load(), err
}

// tagged calls, and reports whether what came back is the call's own.
func tagged(l link, text string, id int) (bool, error) {
	what := say(text)
	if err := l.write(what.append(nil, id)); err != nil {
		return false, err
	}
	message, err := l.read()
	if err != nil {
		return false, err
	}
	got, err := what.check(message)
	return err == nil && got == id, nil
}
