package tools

import "testing"

// TestRegistryTogether checks that changes made together are told once, when the last of
// them has been made, and that nothing is told where there was none.
func TestRegistryTogether(t *testing.T) {
	t.Parallel()
	var registry Registry
	told := 0
	registry.Subscribe(func() { told++ })
	want := func(n int) {
		t.Helper()
		if told != n {
			t.Errorf("told %d times, want %d", told, n)
		}
	}
	registry.Together(func() { registry.Remove("a") })
	want(0)
	registry.Together(func() {
		registry.Add(named("a"))
		registry.Together(func() { registry.Add(named("b")) })
		registry.Remove("a")
		if registry.Snapshot().Len() != 1 {
			t.Error("a change is not seen when it is made")
		}
		want(0)
	})
	want(1)
	func() {
		defer func() { recover() }()
		registry.Together(func() {
			registry.Add(named("c"))
			panic("half done")
		})
	}()
	want(2)
	registry.Add(named("d"))
	want(3)
}
