package main

import (
	"log/slog"
	"os"
	"os/exec"
	"runtime/debug"
	"strings"
	"testing"
	"time"

	"github.com/sluice-dev/sluice/executor"
)

// TestPressure follows memory as it is used up and given back.
func TestPressure(t *testing.T) {
	t.Parallel()
	log := newRecord()
	var used, now int64
	readable, looks := true, 0
	p := &pressure{
		limit: 1000, now: func() time.Duration { return time.Duration(now) }, log: slog.New(slog.NewTextHandler(log, nil)),
		used: func() (int64, bool) { looks++; return used, readable },
	}
	for _, step := range []struct {
		used int64
		read bool
		high bool
		logs string // what the log has more
	}{
		{500, true, false, ""},
		{950, true, false, ""},
		{951, true, true, "memory is short"},
		{940, true, true, ""}, // calm is lower
		{930, true, false, "there is memory again"},
		{999, true, true, "memory is short"},
		{999, false, false, "there is memory again"}, // what is not known refuses nobody
	} {
		before := len(log.String())
		used, readable, now = step.used, step.read, now+int64(measureEvery)
		if high := p.high(); high != step.high {
			t.Errorf("with %d bytes: %v", step.used, high)
		}
		if more := log.String()[before:]; !strings.Contains(more, step.logs) || step.logs == "" && more != "" {
			t.Errorf("with %d bytes the log says %q", step.used, more)
		}
		was := looks
		if p.high() != step.high || looks != was {
			t.Error("it has looked again at once")
		}
	}
}

// TestPressureBoundsTheEngine checks the default of in_flight_bytes, and that a number of
// the config's stays.
func TestPressureBoundsTheEngine(t *testing.T) {
	t.Parallel()
	for _, test := range []struct{ limit, configured, want int64 }{
		{1 << 30, 0, 128 << 20},
		{16 << 20, 0, leastFlightBytes},
		{64 << 30, 0, mostFlightBytes},
		{1 << 30, 5, 5},
		{1 << 30, -1, -1},
	} {
		options := executor.Options{InFlightBytes: test.configured}
		(&pressure{limit: test.limit}).bound(&options)
		if options.InFlightBytes != test.want || options.Pressure == nil {
			t.Errorf("of %d bytes %d", test.limit, options.InFlightBytes)
		}
	}
	options := executor.Options{}
	(*pressure)(nil).bound(&options)
	if options.Pressure != nil || options.InFlightBytes != 0 {
		t.Errorf("without a limit: %+v", options)
	}
}

// TestGOMEMLIMIT starts the program with less memory than it has already, as its own
// environment has it: calls are refused, with what a client needs to come back.
func TestGOMEMLIMIT(t *testing.T) {
	t.Parallel()
	cmd := exec.Command(binary, "stdio")
	cmd.Env = append(os.Environ(), "GOMEMLIMIT=1MiB")
	p := startCommand(t, cmd)
	p.stderr.await(t, "by=GOMEMLIMIT")
	p.send(handshake...)
	p.send(call(1, "echo", object{"text": "hi"}))
	answer := p.until(`"id":1`)
	for _, part := range []string{`"kind":"memory_pressure"`, `"retryAfterMs":5000`, `"isError":true`} {
		if !strings.Contains(answer, part) {
			t.Errorf("no %s in %s", part, answer)
		}
	}
	p.stderr.await(t, "memory is short")
	p.stdin.Close()
	p.wantExit(exitOK)
}

// TestGoMemory reads what the runtime says.
func TestGoMemory(t *testing.T) {
	t.Parallel()
	if used, ok := goMemory(); !ok || used < 1<<20 {
		t.Errorf("%d bytes (%v)", used, ok)
	}
	if limit := debug.SetMemoryLimit(-1); (goLimit() == 0) != (limit >= 1<<62) {
		t.Errorf("of %d: %d", limit, goLimit())
	}
}
