package transport

import (
	"context"
	"errors"
	"testing"
)

func drained(t *testing.T, o *outbox) []string {
	t.Helper()
	var got []string
	o.close()
	if err := o.run(t.Context(), func(_ context.Context, frame []byte) error {
		got = append(got, string(frame))
		return nil
	}); err != nil {
		t.Fatal(err)
	}
	return got
}

func TestOutboxReplacesAndWithdraws(t *testing.T) {
	o := newOutbox()
	first := o.offer(0, []byte("progress 1"))
	if _, err := o.push([]byte("other")); err != nil {
		t.Fatal(err)
	}
	if again := o.offer(first, []byte("progress 2")); again != first {
		t.Errorf("the replacement has another place: %d, not %d", again, first)
	}
	second := o.offer(0, []byte("note"))
	o.withdraw(second)
	if o.queued(second) || !o.queued(first) {
		t.Error("the wrong frame was withdrawn")
	}
	got := drained(t, o)
	if len(got) != 2 || got[0] != "progress 2" || got[1] != "other" {
		t.Errorf("wrote %q", got)
	}
	if o.bytes != 0 || o.frames != 0 || o.queued(first) {
		t.Errorf("%d bytes in %d frames are left over", o.bytes, o.frames)
	}
}

func TestOutboxBounds(t *testing.T) {
	o := newOutbox()
	for range softFrames + 1 {
		if _, err := o.push([]byte("x")); err != nil {
			t.Fatal(err)
		}
	}
	if o.offer(0, []byte("progress")) != 0 {
		t.Error("progress was queued beyond the soft bound")
	}
	waiting, cancel := context.WithCancel(t.Context())
	cancel()
	o.waitForSpace(waiting) // returns since the context is done
	drained(t, o)
	o.waitForSpace(t.Context()) // returns since there is space

	o = newOutbox()
	if _, err := o.push(make([]byte, hardBytes+1)); err != nil {
		t.Errorf("one large answer is refused: %v", err)
	}
	if _, err := o.push([]byte("x")); !errors.Is(err, errSlowReader) {
		t.Errorf("beyond the hard bound: %v", err)
	}
}

func TestOutboxStopsAtAFailedWrite(t *testing.T) {
	o := newOutbox()
	for range 3 {
		if _, err := o.push([]byte("x")); err != nil {
			t.Fatal(err)
		}
	}
	broken := errors.New("broken")
	writes := 0
	err := o.run(t.Context(), func(context.Context, []byte) error { writes++; return broken })
	if !errors.Is(err, broken) || writes != 1 {
		t.Errorf("%d writes, then %v", writes, err)
	}
	if _, err := o.push([]byte("x")); !errors.Is(err, errClosed) {
		t.Errorf("push after the end: %v", err)
	}
}
