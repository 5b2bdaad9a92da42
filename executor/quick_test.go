package executor

import (
	"context"
	"testing"
	"testing/synctest"
	"time"

	"github.com/sluice-dev/sluice/executor/audit"
	"github.com/sluice-dev/sluice/tools"
)

func TestQuick(t *testing.T) {
	type in struct {
		Micros int `json:"micros"`
	}
	synctest.Test(t, func(t *testing.T) {
		registry := &tools.Registry{}
		sleep := tools.Func("sleep", "Sleep.", func(_ context.Context, in in) (string, error) {
			time.Sleep(time.Duration(in.Micros) * time.Microsecond)
			return "", nil
		})
		sleep.Limits.Concurrency = 1
		if err := registry.Add(sleep); err != nil {
			t.Fatal(err)
		}
		e := New(Options{Registry: registry})
		call := func(times int, arguments string) {
			for range times {
				if _, err := e.Execute(t.Context(), &Request{Tool: "sleep", Arguments: []byte(arguments)}); err != nil {
					t.Fatal(err)
				}
			}
		}
		want := func(quick bool, when string) {
			t.Helper()
			if e.Job(t.Context(), &Request{Tool: "sleep"}).Quick() != quick {
				t.Errorf("quick is %v %s", !quick, when)
			}
		}
		const quick, interrupted, slow = `{"micros":9}`, `{"micros":50}`, `{"micros":1000}`
		want(false, "before the first call")
		if e.Job(t.Context(), &Request{Tool: "other"}).Quick() {
			t.Error("a tool that is not there is quick")
		}
		call(31, quick)
		want(false, "after few calls")
		call(1, quick)
		want(true, "after 32 calls")
		call(1000, quick)
		call(2, interrupted)
		want(true, "after two calls that were interrupted")
		call(1, interrupted)
		want(false, "after three")
		call(16, quick)
		want(true, "after 16 quick ones more")
		call(1, slow)
		want(false, "after a slow call")
		call(64, quick)
		want(true, "after 64 quick ones")
		e.Job(t.Context(), &Request{Tool: "sleep"}).NotQuick()
		e.Job(t.Context(), &Request{Tool: "other"}).NotQuick()
		want(false, "when a call was said not to be")
		call(64, quick)

		e.Go(t.Context(), &Request{Tool: "sleep", Arguments: []byte(quick)}, func(*tools.Result, error) {})
		synctest.Wait()
		call(1, quick) // waits for the other
		want(false, "after a call that has waited for a slot")
	})
}

// A call that has to be in the audit log waits for a disk.
func TestAuditedCallsAreNotQuick(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		registry := &tools.Registry{}
		err := registry.Add(tools.Func("nothing", "Do nothing.", func(context.Context, struct{}) (string, error) { return "", nil }))
		if err != nil {
			t.Fatal(err)
		}
		for _, required := range []bool{false, true} {
			e := New(Options{Registry: registry, Audit: &audit.Memory{}, AuditRequired: required})
			for range 100 {
				if _, err := e.Execute(t.Context(), &Request{Tool: "nothing"}); err != nil {
					t.Fatal(err)
				}
			}
			if quick := e.Job(t.Context(), &Request{Tool: "nothing"}).Quick(); quick == required {
				t.Errorf("with an audit log that is required (%t) quick is %t", required, quick)
			}
		}
	})
}
