package audit

import (
	"slices"
	"testing"
)

func TestMemory(t *testing.T) {
	t.Parallel()
	for _, test := range []struct {
		keep, entries int
		want          []string
	}{{0, 3, nil}, {-1, 3, nil}, {3, 2, []string{"0", "1"}}, {2, 5, []string{"3", "4"}}} {
		m := NewMemory(test.keep)
		for i := range test.entries {
			if err := m.Commit(t.Context(), allowed(i)); err != nil {
				t.Error(err)
			}
		}
		var got []string
		for _, e := range m.Entries() {
			got = append(got, e.Call.ID)
		}
		if !slices.Equal(got, test.want) {
			t.Errorf("%+v: got %q", test, got)
		}
	}
}
