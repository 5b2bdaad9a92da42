package shim

import (
	"os"
	"strconv"
	"syscall"
	"testing"
	"time"
)

func TestParseStat(t *testing.T) {
	t.Parallel()
	const rest = " 0 -1 4194560 1 2 3 4 5 6 7 8 20 0 "
	const end = " 0 99 1000 3"
	page := int64(os.Getpagesize())
	want := func(state string, threads int) Process {
		return Process{7, 1, 42, state, threads, 260 * time.Millisecond, 3 * page}
	}
	tests := []struct {
		text  string
		want  Process
		alive bool
	}{
		{"7 (sleep) S 1 42 42" + rest + "1" + end, want("S", 1), true},
		{"7 (sleep) T 1 42 42" + rest + "1" + end, want("T", 1), true},
		{"7 (a) b) (Z) R 1 42 42" + rest + "9" + end, want("R", 9), true},
		{"7 (x) Z 1 42 42" + rest + "1" + end, want("Z", 1), false},
		{"7 (x) X 1 42 42" + rest + "0" + end, want("X", 0), false},
		{"7 (x) Z 1 42 42" + rest + "2" + end, want("Z", 2), true}, // a thread has yet to end
	}
	for _, test := range tests {
		got, ok := parseStat([]byte(test.text))
		if !ok || got != test.want || got.Alive() != test.alive {
			t.Errorf("%q: got %+v, %v, alive %v", test.text, got, ok, got.Alive())
		}
	}
	for _, text := range []string{"", "7 (x) S 1 42", "7 (x) S 1 x 42" + rest + "1" + end, "y (x) S 1 4 42" + rest + "1" + end} {
		if got, ok := parseStat([]byte(text)); ok {
			t.Errorf("%q: got %+v", text, got)
		}
	}
}

func TestReadProcess(t *testing.T) {
	t.Parallel()
	got, ok := ReadProcess(strconv.Itoa(os.Getpid()))
	if !ok || got.Group != syscall.Getpgrp() || got.Parent != os.Getppid() || got.Threads < 1 || got.Resident < 1<<20 || !got.Alive() {
		t.Errorf("got %+v, %v for this process", got, ok)
	}
	if got, ok := ReadProcess("self"); ok {
		t.Errorf("got %+v for what is no process number", got)
	}
	if got := selfPID(); got != os.Getpid() {
		t.Errorf("this process is %d, not %d", got, os.Getpid())
	}
}
