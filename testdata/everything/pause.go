package main

import (
	"context"
	"fmt"
	"time"

	"github.com/sluice-dev/sluice/tools"
)

// The bounds of ms stand past the engine's default timeout of 30 s, so that a suite
// can run into it.
type sleepInput struct {
	Milliseconds int `json:"ms" jsonschema:"minimum=0,maximum=60000,description=How long to sleep."`
	Steps        int `json:"steps,omitempty" jsonschema:"minimum=0,maximum=100000,default=0,description=How many times to report progress on the way."`
}

func sleep() *tools.Tool {
	return tools.Func("sleep", "Sleeps, reporting progress in even steps; wakes when cancelled.",
		func(ctx context.Context, in sleepInput) (string, error) {
			whole := time.Duration(in.Milliseconds) * time.Millisecond
			if err := walk(ctx, whole, in.Steps); err != nil {
				return "", err
			}
			return fmt.Sprintf("slept %d ms", in.Milliseconds), nil
		})
}

// walk lets the whole time pass and reports after each of the steps. Each step is
// timed from the start, so that late wake-ups do not add up.
func walk(ctx context.Context, whole time.Duration, steps int) error {
	start := time.Now()
	for i := range steps {
		done := i + 1
		due := start.Add(whole * time.Duration(done) / time.Duration(steps))
		if err := pause(ctx, time.Until(due)); err != nil {
			return err
		}
		tools.Report(ctx, tools.Progress{
			Done: float64(done), Total: float64(steps), Message: fmt.Sprintf("step %d of %d", done, steps),
		})
	}
	return pause(ctx, time.Until(start.Add(whole)))
}

// pause waits until d has passed or ctx is done, whose cause it returns.
func pause(ctx context.Context, d time.Duration) error {
	timer := time.NewTimer(d)
	defer timer.Stop()
	select {
	case <-timer.C:
		return nil
	case <-ctx.Done():
		return context.Cause(ctx)
	}
}

type stubbornInput struct {
	Milliseconds int `json:"ms" jsonschema:"minimum=0,maximum=60000,description=How long to be stubborn."`
}

func stubborn() *tools.Tool {
	return tools.Func("stubborn", "Sleeps and does not wake when cancelled.",
		func(_ context.Context, in stubbornInput) (string, error) {
			time.Sleep(time.Duration(in.Milliseconds) * time.Millisecond)
			return fmt.Sprintf("ignored everything for %d ms", in.Milliseconds), nil
		})
}
