package executor

import (
	"context"
	"crypto/sha256"
	"encoding/json"
	"errors"
	"fmt"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/sluice-dev/sluice/executor/audit"
	"github.com/sluice-dev/sluice/tools"
)

// told returns what the log says of each call, in a word or two for each line.
func told(m *audit.Memory) string {
	var lines []string
	for _, e := range m.Entries() {
		line := string(e.Event)
		if e.Event == audit.EventRefused {
			line += " by " + e.Policy
		}
		if e.Event == audit.EventFinished {
			line += " " + string(e.Call.Outcome)
		}
		lines = append(lines, line)
	}
	return strings.Join(lines, ", ")
}

// TestAudit checks the lines of calls that end in each way.
func TestAudit(t *testing.T) {
	t.Parallel()
	denied := func(kind Kind) Policy {
		return func(Handler) Handler {
			return func(context.Context, *Execution) (*tools.Result, error) {
				return nil, &Error{Kind: kind, Err: errors.New("no"), RetryAfter: time.Second}
			}
		}
	}
	for _, test := range []struct {
		name      string
		options   Options
		handler   handlerFunc
		arguments string
		want      string
	}{
		{"succeeds", Options{}, echo, "", "allowed, started, finished ok"},
		{"fails by itself", Options{}, func(context.Context, *tools.Call) (*tools.Result, error) {
			return nil, tools.Errorf("no")
		}, "", "allowed, started, finished tool_error"},
		{"times out", Options{Timeout: time.Second}, obey, "", "allowed, started, finished failed"},
		{"panics", Options{}, func(context.Context, *tools.Call) (*tools.Result, error) { panic("x") },
			"", "allowed, started, panicked, finished failed"},
		{"invalid", Options{}, echo, "[]", "refused by validate"},
		{"forbidden", Options{Authorize: func(context.Context, string, *tools.Entry) error { return errors.New("no") }},
			echo, "", "refused by authorize"},
		{"vetoed", Options{Before: []func(context.Context, *Execution) error{func(context.Context, *Execution) error { return errors.New("no") }}},
			echo, "", "refused by hooks"},
		{"refused by a policy of the user's", Options{Policies: []Policy{denied("too_late")}}, echo, "", "refused by user"},
		{"limited", Options{Policies: []Policy{denied(KindRateLimited)}}, echo, "", "refused by rate"},
		{"refused after it ran", Options{Policies: []Policy{passOn, func(next Handler) Handler {
			return func(ctx context.Context, x *Execution) (*tools.Result, error) {
				_, _ = next(ctx, x)
				return nil, &Error{Kind: KindOverloaded, Err: ErrQueueFull}
			}
		}}}, echo, "", "allowed, started, finished failed"},
		{"failed before it ran", Options{Policies: []Policy{denied(KindInternal)}}, echo, "", "finished failed"},
		{"repeated", Options{Timeout: time.Second, Policies: []Policy{repeatOnTimeout}}, obey, "",
			"allowed, started, started, finished failed"},
		{"required", Options{AuditRequired: true}, echo, "", "allowed, started, finished ok"},
	} {
		t.Run(test.name, func(t *testing.T) {
			t.Parallel()
			synctest.Test(t, func(t *testing.T) {
				log := audit.NewMemory(100)
				test.options.Audit = log
				e := newEngine(t, test.options, tool("t", test.handler))
				_, _ = e.Execute(t.Context(), &Request{
					Tool: "t", Caller: "ada", Transport: "stdio", Priority: PriorityBatch, Arguments: json.RawMessage(test.arguments),
				})
				if got := told(log); got != test.want {
					t.Errorf("got %s, want %s", got, test.want)
				}
				checkEntries(t, log.Entries(), records(e)[0], test.arguments)
			})
		})
	}
}

// checkEntries checks that each line of a call has what it must have, and that the last
// agrees with the call's record.
func checkEntries(t *testing.T, entries []audit.Entry, r Record, arguments string) {
	t.Helper()
	for _, e := range entries {
		c := e.Call
		if c.ID != r.ID || c.Tool != "t" || c.Caller != "ada" || c.Transport != "stdio" || c.Priority != "batch" || e.Time.IsZero() {
			t.Errorf("incomplete: %+v", e)
		}
		switch e.Event {
		case audit.EventAllowed, audit.EventRefused:
			if e.Arguments != sha256.Sum256([]byte(arguments)) {
				t.Errorf("%s: the arguments have another hash", e.Event)
			}
		case audit.EventStarted:
			if c.Started.IsZero() {
				t.Error("started, but when?")
			}
		case audit.EventPanicked:
			if !strings.Contains(e.Stack, "audit_test.go") {
				t.Errorf("the stack is %q", e.Stack)
			}
		}
		if e.Event == audit.EventRefused && e.Policy != "validate" && e.Policy != "authorize" && e.Policy != "hooks" && e.RetryAfter != time.Second {
			t.Errorf("try again after %v", e.RetryAfter)
		}
	}
	if last := entries[len(entries)-1]; last.Call != r || !last.Time.Equal(r.Finished) {
		t.Errorf("the last line has %+v, the record is %+v", last.Call, r)
	}
}

