package executor

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/sluice-dev/sluice/tools"
)

// TestRepeatClasses checks for each way to fail whether it counts.
func TestRepeatClasses(t *testing.T) {
	t.Parallel()
	broken := giving(nil, errors.New("broken"))
	cancelled := func(t *testing.T) context.Context { return within(t, time.Second) }
	ordinary := func(t *testing.T) context.Context { return t.Context() }
	for _, test := range []struct {
		name      string
		handler   handlerFunc
		arguments string
		ctx       func(*testing.T) context.Context
		opts      Options
		limits    tools.Limits
		counts    bool
		says      string // of the last failure
	}{
		{"tool error", giving(nil, tools.Errorf("no such city")), "{}", ordinary, Options{}, tools.Limits{}, true, "no such city"},
		{"tool error without text", giving(&tools.Result{IsError: true}, nil), "{}", ordinary, Options{}, tools.Limits{}, true, "without a word"},
		{"invalid arguments", echo, "[]", ordinary, Options{}, tools.Limits{}, true, "the arguments must be a JSON object"},
		{"internal", broken, "{}", ordinary, Options{}, tools.Limits{}, true, "internal error"},
		{"timeout", obey, "{}", ordinary, Options{}, tools.Limits{Timeout: time.Second}, true, "time limit"},
		{"too large", echo, "{}", ordinary, Options{}, tools.Limits{ResultBytes: 1}, true, "1 "},
		{"success", echo, "{}", ordinary, Options{}, tools.Limits{}, false, ""},
		{"unreachable", giving(nil, tools.Unreachable(tools.Errorf("it is down"))), "{}", ordinary, Options{Breaker: tools.Breaker{Off: true}}, tools.Limits{}, false, ""},
		{"unreachable, counted by the breaker", giving(nil, tools.Unreachable(tools.Errorf("it is down"))), "{}", ordinary, Options{}, tools.Limits{}, false, ""},
		{"exhausted", giving(nil, tools.Exhausted(tools.Errorf("no files left"))), "{}", ordinary, Options{}, tools.Limits{}, false, ""},
		{"cancelled", obey, "{}", cancelled, Options{}, tools.Limits{}, false, ""},
		{"refused", echo, "{}", ordinary, Options{Rate: tools.Rate{Count: 1, Per: time.Hour}}, tools.Limits{}, false, ""},
		{"off", broken, "{}", ordinary, Options{RepeatFailures: -1}, tools.Limits{}, false, ""},
		{"off for the tool", broken, "{}", ordinary, Options{}, tools.Limits{RepeatFailures: -1}, false, ""},
		{"invalid, off for the tool", echo, "[]", ordinary, Options{}, tools.Limits{RepeatFailures: -1}, false, ""},
		{"more for the tool", broken, "{}", ordinary, Options{}, tools.Limits{RepeatFailures: 4}, false, ""},
	} {
		t.Run(test.name, func(t *testing.T) {
			t.Parallel()
			synctest.Test(t, func(t *testing.T) {
				if test.opts.RepeatFailures == 0 {
					test.opts.RepeatFailures = 3
				}
				e := newEngine(t, test.opts, tool("t", test.handler, test.limits))
				var err error
				for i := range 4 {
					if errors.Is(err, ErrRepeatedFailure) {
						t.Fatalf("call %d was refused", i)
					}
					_, err = e.Execute(test.ctx(t), &Request{Tool: "t", Arguments: json.RawMessage(test.arguments)})
				}
				if !test.counts {
					if errors.Is(err, ErrRepeatedFailure) {
						t.Error(err)
					}
					return
				}
				failure := wantKind(t, err, KindRepeatedFailure, ErrRepeatedFailure)
				if !strings.Contains(failure.Public(), "failed 3 times, the last time so: ") || !strings.Contains(failure.Public(), test.says) {
					t.Errorf("%q does not say %q", failure.Public(), test.says)
				}
				if r := records(e)[3]; r.Reason != "the same arguments have failed again and again: 3 times" {
					t.Errorf("the record says %q", r.Reason)
				}
			})
		})
	}
}

// TestRepeatDefault checks how many times are too many where nothing is set.
func TestRepeatDefault(t *testing.T) {
	t.Parallel()
	e := newEngine(t, Options{}, tool("t", giving(nil, tools.Errorf("no"))))
	for i := range 7 {
		if err := callAs(e, "ada", "t"); errors.Is(err, ErrRepeatedFailure) != (i >= 5) {
			t.Errorf("call %d: %v", i, err)
		}
	}
}

