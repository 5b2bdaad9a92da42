package transport_test

import (
	"context"
	"errors"
	"fmt"
	"io"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/sluice-dev/sluice/tools"
	"github.com/sluice-dev/sluice/transport"
)

// A mute is a peer of a memory stream, within a bubble, that takes no answers.
type mute struct {
	*memoryStream
	served chan error
}

func newMute(t *testing.T, f *fixture, grace time.Duration) *mute {
	m := &mute{newMemoryStream(), make(chan error, 1)}
	go func() { m.served <- f.server.Serve(t.Context(), m, transport.Peer{Transport: "memory", Grace: grace}) }()
	return m
}

// send sends a message and reports whether it was read.
func (m *mute) send(message string) bool {
	select {
	case m.in <- []byte(expand(message)):
		synctest.Wait()
		return true
	case <-time.After(time.Minute): // virtual: everybody waits
		return false
	}
}

// crowd sends pings until their answers are more than the outbox takes. It returns how
// many.
func (m *mute) crowd(t *testing.T) (sent int) {
	for ; sent < 512; sent++ { // beyond the 256 of the outbox and the 64 of the stream
		if !m.send(fmt.Sprintf(`{"jsonrpc":"2.0","id":"crowd-%d","method":"ping"}`, sent)) {
			t.Fatalf("stuck after %d messages", sent)
		}
	}
	return sent
}

// flood sends pings until none is read any more, and returns how many were.
func (m *mute) flood() (sent int) {
	for m.send(pingMessage) {
		sent++
	}
	return sent
}

// answers takes n answers.
func (m *mute) answers(n int) (all []string) {
	for range n {
		all = append(all, string(<-m.out))
	}
	return all
}

// A peer that does not read stops being read, and nobody else notices.
func TestSlowReaderIsBounded(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		f := newFixture(t)
		slow := newMute(t, f, 0)
		sent := slow.flood()
		if sent < 4096 || sent > 4096+1024 {
			t.Errorf("%d messages were read from a peer that reads none", sent)
		}
		other := newMute(t, f, 0)
		other.send(pingMessage)
		if got := string(<-other.out); !strings.Contains(got, `"id":"ping"`) {
			t.Errorf("another peer was answered %s", got)
		}
		slow.answers(sent)
		slow.send(pingMessage) // read again
		slow.answers(1)
		for _, m := range []*mute{other, slow} {
			m.Close(0, "")
			if err := <-m.served; !errors.Is(err, io.ErrClosedPipe) {
				t.Errorf("Serve: %v", err)
			}
		}
	})
}

// The length of what is read ahead is bounded too, not only the number; what was served
// or cancelled no longer counts.
func TestSlowReaderIsBoundedInBytes(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		m := newMute(t, newFixture(t), 0)
		long := func(id int) string {
			return callMessage(id, "nothing", `{"text":"`+strings.Repeat("x", 1<<20)+`"}`, "")
		}
		for range 2 {
			n, sent := m.crowd(t), 0
			for i := range 10 {
				if !m.send(long(i)) || !m.send(cancelMessage(i)) {
					t.Fatalf("stuck at message %d", i)
				}
			}
			for m.send(long(sent)) {
				sent++
			}
			if sent < 4 || sent > 6 {
				t.Errorf("%d MiB were read from a peer that reads nothing", sent)
			}
			m.answers(n + sent)
		}
		m.Close(0, "")
		<-m.served
	})
}

// Whoever takes no answers is still heard when it cancels, what runs and what has not
// been begun, and then served in the order in which it asked.
func TestCancellationsOfASlowReaderAreHeard(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		f := newFixture(t)
		m := newMute(t, f, 0)
		m.send(callMessage("running", "wait", `{}`, ""))
		n := m.crowd(t)
		for _, message := range []string{
			`{"jsonrpc":"2.0","id":"first","method":"ping"}`,
			callMessage("given up", "echo", `{"text":"given up"}`, ""),
			`not JSON`,
			`{"jsonrpc":"2.0","id":"last","method":"ping"}`,
			cancelMessage("given up"), cancelMessage("never sent"), cancelMessage("running"),
		} {
			if !m.send(message) {
				t.Fatalf("not read: %s", message)
			}
		}
		if n, _ := f.running.read(); n != 0 || len(f.engine.InFlight()) != 0 {
			t.Error("the cancelled call runs on")
		}
		if calls := f.engine.Metrics().Total.Started; calls != 1 {
			t.Errorf("%d calls were begun for a peer that takes no answers", calls)
		}
		got := m.answers(n + 3)[n:]
		for i, want := range []string{`"id":"first"`, `"code":-32700`, `"id":"last"`} {
			if !strings.Contains(got[i], want) {
				t.Errorf("answer %d is %s, without %s", i, got[i], want)
			}
		}
		m.send(pingMessage)
		if got := m.answers(1)[0]; !strings.Contains(got, `"id":"ping"`) {
			t.Errorf("something follows: %s", got)
		}
		m.Close(0, "")
		<-m.served
	})
}

// A storm of cancellations from a peer that takes no answers fills nothing up.
func TestCancelStormOfASlowReader(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		m := newMute(t, newFixture(t), 0)
		m.flood() // fills the backlog but for the message that is being read
		m.answers(1000)
		for i := range 5_000 {
			if !m.send(cancelMessage(i)) {
				t.Fatalf("cancellation %d was not read", i)
			}
		}
		m.Close(0, "")
		<-m.served
	})
}

// What was asked before the last message is answered, to whoever takes the answers, be it
// slowly, and is given up when nobody does for as long as the grace is.
func TestLastMessageOfASlowReader(t *testing.T) {
	const grace = 5 * time.Second
	ask := func(t *testing.T) (m *mute, answers int) {
		m = newMute(t, newFixture(t), grace)
		answers = m.crowd(t)
		for i := range 300 {
			m.send(callMessage(i, "echo", `{"text":"late"}`, ""))
		}
		close(m.eof)
		synctest.Wait()
		return m, answers + 300
	}
	t.Run("which reads on", func(t *testing.T) {
		synctest.Test(t, func(t *testing.T) {
			m, n := ask(t)
			late := 0
			for range n {
				if strings.Contains(m.answers(1)[0], `"text":"late"`) {
					late++
				}
				time.Sleep(grace / 10)
			}
			if err := <-m.served; err != nil || late != 300 {
				t.Errorf("%d answers to what was asked last, and Serve: %v", late, err)
			}
		})
	})
	t.Run("which does not", func(t *testing.T) {
		synctest.Test(t, func(t *testing.T) {
			m, _ := ask(t)
			start := time.Now()
			if err := <-m.served; err != nil {
				t.Errorf("Serve: %v", err)
			}
			if took := time.Since(start); took < grace || took > 3*grace {
				t.Errorf("it was waited for for %v", took)
			}
		})
	})
}

// The same over real streams, whose buffers lie between.
func TestSlowReaderCancelsOverEveryTransport(t *testing.T) {
	overAll(t, func(t *testing.T, f *fixture, l *link) {
		big := strings.Repeat("x", 512<<10)
		err := f.registry.Add(tools.Func("big", "Give much.", func(context.Context, none) (string, error) { return big, nil }))
		if err != nil {
			t.Fatal(err)
		}
		l.send(callMessage("running", "wait", `{}`, ""))
		const n = 24
		for i := range n {
			l.send(callMessage(i, "big", `{}`, ""))
		}
		f.running.await(t, 1)
		l.send(cancelMessage("running"))
		f.running.await(t, 0)
		for range n {
			l.want("xxxx")
		}
	})
}