// TestAuditOfLoad checks the lines of calls that found the engine full, draining, or
// without their tool.
func TestAuditOfLoad(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		log := audit.NewMemory(100)
		e := newEngine(t, Options{Audit: log, Concurrency: 1, Queue: -1}, tool("t", obey))
		ctx, cancel := context.WithCancel(t.Context())
		first := start(e, ctx, "t")
		synctest.Wait()
		wantKind(t, <-start(e, t.Context(), "t"), KindOverloaded, ErrQueueFull)
		wantKind(t, <-start(e, t.Context(), "none"), KindUnknownTool, ErrUnknownTool)
		cancel()
		<-first
		if err := e.Drain(t.Context()); err != nil {
			t.Error(err)
		}
		wantKind(t, <-start(e, t.Context(), "t"), KindShuttingDown, ErrShuttingDown)
		want := "allowed, started, allowed, refused by queue, refused by lookup, finished failed, refused by drain"
		if got := told(log); got != want {
			t.Errorf("got %s, want %s", got, want)
		}
	})
}

// TestAuditOfTheCache: of two identical calls at once one is started, and a third is
// answered from what was kept.
func TestAuditOfTheCache(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		log := audit.NewMemory(100)
		e := newEngine(t, Options{Audit: log}, tool("t", func(context.Context, *tools.Call) (*tools.Result, error) {
			time.Sleep(time.Second)
			return tools.TextResult(""), nil
		}, tools.Limits{Cache: &tools.Cache{}}))
		first, second := start(e, t.Context(), "t"), start(e, t.Context(), "t")
		if err := errors.Join(<-first, <-second, <-start(e, t.Context(), "t")); err != nil {
			t.Error(err)
		}
		count := map[string]int{}
		for _, entry := range log.Entries() {
			count[string(entry.Event)+string(entry.Call.Cached)]++
		}
		if want := "map[allowed:3 finishedcoalesced:1 finishedhit:1 finishedmiss:1 started:1]"; fmt.Sprint(count) != want {
			t.Errorf("got %v, want %s", count, want)
		}
	})
}

// TestAuditOfAPanicInAFlight: the stack is kept although the handler runs on an
// execution of its own.
func TestAuditOfAPanicInAFlight(t *testing.T) {
	t.Parallel()
	log := audit.NewMemory(100)
	e := newEngine(t, Options{Audit: log}, tool("t", func(context.Context, *tools.Call) (*tools.Result, error) { panic("x") },
		tools.Limits{Cache: &tools.Cache{}}))
	wantKind(t, <-start(e, t.Context(), "t"), KindPanic, ErrPanic)
	if got := told(log); got != "allowed, started, panicked, finished failed" {
		t.Error(got)
	}
}

// TestAuditOfAnAbandonedPanic: a handler that panics when its caller is long answered
// leaves its stack.
func TestAuditOfAnAbandonedPanic(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		log := audit.NewMemory(100)
		e := newEngine(t, Options{Audit: log, Timeout: time.Second}, tool("t", func(context.Context, *tools.Call) (*tools.Result, error) {
			time.Sleep(time.Minute)
			panic("late")
		}))
		wantKind(t, <-start(e, t.Context(), "t"), KindTimeout, ErrTimeout)
		time.Sleep(time.Hour)
		synctest.Wait()
		if got := told(log); got != "allowed, started, finished failed, panicked" {
			t.Error(got)
		}
	})
}

// TestRefusersAreSteps: the names in the log are those of the pipeline.
func TestRefusersAreSteps(t *testing.T) {
	t.Parallel()
	names := map[string]bool{"": true, "drain": true} // which is in record
	for _, s := range New(everyPolicy(Options{Registry: &tools.Registry{}})).pipeline() {
		names[s.name] = true
	}
	for kind, policy := range refusers {
		if !names[policy] {
			t.Errorf("%s: there is no step %q", kind, policy)
		}
	}
}
