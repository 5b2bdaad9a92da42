package main

import (
	"testing"
	"time"

	"github.com/sluice-dev/sluice/tools"
	"github.com/sluice-dev/sluice/tools/upstream"
)

// TestOutcome checks what is made of the _meta of any server.
func TestOutcome(t *testing.T) {
	t.Parallel()
	type meta = map[string]any
	for _, test := range []struct {
		name string
		meta meta
		want outcome
		code int
		hint string
		note string
	}{
		{"nothing", nil, outcome{}, exitFailure, "", ""},
		{"refused", meta{"dev.sluice/error": meta{"kind": "overloaded", "retryAfterMs": 1500}},
			outcome{kind: "overloaded", retryAfter: 1500 * time.Millisecond}, exitFailure, "try again in 1.5s", ""},
		{"arguments", meta{"dev.sluice/error": meta{"kind": "invalid_arguments"}}, outcome{kind: "invalid_arguments"}, exitUsage, "", ""},
		{"a time in the past", meta{"dev.sluice/error": meta{"kind": "vetoed", "retryAfterMs": -1}}, outcome{kind: "vetoed"}, exitFailure, "", ""},
		{"kept", meta{"dev.sluice/cache": "hit"}, outcome{cached: "hit"}, exitFailure, "", "(from the server's cache)"},
		{"shared", meta{"dev.sluice/cache": "coalesced"}, outcome{cached: "coalesced"}, exitFailure, "", "(shared with an identical call)"},
		{"fresh", meta{"dev.sluice/cache": "miss"}, outcome{cached: "miss"}, exitFailure, "", ""},
		{"of another form", meta{"dev.sluice/error": "no", "dev.sluice/cache": 1}, outcome{}, exitFailure, "", ""},
	} {
		got := outcomeOf(&upstream.Result{Result: tools.Result{Meta: test.meta}})
		if got != test.want || got.exitCode() != test.code || got.hint() != test.hint || got.note() != test.note {
			t.Errorf("%s: got %+v, exit code %d, %q, %q", test.name, got, got.exitCode(), got.hint(), got.note())
		}
	}
}
