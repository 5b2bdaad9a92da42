package environ

import (
	"slices"
	"testing"
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
