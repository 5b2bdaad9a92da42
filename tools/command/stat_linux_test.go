package command

import (
	"os"
	"strconv"
	"syscall"
	"testing"
)

func TestParseStat(t *testing.T) {
	t.Parallel()
	const rest = " 0 -1 4194560 1 2 3 4 5 6 7 8 20 0 "
	tests := []struct {
		text  string
		want  stat
		alive bool
	}{
		{"7 (sleep) S 1 42 42" + rest + "1 0 99", stat{"S", 42, 1}, true},
		{"7 (sleep) T 1 42 42" + rest + "1 0 99", stat{"T", 42, 1}, true},
		{"7 (a) b) (Z) R 1 42 42" + rest + "9 0 99", stat{"R", 42, 9}, true},
		{"7 (x) Z 1 42 42" + rest + "1 0 99", stat{"Z", 42, 1}, false},
		{"7 (x) X 1 42 42" + rest + "0 0 99", stat{"X", 42, 0}, false},
		{"7 (x) Z 1 42 42" + rest + "2 0 99", stat{"Z", 42, 2}, true}, // a thread has yet to end
	}
	for _, test := range tests {
		got, ok := parseStat([]byte(test.text))
		if !ok || got != test.want || got.alive() != test.alive {
			t.Errorf("%q: got %+v, %v, alive %v", test.text, got, ok, got.alive())
		}
	}
	for _, text := range []string{"", "7 (x) S 1 42", "7 (x) S 1 x 42" + rest + "1"} {
		if got, ok := parseStat([]byte(text)); ok {
			t.Errorf("%q: got %+v", text, got)
		}
	}
}

func TestReadStat(t *testing.T) {
	t.Parallel()
	got, ok := readStat(strconv.Itoa(os.Getpid()))
	if !ok || got.group != syscall.Getpgrp() || got.threads < 1 || !got.alive() {
		t.Errorf("got %+v, %v for this process", got, ok)
	}
	if got, ok := readStat("self"); ok {
		t.Errorf("got %+v for what is no process number", got)
	}
}
