package tools

import (
	"context"
	"errors"
	"reflect"
	"slices"
	"testing"
)

type recorder struct {
	progress []Progress
	levels   []Level
	data     []any
	used     []Usage
}

func (r *recorder) Report(p Progress) { r.progress = append(r.progress, p) }

func (r *recorder) ReportUsage(u Usage) { r.used = append(r.used, u) }

func (r *recorder) Log(level Level, data any) {
	r.levels, r.data = append(r.levels, level), append(r.data, data)
}

type parentKey struct{}

// A context with a reporter has what its parent has, and ends with it.
func TestReporterContext(t *testing.T) {
	t.Parallel()
	parent, cancel := context.WithCancelCause(context.WithValue(t.Context(), parentKey{}, "value"))
	ctx := WithReporter(parent, &recorder{})
	child, stop := context.WithCancel(ctx)
	defer stop()
	if got := ctx.Value(parentKey{}); got != "value" {
		t.Errorf("the parent's value is %v", got)
	}
	gone := errors.New("gone")
	cancel(gone)
	if <-child.Done(); context.Cause(child) != gone || context.Cause(ctx) != gone || ctx.Err() == nil {
		t.Errorf("ended with %v, its child with %v", context.Cause(ctx), context.Cause(child))
	}
}

func TestReport(t *testing.T) {
	t.Parallel()
	var outer, inner recorder
	ctx := WithReporter(t.Context(), &outer)
	Report(ctx, Progress{Done: 1, Total: 2, Message: "half"})
	Log(ctx, LevelWarning, 5)
	ReportUsage(ctx, Usage{CPU: 3})
	nested := WithReporter(ctx, &inner)
	Report(nested, Progress{Message: "inside"})
	cancelled, cancel := context.WithCancel(ctx)
	cancel()
	Report(cancelled, Progress{Done: 2})

	if want := []Progress{{1, 2, "half"}, {Done: 2}}; !slices.Equal(outer.progress, want) {
		t.Errorf("reported %v, want %v", outer.progress, want)
	}
	if want := []Progress{{Message: "inside"}}; !slices.Equal(inner.progress, want) {
		t.Errorf("reported inside %v, want %v", inner.progress, want)
	}
	if !slices.Equal(outer.levels, []Level{LevelWarning}) || !slices.Equal(outer.data, []any{5}) {
		t.Errorf("logged %v %v", outer.levels, outer.data)
	}
	if !slices.Equal(outer.used, []Usage{{CPU: 3}}) {
		t.Errorf("used %v", outer.used)
	}
}

func TestReportWithoutReporter(t *testing.T) {
	Report(t.Context(), Progress{Done: 1})
	Log(t.Context(), LevelError, "nobody hears")
	ReportUsage(t.Context(), Usage{CPU: 1})
	allocs := testing.AllocsPerRun(100, func() { Report(context.Background(), Progress{Done: 1}) })
	if allocs != 0 {
		t.Errorf("a report that nobody takes allocates %v times", allocs)
	}
}

func TestSeverity(t *testing.T) {
	t.Parallel()
	levels := []Level{LevelDebug, LevelInfo, LevelNotice, LevelWarning, LevelError, LevelCritical, LevelAlert, LevelEmergency}
	for want, level := range levels {
		if got := level.Severity(); got != want {
			t.Errorf("%s has severity %d, want %d", level, got, want)
		}
	}
	for _, level := range []Level{"", "Debug", "warn", "fatal"} {
		if got := level.Severity(); got != -1 {
			t.Errorf("%q has severity %d, want -1", level, got)
		}
	}
}

func TestResults(t *testing.T) {
	t.Parallel()
	if r := TextResult("a"); r.IsError || !reflect.DeepEqual(r.Content, text("a")) {
		t.Errorf("TextResult: %+v", r)
	}
	if r := ErrorResult("a"); !r.IsError || !reflect.DeepEqual(r.Content, text("a")) {
		t.Errorf("ErrorResult: %+v", r)
	}
}

func BenchmarkReport(b *testing.B) {
	ctx := WithReporter(b.Context(), discard{})
	b.ReportAllocs()
	for b.Loop() {
		Report(ctx, Progress{Done: 1, Total: 2})
	}
}

type discard struct{}

func (discard) Report(Progress) {}
func (discard) Log(Level, any)  {}

func (discard) ReportUsage(Usage) {}
