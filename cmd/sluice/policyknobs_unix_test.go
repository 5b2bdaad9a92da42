//go:build unix

package main

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"slices"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/sluice-dev/sluice/executor"
	"github.com/sluice-dev/sluice/tools"
)

const (
	// breaks is a tool whose calls fail by no word of its own.
	breaks = "command: [/nonexistent], repeat_failures: off"
	// counts is a tool that never says the same.
	counts = "command: [sh, -c, 'mktemp -u'], input: {type: object}"
)

// policyKnobs are the knobs of the engine's policies: see knobs.
var policyKnobs = map[string]func(*testing.T){
	"Engine.queue_bytes":     refusedBehind("engine: {"+beating+", concurrency: 1, queue_bytes: 10B}\n"+tool(stays+", input: {type: object}"), `{"a":"b","c":1}`, executor.ErrQueueFull),
	"Engine.in_flight_bytes": refusedBehind("engine: {"+beating+", in_flight_bytes: 10B}\n"+tool(stays+", input: {type: object}"), `{"a":"b","c":1}`, executor.ErrInFlightBytes),
	"Engine.queue_timeout":   refusedBehind("engine: {"+beating+", concurrency: 1, queue_timeout: 50ms}\n"+tool(stays), `{}`, executor.ErrQueueTimeout),
	"Engine.rate":            becomes("engine: {rate: 1/h}\n"+tool(counts), executor.ErrRateLimited, nil, "ada", "bob"),
	"Engine.caller_rate":     becomes("engine: {caller_rate: 1/h burst 2}\n"+tool(counts), executor.ErrRateLimited, []int{0, 1, 2, 3}, "ada", "bob", "ada", "bob", "ada"),
	"Engine.rate_wait":       becomes("engine: {rate: 50/s burst 1, rate_wait: 10s}\n"+tool(counts), nil, nil, "ada", "ada", "ada"),
	"Engine.repeat_failures": each(failsTimes("engine: {repeat_failures: 2}\n"+tool("command: ['false']"), executor.ErrRepeatedFailure, 2), failsTimes("engine: {repeat_failures: off}\n"+tool("command: ['false']"), executor.ErrRepeatedFailure, 0)),
	"Engine.heartbeat":       each(beats("engine: {heartbeat: 20ms}\n"+tool("command: [sleep, '0.3']"), true), beats("engine: {heartbeat: off}\n"+tool("command: [sleep, '0.1']"), false)),
	"Engine.result":          each(fails("engine: {result: 4B}\n"+tool("command: [echo, 0123456789]"), "", executor.ErrResultTooLarge), says("engine: {result: off}\n"+tool("command: [echo, hi]"), "", "hi")),
	"Engine.breaker":         each(failsTimes("engine: {breaker: {failures: 3}}\n"+tool(breaks), executor.ErrCircuitOpen, 3), failsTimes("engine: {breaker: off}\n"+tool(breaks), executor.ErrCircuitOpen, 0)),
	"Engine.cache":           runs("engine: {cache: off}\n"+tool(counts+", cache: {}"), 2, `ada{}`, `ada{}`),

	"Cache.entries": runs("engine: {cache: {entries: 1}}\n"+tool(counts+", cache: {}"), 3, `ada{"n":1}`, `ada{"n":2}`, `ada{"n":1}`),
	"Cache.bytes":   runs("engine: {cache: {bytes: 1B}}\n"+tool(counts+", cache: {}"), 2, `ada{}`, `ada{}`),

	"Breaker.failures":          failsTimes(tool(breaks+", breaker: {failures: 4, share: off}"), executor.ErrCircuitOpen, 4),
	"Breaker.share":             failsTimes(tool(breaks+", breaker: {failures: off, share: off, min_calls: 1}"), executor.ErrCircuitOpen, 0),
	"Breaker.min_calls":         failsTimes(tool(breaks+", breaker: {failures: off, min_calls: 4}"), executor.ErrCircuitOpen, 4),
	"Breaker.window":            failsTimes(tool(breaks+", breaker: {failures: off, min_calls: 4, window: 1ms}"), executor.ErrCircuitOpen, 0),
	"Breaker.open":              opensFor("open: 50ms", 1, 50*time.Millisecond, 63*time.Millisecond),
	"Breaker.max_open":          opensFor("open: 50ms, max_open: 60ms", 7, 50*time.Millisecond, 75*time.Millisecond),
	"Breaker.count_tool_errors": failsTimes(tool("command: ['false'], repeat_failures: off, breaker: {count_tool_errors: true, failures: 3}"), executor.ErrCircuitOpen, 3),

	"Tool.adaptive":        fails(tool(stays+", adaptive: {ceiling: 50ms}"), "", executor.ErrTimeout),
	"Tool.queue_timeout":   refusedBehind("engine: {"+beating+"}\n"+tool(stays+", concurrency: 1, queue_timeout: 50ms"), `{}`, executor.ErrQueueTimeout),
	"Tool.rate":            becomes(tool(counts+", rate: 1/h"), executor.ErrRateLimited, nil, "ada", "bob"),
	"Tool.caller_rate":     becomes(tool(counts+", caller_rate: 1/h"), executor.ErrRateLimited, []int{0, 1}, "ada", "bob", "ada"),
	"Tool.breaker":         failsTimes("engine: {breaker: {failures: 1}}\n"+tool(breaks+", breaker: off"), executor.ErrCircuitOpen, 0),
	"Tool.repeat_failures": each(failsTimes(tool("command: ['false'], repeat_failures: 2"), executor.ErrRepeatedFailure, 2), failsTimes(tool("command: ['false'], repeat_failures: off"), executor.ErrRepeatedFailure, 0)),
	"Tool.cache":           each(runs(tool(counts+", cache: {}"), 1, `ada{}`, `ada{}`), runs(tool(counts), 2, `ada{}`, `ada{}`)),

	"Adaptive.factor":  adapts("factor: 5, floor: off", func(a executor.AdaptiveTimeout) bool { return a.Cap == 5*a.P99 }),
	"Adaptive.floor":   adapts("floor: 7s", func(a executor.AdaptiveTimeout) bool { return a.Cap == 7*time.Second }),
	"Adaptive.ceiling": adapts("ceiling: 900ms", func(a executor.AdaptiveTimeout) bool { return a.Cap == 900*time.Millisecond }),

	"Reuse.ttl":    each(runs(tool(counts+", cache: {ttl: 1ms}"), 2, `ada{}`, `ada{}`), runs(tool(counts+", cache: {ttl: off}"), 2, `ada{}`, `ada{}`)),
	"Reuse.shared": each(runs(tool(counts+", cache: {shared: true}"), 1, `ada{}`, `bob{}`), runs(tool(counts+", cache: {}"), 2, `ada{}`, `bob{}`)),

	"Limits.result":   each(fails(tool("command: [echo, 0123456789], limits: {result: 4B}"), "", executor.ErrResultTooLarge), says("engine: {result: 1B}\n"+tool("command: [echo, hi], limits: {result: off}"), "", "hi")),
	"Limits.truncate": says(tool("command: [sh, -c, 'echo 0123456789; exec seq 1000'], limits: {result: 50B, truncate: true}"), "", "0123\n[cut: 3900 of 3904 bytes of text are missing]"),
}

