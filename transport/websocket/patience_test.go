package websocket

import (
	"context"
	"errors"
	"io"
	"strings"
	"testing"
	"testing/synctest"
	"time"
)

// readToTheEnd serves a connection by reading it until there is an error, which it
// sends. What is merely skipped it passes over.
func readToTheEnd(ended chan<- error) func(context.Context, *Stream, Peer) {
	return func(ctx context.Context, s *Stream, _ Peer) {
		for {
			_, err := s.Read(ctx)
			var skipped *MessageError
			if err != nil && !errors.As(err, &skipped) {
				ended <- err
				return
			}
		}
	}
}

func wantCode(t *testing.T, err error, code int) {
	t.Helper()
	var fault *CloseError
	if !errors.As(err, &fault) || fault.Code != code || fault.Remote {
		t.Errorf("got %v, want our code %d", err, code)
	}
}

// inBubble runs a test in virtual time.
func inBubble(t *testing.T, test func(t *testing.T)) {
	t.Helper()
	t.Parallel()
	synctest.Test(t, test)
}

// readInMemory connects to a server that reads to the end.
func readInMemory(t *testing.T) (*rawClient, <-chan error) {
	ended := make(chan error, 1)
	_, c := serveInMemory(t, newTestHandler(t, Options{Serve: readToTheEnd(ended)}))
	return c, ended
}

func TestADeadPeerIsFound(t *testing.T) {
	inBubble(t, func(t *testing.T) {
		c, ended := readInMemory(t)
		go io.Copy(io.Discard, c.br) // the network takes everything
		started := time.Now()
		err := <-ended
		wantCode(t, err, 1008)
		if took := time.Since(started); took < 20*time.Second || took > 30*time.Second {
			t.Errorf("it took %v", took)
		}
	})
}

func TestAPeerThatAnswersStays(t *testing.T) {
	inBubble(t, func(t *testing.T) {
		c, ended := readInMemory(t)
		for range 100 {
			opcode, payload, err := c.read()
			if opcode != opPing || err != nil {
				t.Fatalf("got opcode %d and %v", opcode, err)
			}
			time.Sleep(pongWait - time.Second)
			c.Write(frame(bitFin|opPong, string(payload)))
		}
		c.Write(frame(bitFin|opClose, "\x03\xe8"))
		if code := c.closed(); code != 1000 {
			t.Errorf("closed with %d", code)
		}
		if err := <-ended; err != io.EOF {
			t.Errorf("Read returns %v", err)
		}
	})
}

// chatter sends something now and then, which is not the pong it is asked for, as long
// as the test goes on. It does not send at the moments at which pongs are due.
func chatter(t *testing.T, c *rawClient, what []byte) {
	ticker := time.NewTicker(1100 * time.Millisecond)
	defer ticker.Stop()
	for {
		c.Write(what)
		select {
		case <-ticker.C:
		case <-t.Context().Done():
			return
		}
	}
}

func TestAPeerThatNeverAnswersIsClosed(t *testing.T) {
	for name, what := range map[string][]byte{
		"messages":   frame(bitFin|opText, "{}"),
		"wrong pong": frame(bitFin|opPong, "wrong"),
	} {
		t.Run(name, func(t *testing.T) {
			inBubble(t, func(t *testing.T) {
				c, ended := readInMemory(t)
				started := time.Now()
				go chatter(t, c, what)
				if code := c.closed(); code != 1008 {
					t.Errorf("closed with %d", code)
				}
				wantCode(t, <-ended, 1008)
				if took := time.Since(started); took < 20*time.Second+messageTimeout || took > 2*time.Minute {
					t.Errorf("it took %v", took)
				}
			})
		})
	}
}

func TestNobodyIsBlamedWhileNobodyReads(t *testing.T) {
	inBubble(t, func(t *testing.T) {
		ended := make(chan error, 1)
		opts := Options{Serve: func(ctx context.Context, s *Stream, p Peer) {
			time.Sleep(10 * time.Minute)
			readToTheEnd(ended)(ctx, s, p)
		}}
		_, c := serveInMemory(t, newTestHandler(t, opts))
		pings := make(chan string, 100)
		go func() {
			defer close(pings)
			for {
				_, payload, err := c.read()
				if err != nil {
					return
				}
				pings <- string(payload)
			}
		}()
		go func() {
			for ping := range pings {
				c.Write(frame(bitFin|opPong, ping))
			}
		}()
		time.Sleep(11 * time.Minute)
		select {
		case err := <-ended:
			t.Errorf("ended with %v", err)
		default:
		}
	})
}

func TestAPingBehindManyBytesMayBeLate(t *testing.T) {
	inBubble(t, func(t *testing.T) {
		ended := make(chan error, 1)
		opts := Options{Serve: func(ctx context.Context, s *Stream, p Peer) {
			s.Write(ctx, []byte(strings.Repeat("x", manyBytes+1)))
			readToTheEnd(ended)(ctx, s, p)
		}}
		_, c := serveInMemory(t, newTestHandler(t, opts))
		go io.Copy(io.Discard, c.br)
		started := time.Now()
		wantCode(t, <-ended, 1008)
		if took := time.Since(started); took < 20*time.Second+messageTimeout || took > 2*time.Minute {
			t.Errorf("it took %v", took)
		}
	})
}

