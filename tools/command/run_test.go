package command

import (
	"context"
	"errors"
	"io"
	"testing"

	"github.com/sluice-dev/sluice/tools"
)

// TestCutShort holds that a program which has ended, and whose output was not read to
// its end when the call was over, is no success with a part of its output.
func TestCutShort(t *testing.T) {
	t.Parallel()
	over := errors.New("over")
	ctx, cancel := context.WithCancelCause(t.Context())
	ended := make(chan struct{})
	close(ended)
	stdout, holdsOut := io.Pipe()
	stderr, holdsErr := io.Pipe()
	r := &run{
		process: &process{ended: ended, sealed: true, tree: &group{}, stdoutPipe: stdout, stderrPipe: stderr},
		head:    newHead(100),
		tail:    new(tail),
		piped:   make(chan struct{}),
	}
	report := func(tools.Progress) { cancel(over) }
	r.stdout = newStream(r.head, 100, report, true)
	r.stderr = newStream(r.tail, 100, report, true)
	go r.pipe(nil)
	go func() { _, _ = holdsOut.Write([]byte("a part\n")) }() // heard while drain waits, or before
	if err := r.supervise(ctx); !errors.Is(err, over) {
		t.Errorf("got %v, want %v", err, over)
	}
	_, _ = holdsOut.Close(), holdsErr.Close()
}
