package spelling

import (
	"fmt"
	"strings"
	"testing"
)

func TestNear(t *testing.T) {
	names := []string{"read_file", "read_many_files", "write_file", "list", "Echo"}
	for typed, want := range map[string]string{
		"raed_file": "[read_file]", "readfile": "[read_file]", "echo": "[Echo]",
		"file": "[read_file read_many_files write_file]", "lst": "[list]",
		"frobnicate": "[]", "": "[]", strings.Repeat("list", 1000): "[]",
	} {
		if got := fmt.Sprint(Near(typed, names, 3)); got != want {
			t.Errorf("%.20q: got %s, want %s", typed, got, want)
		}
	}
	if got := Near("file", names, 1); len(got) != 1 {
		t.Errorf("more than was asked for: %v", got)
	}
}