// TestRepeatScope checks whom a refusal is for, and what ends it.
func TestRepeatScope(t *testing.T) {
	t.Parallel()
	request := func(caller, name, arguments string) Request {
		return Request{Caller: caller, Tool: name, Arguments: json.RawMessage(arguments)}
	}
	for _, test := range []struct {
		name    string
		before  func(e *Engine, fails *bool)
		req     Request
		refused bool
	}{
		{"the same", func(*Engine, *bool) {}, request("ada", "t", `{"a":1}`), true},
		{"the same with space around", func(*Engine, *bool) {}, request("ada", "t", ` {"a":1} `), true},
		{"other arguments", func(*Engine, *bool) {}, request("ada", "t", `{"a":2}`), false},
		{"another caller", func(*Engine, *bool) {}, request("bob", "t", `{"a":1}`), false},
		{"another tool", func(*Engine, *bool) {}, request("ada", "other", `{"a":1}`), false},
		{"before the time is over", func(*Engine, *bool) { time.Sleep(repeatWindow - time.Nanosecond) }, request("ada", "t", `{"a":1}`), true},
		{"after that", func(*Engine, *bool) { time.Sleep(repeatWindow) }, request("ada", "t", `{"a":1}`), false},
		{"a new tool", func(e *Engine, _ *bool) {
			e.opts.Registry.Remove("t")
			_ = e.opts.Registry.Add(tool("t", echo))
		}, request("ada", "t", `{"a":1}`), false},
	} {
		synctest.Test(t, func(t *testing.T) {
			fails := true
			e := newEngine(t, Options{RepeatFailures: 2}, flaky(&fails, tools.Limits{}), tool("other", echo))
			for range 2 {
				req := request("ada", "t", `{"a":1}`)
				_, _ = e.Execute(t.Context(), &req)
			}
			test.before(e, &fails)
			_, err := e.Execute(t.Context(), &test.req)
			if errors.Is(err, ErrRepeatedFailure) != test.refused {
				t.Errorf("%s: %v", test.name, err)
			}
		})
	}
}

// TestRepeatReset checks that a success, or that it was long ago, makes failures forgotten.
func TestRepeatReset(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		fails := true
		e := newEngine(t, Options{RepeatFailures: 2, Breaker: tools.Breaker{Off: true}}, flaky(&fails, tools.Limits{}))
		for i := range 10 {
			fails = i%2 == 0
			if err := callAs(e, "", "t"); errors.Is(err, ErrRepeatedFailure) {
				t.Errorf("call %d, with successes between: %v", i, err)
			}
		}
		if n := e.repeat.failed.Len(); n != 0 || e.repeat.known.Load() != 0 {
			t.Errorf("%d are remembered after a success", n)
		}
		fails = true
		for i := range 10 {
			if err := callAs(e, "", "t"); errors.Is(err, ErrRepeatedFailure) {
				t.Errorf("call %d, long after the one before: %v", i, err)
			}
			time.Sleep(repeatWindow)
		}
		for range 2 {
			_ = callAs(e, "", "t")
			time.Sleep(time.Minute)
		}
		if failure := wantKind(t, callAs(e, "", "t"), KindRepeatedFailure, ErrRepeatedFailure); failure.RetryAfter != repeatWindow-2*time.Minute {
			t.Errorf("retry after %v", failure.RetryAfter)
		}
	})
}

// TestRepeatNewTool checks that failures of another version of the tool do not count, nor
// keep others from being forgotten in time.
func TestRepeatNewTool(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		fails := true
		e := newEngine(t, Options{RepeatFailures: 2}, flaky(&fails, tools.Limits{}), tool("bad", giving(nil, tools.Errorf("no"))))
		refused := func(name string, want bool) {
			t.Helper()
			if err := callAs(e, "", name); errors.Is(err, ErrRepeatedFailure) != want {
				t.Errorf("%s: %v", name, err)
			}
		}
		refused("t", false)
		refused("t", false)
		time.Sleep(time.Second)
		refused("bad", false)
		refused("bad", false)
		refused("bad", true)
		e.opts.Registry.Remove("t")
		_ = e.opts.Registry.Add(flaky(&fails, tools.Limits{}))
		time.Sleep(repeatWindow / 2)
		refused("t", false)
		refused("t", false)
		refused("t", true)
		time.Sleep(repeatWindow / 2)
		refused("bad", false)
	})
}

// TestRepeatBounded checks that neither many arguments nor long texts fill the memory.
func TestRepeatBounded(t *testing.T) {
	t.Parallel()
	e := newEngine(t, Options{}, tool("t", giving(nil, tools.Errorf("%s", strings.Repeat("é", 1e5)))))
	e.repeat = newRepeats(8)
	e.run = chain(invoke, e.pipeline())
	for i := range 100 {
		_, _ = e.Execute(t.Context(), &Request{Tool: "t", Arguments: fmt.Appendf(nil, `{"n":%d}`, i)})
	}
	if n := e.repeat.failed.Len(); n != 8 || e.repeat.known.Load() != 8 {
		t.Errorf("%d are remembered", n)
	}
	for _, f := range e.repeat.failed.Values() {
		if len(f.last) > maxLast || strings.Trim(f.last, "é") != "" {
			t.Errorf("%d bytes of text: %q", len(f.last), f.last)
		}
	}
}

func BenchmarkRepeat(b *testing.B) {
	e := newEngine(b, Options{}, tool("t", echo), tool("bad", giving(nil, tools.Errorf("no"))))
	_ = callAs(e, "", "bad") // without any there is nothing to look up
	x := e.newExecution(&Request{Tool: "t", Caller: "ada"})
	x.Entry, _ = e.opts.Registry.Snapshot().Lookup("t")
	result := tools.TextResult("")
	run := e.repeat.policy(func(context.Context, *Execution) (*tools.Result, error) { return result, nil })
	b.ReportAllocs()
	for b.Loop() {
		if _, err := run(b.Context(), x); err != nil {
			b.Fatal(err)
		}
	}
}
