package main

import (
	"slices"
	"strings"
	"sync"
	"testing"

	"github.com/sluice-dev/sluice/tools"
)

// beating is the setting of an engine whose calls say often what they do, for tests to hear.
const beating = "heartbeat: 10ms"

// What a call does.
const (
	callRuns  = "runs"
	callWaits = "waits for a slot"
)

// tells returns what a request is to do with progress: the first that shows whether the
// call runs or waits sends it to does. It needs an engine that is beating.
func tells(does chan<- string) func(tools.Progress) {
	var once sync.Once
	return func(p tools.Progress) {
		switch {
		case strings.HasPrefix(p.Message, "waiting for a slot"):
			once.Do(func() { does <- callWaits })
		case !strings.HasPrefix(p.Message, "still waiting"): // not come to the queue
			once.Do(func() { does <- callRuns })
		}
	}
}

// wantOneRuns fails the test unless of so many calls as does has room for, of an engine
// with one slot, all but one wait.
func wantOneRuns(t *testing.T, does <-chan string) {
	t.Helper()
	all := make([]string, cap(does))
	for i := range all {
		all[i] = <-does
	}
	slices.Sort(all)
	if want := append([]string{callRuns}, slices.Repeat([]string{callWaits}, len(all)-1)...); !slices.Equal(all, want) {
		t.Fatalf("of the calls %q", all)
	}
}
