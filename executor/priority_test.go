package executor

import "testing"

func TestPriorityNames(t *testing.T) {
	t.Parallel()
	for want, name := range map[Priority]string{PriorityBatch: "batch", PriorityNormal: "normal", PriorityInteractive: "interactive"} {
		if got, err := ParsePriority(name); err != nil || got != want || want.String() != name {
			t.Errorf("%q is %v, %v; %d is %q", name, got, err, want, want)
		}
	}
	if _, err := ParsePriority("urgent"); err == nil {
		t.Error("urgent is no priority")
	}
	if Priority(5).String() != "interactive" || Priority(-5).String() != "batch" {
		t.Error("what is beyond the classes does not count as the nearest")
	}
}
