package main

import (
	"context"
	"fmt"
	"time"

	"github.com/sluice-dev/sluice/tools"
)

// What a countdown may be at most. Together they bound how long it holds a slot.
const (
	maxCountdown    = 600
	maxInterval     = time.Second
	defaultInterval = 500 * time.Millisecond
)

type echoInput struct {
	Text string `json:"text" jsonschema:"description=The text to give back."`
}

type countdownInput struct {
	From       int  `json:"from" jsonschema:"minimum=1,maximum=600,description=The number to count down from."`
	IntervalMS *int `json:"interval_ms,omitempty" jsonschema:"minimum=0,maximum=1000,default=500,description=The time between two numbers in milliseconds."`
}

// starterTools are the tools that are served where no config is given, so that the
// first minute needs nothing.
func starterTools() []*tools.Tool {
	echo := tools.Func("echo", "Gives the text back as it came.", runEcho)
	echo.Annotations = harmless()
	countdown := tools.Func("countdown", "Counts down to zero and reports each number as progress.", runCountdown)
	countdown.Annotations = harmless()
	countdown.Limits.Timeout = maxCountdown*maxInterval + time.Minute
	return []*tools.Tool{echo, countdown}
}

func harmless() *tools.ToolAnnotations {
	yes, no := true, false
	return &tools.ToolAnnotations{ReadOnlyHint: &yes, IdempotentHint: &yes, OpenWorldHint: &no}
}

func runEcho(_ context.Context, in echoInput) (string, error) { return in.Text, nil }

func runCountdown(ctx context.Context, in countdownInput) (string, error) {
	interval := defaultInterval
	if in.IntervalMS != nil {
		interval = time.Duration(*in.IntervalMS) * time.Millisecond
	}
	next := time.NewTimer(interval)
	defer next.Stop()
	for left := in.From - 1; left >= 0; left-- {
		select {
		case <-ctx.Done():
			return "", context.Cause(ctx)
		case <-next.C:
			next.Reset(interval)
		}
		tools.Report(ctx, tools.Progress{
			Done: float64(in.From - left), Total: float64(in.From), Message: fmt.Sprintf("%d left", left),
		})
	}
	return fmt.Sprintf("Counted down from %d.", in.From), nil
}