func each(tests ...func(*testing.T)) func(*testing.T) {
	return func(t *testing.T) {
		for _, test := range tests {
			test(t)
		}
	}
}

// ask calls the tool for a caller, whose name stands before the arguments.
func (h *host) ask(t *testing.T, who string) (*tools.Result, error) {
	at := strings.IndexByte(who+"{", '{')
	ctx, cancel := context.WithTimeout(t.Context(), soon)
	defer cancel()
	return h.engine.Execute(ctx, &executor.Request{Tool: "x", Caller: who[:at], Arguments: json.RawMessage(who[at:])})
}

// becomes fails the test where other calls than these pass: the first alone where
// passing is nil, or all where there is nothing to fail with.
func becomes(yaml string, failure error, passing []int, callers ...string) func(*testing.T) {
	return func(t *testing.T) {
		h := hostOf(t, yaml)
		for i, caller := range callers {
			_, err := h.ask(t, caller)
			passes := failure == nil || i == 0 || slices.Contains(passing, i)
			if passes && err != nil || !passes && !errors.Is(err, failure) {
				t.Errorf("call %d, of %s: %v", i, caller, err)
			}
		}
	}
}

// failsTimes fails the test unless the tool is called so many times, and fails, until
// calls are refused in this way; 0 stands for never.
func failsTimes(yaml string, refusal error, times int) func(*testing.T) {
	return inVirtualTime(func(t *testing.T) {
		h, failed := hostOf(t, yaml), 0
		for ; failed < 25; failed++ {
			if _, err := h.ask(t, "ada{}"); errors.Is(err, refusal) {
				break
			}
			time.Sleep(time.Millisecond)
		}
		if failed%25 != times {
			t.Errorf("refused after %d calls, want %d", failed, times)
		}
	})
}

