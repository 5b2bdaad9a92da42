package transport_test

import (
	"strings"
	"testing"
)

// What a call of a tool may allocate at most on its whole way, in the newest revision: what
// it does, and room for two that come of the collector's emptying pools. Whoever adds one
// should know.
const maxCallAllocations = 30

// TestCallAllocations holds the whole trip of a call of echo, and that a longer text costs
// no more of them.
func TestCallAllocations(t *testing.T) {
	if raceEnabled {
		t.Skip("the race detector allocates too")
	}
	f := newFixture(t)
	l := memoryLink(t, f.server)
	for _, size := range []int{64, 64 << 10} {
		message := []byte(expand(callMessage(1, "echo", `{"text":"`+strings.Repeat("a", size)+`"}`, "")))
		n := testing.AllocsPerRun(1000, func() {
			if err := l.write(message); err != nil {
				t.Fatal(err)
			}
			if _, err := l.read(); err != nil {
				t.Fatal(err)
			}
		})
		if n > maxCallAllocations {
			t.Errorf("a call with %d bytes allocates %v times, at most %d are allowed", size, n, maxCallAllocations)
		}
	}
}