func TestAMessageThatDoesNotEnd(t *testing.T) {
	for name, opcode := range map[string]byte{"text": opText, "binary": opBinary} {
		t.Run(name, func(t *testing.T) {
			inBubble(t, func(t *testing.T) {
				c, ended := readInMemory(t)
				started := time.Now()
				c.Write(frame(opcode, "x"))
				go chatter(t, c, frame(opMore, "x"))
				if code := c.closed(); code != 1008 {
					t.Errorf("closed with %d", code)
				}
				wantCode(t, <-ended, 1008)
				if took := time.Since(started); took < messageTimeout || took > messageTimeout+2*closeWait {
					t.Errorf("it took %v", took)
				}
			})
		})
	}
}

func TestASlowReaderIsCut(t *testing.T) {
	inBubble(t, func(t *testing.T) {
		ended := make(chan error, 2)
		opts := Options{Serve: func(ctx context.Context, s *Stream, _ Peer) {
			go func() { _, err := s.Read(ctx); ended <- err }()
			ended <- s.Write(ctx, []byte("{}"))
		}}
		serveInMemory(t, newTestHandler(t, opts))
		started := time.Now()
		wantCode(t, <-ended, 1008)
		wantCode(t, <-ended, 1008)
		if took := time.Since(started); took != 10*time.Second {
			t.Errorf("it took %v", took)
		}
	})
}

func TestTooManyPings(t *testing.T) {
	inBubble(t, func(t *testing.T) {
		c, ended := readInMemory(t)
		pongs := make(chan int)
		go func() {
			n := 0
			for {
				opcode, _, err := c.read()
				if err != nil || opcode == opClose {
					pongs <- n
					return
				}
				n++
			}
		}()
		for range maxPings {
			c.Write(frame(bitFin|opPing, ""))
		}
		time.Sleep(pingWindow + time.Second)
		for range maxPings {
			c.Write(frame(bitFin|opPing, ""))
		}
		synctest.Wait()
		select {
		case err := <-ended:
			t.Fatalf("ended with %v while the pings were few enough", err)
		default:
		}
		c.Write(frame(bitFin|opPing, ""))
		if n := <-pongs; n != 2*maxPings {
			t.Errorf("%d pongs, want %d", n, 2*maxPings)
		}
		wantCode(t, <-ended, 1008)
	})
}

func TestCloseIsBounded(t *testing.T) {
	inBubble(t, func(t *testing.T) {
		ended := make(chan error, 1)
		closed := make(chan time.Duration, 1)
		opts := Options{Serve: func(ctx context.Context, s *Stream, p Peer) {
			go readToTheEnd(ended)(ctx, s, p)
			go s.Write(ctx, []byte("stuck"))
			synctest.Wait()
			started := time.Now()
			go s.Close(1001, "again")
			s.Close(1001, strings.Repeat("ü", 100))
			closed <- time.Since(started)
		}}
		serveInMemory(t, newTestHandler(t, opts))
		if err := <-ended; !errors.Is(err, errClosed) {
			t.Errorf("Read returns %v", err)
		}
		if took := <-closed; took > closeWait {
			t.Errorf("Close took %v", took)
		}
	})
}

func TestContextCutsTheConnection(t *testing.T) {
	inBubble(t, func(t *testing.T) {
		ended := make(chan error, 1)
		cause := errors.New("enough")
		opts := Options{Serve: func(ctx context.Context, s *Stream, p Peer) {
			ctx, cancel := context.WithCancelCause(ctx)
			time.AfterFunc(time.Second, func() { cancel(cause) })
			readToTheEnd(ended)(ctx, s, p)
			if err := s.Write(ctx, nil); err != cause {
				t.Errorf("Write returns %v", err)
			}
		}}
		_, c := serveInMemory(t, newTestHandler(t, opts))
		if err := <-ended; err != cause {
			t.Errorf("Read returns %v", err)
		}
		if code := c.closed(); code != closedWithout {
			t.Errorf("closed with %d", code)
		}
	})
}

// Between messages there is no hurry, and nothing is held.
func TestAnIdleConnectionStays(t *testing.T) {
	inBubble(t, func(t *testing.T) {
		streams := make(chan *Stream, 1)
		_, c := serveInMemory(t, newTestHandler(t, Options{Serve: func(ctx context.Context, s *Stream, p Peer) {
			streams <- s
			echo(ctx, s, p)
		}}))
		s := <-streams
		for range 3 {
			c.Write(frame(bitFin|opText, "{}"))
			if opcode, payload, err := c.read(); opcode != opText || string(payload) != "{}" || err != nil {
				t.Fatalf("got opcode %d, %q and %v", opcode, payload, err)
			}
			synctest.Wait()
			if s.message != nil {
				t.Error("a message is held while the next is waited for")
			}
			for range 5 {
				_, ping, _ := c.read()
				c.Write(frame(bitFin|opPong, string(ping)))
			}
		}
	})
}
