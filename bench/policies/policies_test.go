// Package policies compares what a call costs in process: through Sluice's engine, and
// through four policies of failsafe-go that do a part of the same.
package policies

import (
	"context"
	"testing"
	"time"

	"github.com/failsafe-go/failsafe-go"
	"github.com/failsafe-go/failsafe-go/bulkhead"
	"github.com/failsafe-go/failsafe-go/circuitbreaker"
	"github.com/failsafe-go/failsafe-go/ratelimiter"
	"github.com/failsafe-go/failsafe-go/timeout"

	"github.com/sluice-dev/sluice/executor"
	"github.com/sluice-dev/sluice/tools"
)

var answer = tools.TextResult("hello")

// BenchmarkSluice has every default policy on, a record of each call and the validation
// of its empty arguments; BenchmarkEngineExecute in executor leaves the last out.
func BenchmarkSluice(b *testing.B) {
	registry := &tools.Registry{}
	handler := tools.HandlerFunc(func(context.Context, *tools.Call) (*tools.Result, error) { return answer, nil })
	if err := registry.Add(&tools.Tool{Definition: tools.Definition{Name: "echo"}, Handler: handler}); err != nil {
		b.Fatal(err)
	}
	e := executor.New(executor.Options{Registry: registry})
	defer e.KeepReady()()
	b.ReportAllocs()
	for b.Loop() {
		if _, err := e.Execute(b.Context(), &executor.Request{Tool: "echo"}); err != nil {
			b.Fatal(err)
		}
	}
}

// BenchmarkFailsafe has a rate limit that never refuses, a circuit breaker, a bulkhead and
// a timeout, of failsafe-go. It keeps no record, has no queue with classes or callers, and
// does not answer the caller of a function that ignores its context.
func BenchmarkFailsafe(b *testing.B) {
	run := failsafe.With[*tools.Result](
		ratelimiter.NewBursty[*tools.Result](1<<30, time.Second),
		circuitbreaker.NewWithDefaults[*tools.Result](),
		bulkhead.New[*tools.Result](64),
		timeout.New[*tools.Result](30*time.Second),
	)
	b.ReportAllocs()
	for b.Loop() {
		_, err := run.WithContext(b.Context()).GetWithExecution(func(failsafe.Execution[*tools.Result]) (*tools.Result, error) { return answer, nil })
		if err != nil {
			b.Fatal(err)
		}
	}
}
