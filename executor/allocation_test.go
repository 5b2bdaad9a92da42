package executor

import "testing"

// maxEngineAllocations is what a call may allocate in the engine, with all default policies
// and without validation: see the budgets in docs/performance.md.
const maxEngineAllocations = 8

func TestEngineAllocations(t *testing.T) {
	e, run := benchEngine(t, map[string]bool{"validate": true})
	defer e.KeepReady()() // as in a server
	req := &Request{Tool: "echo"}
	n := testing.AllocsPerRun(1000, func() {
		if _, err := run(t.Context(), e.newExecution(req)); err != nil {
			t.Fatal(err)
		}
	})
	if n > maxEngineAllocations {
		t.Errorf("a call allocates %v times in the engine, at most %d are allowed", n, maxEngineAllocations)
	}
}
