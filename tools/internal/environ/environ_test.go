package environ

import (
	"slices"
	"testing"

	"github.com/sluice-dev/sluice/tools"
)

func TestClean(t *testing.T) {
	t.Parallel()
	own := []string{"PATH=/bin", "LC_ALL=C", "SECRET=x", "PASSED=1", "HOME=/root"}
	got := Clean(own, map[string]string{"HOME": "/tmp", "NEW": "2"}, []string{"PASSED"})
	if want := []string{"HOME=/tmp", "LC_ALL=C", "NEW=2", "PASSED=1", "PATH=/bin"}; !slices.Equal(got, want) {
		t.Errorf("got %q", got)
	}
	if got := Clean(nil, nil, nil); got == nil {
		t.Error("nil stands for everything")
	}
}

func TestCheck(t *testing.T) {
	t.Parallel()
	for _, set := range []map[string]string{{"": "x"}, {"A=B": "x"}, {"A\x00": "x"}, {"A": "\x00"}} {
		if Check(set) == nil {
			t.Errorf("%q can be set", set)
		}
	}
	if err := Check(map[string]string{"A": "b=c"}); err != nil {
		t.Error(err)
	}
}

// TestTraced checks that a program is told of its trace, unless its own environment has
// one, and that calls do not see each other's.
func TestTraced(t *testing.T) {
	t.Parallel()
	env := make([]string, 1, 10)
	env[0] = "PATH=/bin"
	a := Traced(env, tools.Trace{Parent: "p", State: "s", Baggage: "b"})
	b := Traced(env, tools.Trace{Parent: "q"})
	if !slices.Equal(a, []string{"PATH=/bin", "TRACEPARENT=p", "TRACESTATE=s"}) || !slices.Equal(b, []string{"PATH=/bin", "TRACEPARENT=q"}) {
		t.Errorf("got %q and %q", a, b)
	}
	own := []string{"TRACEPARENT=own"}
	if got := Traced(own, tools.Trace{Parent: "p", State: "s"}); !slices.Equal(got, own) {
		t.Errorf("got %q", got)
	}
	if got := Traced(env, tools.Trace{}); !slices.Equal(got, env) {
		t.Errorf("without a trace: %q", got)
	}
}