// opensFor fails the test unless the breaker of a tool that goes on failing opens for a
// time within these, each time.
func opensFor(keys string, times int, least, most time.Duration) func(*testing.T) {
	return inVirtualTime(func(t *testing.T) {
		h := hostOf(t, tool(breaks+", breaker: {failures: 1, "+keys+"}"))
		for i := range times {
			_, _ = h.ask(t, "ada{}")
			var refused *executor.Error
			if _, err := h.ask(t, "ada{}"); !errors.Is(err, executor.ErrCircuitOpen) || !errors.As(err, &refused) {
				t.Fatalf("failure %d: the breaker does not open: %v", i, err)
			}
			if open := refused.RetryAfter; open < least || open > most {
				t.Errorf("failure %d: open for %v", i, open)
			}
			time.Sleep(refused.RetryAfter)
		}
	})
}

// inVirtualTime runs a test in a bubble, where time passes at once when all wait for it: not
// while a program runs.
func inVirtualTime(test func(*testing.T)) func(*testing.T) {
	return func(t *testing.T) { synctest.Test(t, test) }
}

// runs fails the test unless so many of the calls run the tool.
func runs(yaml string, want int, calls ...string) func(*testing.T) {
	return inVirtualTime(func(t *testing.T) {
		h, said := hostOf(t, yaml), map[string]bool{}
		for _, who := range calls {
			result, err := h.ask(t, who)
			if err != nil {
				t.Fatal(err)
			}
			said[fmt.Sprint(result.Content)] = true
			time.Sleep(2 * time.Millisecond)
		}
		if len(said) != want {
			t.Errorf("%d runs, want %d: %v", len(said), want, said)
		}
	})
}

func beats(yaml string, want bool) func(*testing.T) {
	return func(t *testing.T) {
		beat := false
		_, err := hostOf(t, yaml).engine.Execute(t.Context(), &executor.Request{
			Tool: "x", OnProgress: func(p tools.Progress) { beat = beat || strings.HasPrefix(p.Message, "still running") },
		})
		if err != nil || beat != want {
			t.Errorf("beat: %v, %v", beat, err)
		}
	}
}

// refusedBehind fails the test unless a call behind one that stays is refused.
func refusedBehind(yaml, arguments string, refusal error) func(*testing.T) {
	return func(t *testing.T) {
		h := hostOf(t, yaml)
		if does := h.begin(t, ""); does != callRuns {
			t.Fatalf("the call %s", does)
		}
		if _, err := h.ask(t, "ada"+arguments); !errors.Is(err, refusal) {
			t.Errorf("got %v, want %v", err, refusal)
		}
	}
}

// adapts fails the test unless the timeout of the tool fits once enough calls are known.
func adapts(keys string, fits func(executor.AdaptiveTimeout) bool) func(*testing.T) {
	return func(t *testing.T) {
		h := hostOf(t, tool("command: ['true'], adaptive: {"+keys+"}"))
		for range 32 {
			if _, err := h.ask(t, "ada{}"); err != nil {
				t.Fatal(err)
			}
		}
		if a := h.engine.Metrics().Tools["x"].Adaptive; a == nil || !fits(*a) {
			t.Errorf("got %+v", a)
		}
	}
}
