package transport

import (
	"context"
	"errors"
	"slices"
	"testing"
	"testing/synctest"
	"time"
)

func drained(t *testing.T, o *outbox) []string {
	t.Helper()
	var got []string
	o.close()
	if err := o.run(t.Context(), 4, func(_ context.Context, batch [][]byte) error {
		for _, data := range batch {
			got = append(got, string(data))
		}
		return nil
	}); err != nil {
		t.Fatal(err)
	}
	return got
}

func TestOutboxWithdraws(t *testing.T) {
	o := newOutbox(nil)
	one, other := &pending{}, &pending{}
	first := o.offer(one, 0, []byte("progress 1"))
	second := o.offer(one, first, []byte("progress 2"))
	kept := o.offer(other, 0, []byte("other's"))
	if _, err := o.push([]byte("answer")); err != nil {
		t.Fatal(err)
	}
	if !o.queued(first) || !o.queued(second) {
		t.Error("below the soft bound progress was lost")
	}
	o.withdraw(one)
	got := drained(t, o)
	if len(got) != 2 || got[0] != "other's" || got[1] != "answer" {
		t.Errorf("wrote %q", got)
	}
	if o.bytes != 0 || o.frames != 0 || o.queued(kept) {
		t.Errorf("%d bytes in %d frames are left over", o.bytes, o.frames)
	}
}

func TestOutboxKeepsTheLatestBeyondTheSoftBound(t *testing.T) {
	o := newOutbox(nil)
	p := &pending{}
	last := o.offer(p, 0, []byte("1"))
	for range softFrames {
		o.add(frame{data: []byte("x")})
	}
	for i := range 10 {
		last = o.offer(p, last, []byte{byte('2' + i)})
	}
	got := drained(t, o)
	if len(got) != softFrames+1 || got[0] != ";" {
		t.Errorf("wrote %d frames, the first %q", len(got), got[0])
	}
}

func TestOutboxQueueDoesNotGrow(t *testing.T) {
	o := newOutbox(nil)
	for i := range 100_000 {
		o.add(frame{data: []byte("x")})
		if i > 0 {
			batch, taken := o.take(nil, 1)
			o.wrote(batch, taken)
		}
	}
	if cap(o.queue) > 8192 || o.frames != 1 {
		t.Errorf("the queue has room for %d and holds %d", cap(o.queue), o.frames)
	}
}

// TestOutboxBatches checks that a batch ends with the frame that fills it, and that what
// was withdrawn is no part of one.
func TestOutboxBatches(t *testing.T) {
	t.Parallel()
	for most, want := range map[int][][]string{
		1:  {{"aa"}, {"bb"}, {"dd"}, {"eeee"}, {"f"}, {}},
		3:  {{"aa", "bb"}, {"dd", "eeee"}, {"f"}, {}},
		4:  {{"aa", "bb"}, {"dd", "eeee"}, {"f"}, {}},
		9:  {{"aa", "bb", "dd", "eeee"}, {"f"}, {}},
		99: {{"aa", "bb", "dd", "eeee", "f"}, {}},
	} {
		o, gone := newOutbox(nil), &pending{}
		for _, text := range []string{"aa", "bb", "cc", "dd", "eeee", "f"} {
			f := frame{data: []byte(text)}
			if text == "cc" {
				f.owner = gone
			}
			o.add(f)
		}
		o.withdraw(gone)
		for i, want := range want {
			batch, taken := o.take(nil, most)
			var got []string
			for _, data := range batch {
				got = append(got, string(data))
			}
			if !slices.Equal(got, want) {
				t.Errorf("batches of %d: batch %d is %q, want %q", most, i, got, want)
			}
			o.wrote(batch, taken)
		}
		if o.bytes != 0 || o.frames != 0 {
			t.Errorf("batches of %d: %d bytes in %d frames are left over", most, o.bytes, o.frames)
		}
	}
}

func TestOutboxBounds(t *testing.T) {
	o := newOutbox(nil)
	for range softFrames + 1 {
		if _, err := o.push([]byte("x")); err != nil {
			t.Fatal(err)
		}
	}
	if o.offer(&pending{}, 0, []byte("progress")) != 0 {
		t.Error("progress was queued beyond the soft bound")
	}
	if !o.crowded() {
		t.Error("over the soft bound the outbox is not crowded")
	}
	drained(t, o)
	if o.crowded() {
		t.Error("an empty outbox is crowded")
	}
	select {
	case <-o.space:
	default:
		t.Error("nobody is told that there is space")
	}
}

func TestOutboxCutsWhoStopsReading(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		o := newOutbox(nil)
		push := func() error {
			_, err := o.push([]byte("x"))
			return err
		}
		if _, err := o.push(make([]byte, hardBytes+1)); err != nil {
			t.Errorf("one large answer is refused: %v", err)
		}
		if err := push(); err != nil {
			t.Errorf("beyond the hard bound at once: %v", err)
		}
		time.Sleep(2 * hardStall)
		if err := push(); !errors.Is(err, errSlowReader) {
			t.Errorf("beyond the hard bound after a while: %v", err)
		}
		o.wrote(nil, 0)
		if err := push(); err != nil {
			t.Errorf("beyond the hard bound of a peer that reads: %v", err)
		}
	})
}

func TestOutboxStopsAtAFailedWrite(t *testing.T) {
	o := newOutbox(nil)
	for range 3 {
		if _, err := o.push([]byte("x")); err != nil {
			t.Fatal(err)
		}
	}
	broken := errors.New("broken")
	writes := 0
	err := o.run(t.Context(), 1, func(context.Context, [][]byte) error { writes++; return broken })
	if !errors.Is(err, broken) || writes != 1 {
		t.Errorf("%d writes, then %v", writes, err)
	}
	if _, err := o.push([]byte("x")); !errors.Is(err, errClosed) {
		t.Errorf("push after the end: %v", err)
	}
}

// TestOutboxBeginsWhenThereIsSomethingToWrite counts the goroutines that are started: one
// as the first frame comes, none beside it, and another when it has ended.
func TestOutboxBeginsWhenThereIsSomethingToWrite(t *testing.T) {
	t.Parallel()
	begun, wrote := 0, 0
	o := newOutbox(func() { begun++ })
	run := func() {
		t.Helper()
		if err := o.run(t.Context(), 1, func(_ context.Context, batch [][]byte) error { wrote += len(batch); return nil }); err != nil {
			t.Fatal(err)
		}
	}
	for round := range 3 {
		for range 5 {
			if _, err := o.push([]byte("x")); err != nil {
				t.Fatal(err)
			}
		}
		if begun != round+1 || wrote != 5*round {
			t.Errorf("round %d: %d were started, %d frames written", round, begun, wrote)
		}
		run()
	}
	_, _ = o.push([]byte("last"))
	o.close()
	select {
	case <-o.done:
		t.Error("it is done before the last frame is written")
	default:
	}
	if run(); wrote != 16 || begun != 4 {
		t.Errorf("%d were started, %d frames written", begun, wrote)
	}
	<-o.done
	o.close() // once more does nothing
}

// TestOutboxClosesEmpty has nobody wait for a writer that need not come.
func TestOutboxClosesEmpty(t *testing.T) {
	t.Parallel()
	o := newOutbox(func() { t.Error("a writer is started for nothing") })
	o.close()
	<-o.done
}
