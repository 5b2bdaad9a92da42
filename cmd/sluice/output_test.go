package main

import (
	"bytes"
	"errors"
	"strings"
	"testing"
)

// full is a disk with no space left.
type full struct{}

func (full) Write([]byte) (int, error) { return 0, errors.New("no space left on device") }

func TestLostOutputIsAFailure(t *testing.T) {
	t.Parallel()
	for _, args := range []string{
		"--help",
		"tools", "tools --json", "tools echo", "tools echo --json",
		"call echo text=hi", "call echo text=hi --json", "call countdown from=1 interval_ms=0 --json --progress",
		"check", "schema", "version", "version --json",
	} {
		t.Run(args, func(t *testing.T) {
			t.Parallel()
			var errOut bytes.Buffer
			code := run(t.Context(), strings.Fields(args), strings.NewReader(""), full{}, &errOut)
			if code != exitFailure || strings.Count(errOut.String(), "sluice: no space left on device\n") != 1 {
				t.Errorf("got %d and:\n%s", code, &errOut)
			}
		})
	}
}

// What went wrong besides keeps its exit code.
func TestLostOutputOfAFailure(t *testing.T) {
	t.Parallel()
	var errOut bytes.Buffer
	code := run(t.Context(), []string{"call", "echo", "--json"}, strings.NewReader(""), full{}, &errOut)
	if code != exitUsage || errOut.String() != "sluice: no space left on device\n" {
		t.Errorf("got %d and:\n%s", code, &errOut)
	}
}
