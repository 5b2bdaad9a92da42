package websocket

import (
	"context"
	"errors"
	"io"
	"net"
	"strings"
	"sync/atomic"
	"testing"
	"time"
)

func TestExchange(t *testing.T) {
	t.Parallel()
	s := dialTest(t, startServer(t, newTestHandler(t, Options{})))
	for _, msg := range []string{"{}", strings.Repeat("x", 1023), strings.Repeat("ü", 40_000), ""} {
		if got := exchange(t, s, msg); got != msg {
			t.Errorf("sent %d bytes, got %d back", len(msg), len(got))
		}
	}
	started := time.Now()
	if err := s.Close(1000, "bye"); err != nil {
		t.Error(err)
	}
	if took := time.Since(started); took > closeWait/2 {
		t.Errorf("an orderly close took %v", took)
	}
	if _, err := s.Read(context.Background()); !errors.Is(err, net.ErrClosed) {
		t.Errorf("Read after Close: %v", err)
	}
	if err := s.Write(context.Background(), []byte("{}")); !errors.Is(err, net.ErrClosed) {
		t.Errorf("Write after Close: %v", err)
	}
}

func TestReadReturnsHowTheConnectionEnds(t *testing.T) {
	t.Parallel()
	for name, test := range map[string]struct {
		end  func(*rawClient)
		want error
	}{
		"close without a code": {func(c *rawClient) { c.Write(frame(bitFin|opClose, "")) }, io.EOF},
		"cut":                  {func(c *rawClient) {}, io.ErrUnexpectedEOF},
		"cut within a frame":   {func(c *rawClient) { c.Write([]byte{bitFin | opText}) }, io.ErrUnexpectedEOF},
	} {
		c, ended := servedRaw(t, Options{})
		test.end(c)
		c.Conn.(*net.TCPConn).CloseWrite()
		err := <-ended
		if !errors.Is(err, test.want) || errors.Is(err, io.EOF) != (test.want == io.EOF) {
			t.Errorf("%s: got %v, want %v", name, err, test.want)
		}
	}
}

// A countingContext counts who waits for its end.
type countingContext struct {
	context.Context
	done                chan struct{}
	waiting, registered int
}

func (c *countingContext) AfterFunc(func()) (stop func() bool) {
	c.waiting++
	c.registered++
	return func() bool { c.waiting--; return true }
}

func (c *countingContext) Done() <-chan struct{} { return c.done }

func TestContextOfReads(t *testing.T) {
	t.Parallel()
	s := dialTest(t, startServer(t, newTestHandler(t, Options{})))
	done, cancel := context.WithCancel(t.Context())
	cancel()
	if _, err := s.Read(done); !errors.Is(err, context.Canceled) {
		t.Errorf("with a context that is done: %v", err)
	}
	live, end := context.WithCancel(t.Context())
	defer end()
	counting := &countingContext{Context: live, done: make(chan struct{})}
	for _, ctx := range []context.Context{context.Background(), live, counting, counting, live, counting, counting} {
		if err := s.Write(ctx, []byte("{}")); err != nil {
			t.Fatal(err)
		}
		if _, err := s.Read(ctx); err != nil {
			t.Fatal(err)
		}
	}
	if counting.registered != 2 || counting.waiting != 1 {
		t.Errorf("registered %d times, of which %d are left", counting.registered, counting.waiting)
	}
	s.Close(1000, "")
	late := &countingContext{Context: live, done: make(chan struct{})}
	if _, err := s.Read(late); !errors.Is(err, net.ErrClosed) {
		t.Errorf("after Close: %v", err)
	}
	if counting.waiting != 0 || late.waiting != 0 {
		t.Error("a stream that is closed waits for the end of a context")
	}
}

func TestReadReturnsHowThePeerCloses(t *testing.T) {
	t.Parallel()
	for _, test := range []struct {
		code int
		want error
	}{
		{1000, io.EOF},
		{1001, io.EOF},
		{1008, &CloseError{Code: 1008, Reason: "enough", Remote: true}},
		{4001, &CloseError{Code: 4001, Reason: "enough", Remote: true}},
	} {
		h := newTestHandler(t, Options{Serve: func(ctx context.Context, s *Stream, _ Peer) {
			s.Close(test.code, "enough")
		}})
		s := dialTest(t, startServer(t, h))
		_, err := s.Read(t.Context())
		var closed *CloseError
		if want := test.want; errors.As(want, &closed) {
			if got := (*CloseError)(nil); !errors.As(err, &got) || *got != *closed {
				t.Errorf("code %d: got %v, want %v", test.code, err, want)
			}
		} else if err != want {
			t.Errorf("code %d: got %v, want %v", test.code, err, want)
		}
	}
}

// countingConn counts writes.
type countingConn struct {
	net.Conn
	writes atomic.Int64
}

func (c *countingConn) Write(p []byte) (int, error) {
	c.writes.Add(1)
	return c.Conn.Write(p)
}

// TestWriteBatch checks that the messages of a batch arrive one by one, in order, by one
// write.
func TestWriteBatch(t *testing.T) {
	t.Parallel()
	batches := [][]string{{}, {"1"}, {"2", strings.Repeat("3", 5000), "4"}, {"5", "6"}}
	writes := make(chan int64, len(batches))
	h := newTestHandler(t, Options{Serve: func(ctx context.Context, s *Stream, _ Peer) {
		conn := &countingConn{Conn: s.wire.Conn}
		s.wire.Conn = conn
		for _, batch := range batches {
			var msgs [][]byte
			for _, text := range batch {
				msgs = append(msgs, []byte(text))
			}
			before := conn.writes.Load()
			if err := s.WriteBatch(ctx, msgs); err != nil {
				t.Error(err)
			}
			writes <- conn.writes.Load() - before
		}
		s.Close(1000, "")
	}})
	s := dialTest(t, startServer(t, h))
	for _, batch := range batches {
		for _, want := range batch {
			if got, err := s.Read(t.Context()); err != nil || string(got) != want {
				t.Fatalf("got %.20q, %v, want %.20q", got, err, want)
			}
		}
		if got := <-writes; got != int64(min(len(batch), 1)) {
			t.Errorf("a batch of %d messages is %d writes", len(batch), got)
		}
	}
	if _, err := s.Read(t.Context()); err != io.EOF {
		t.Errorf("at the end: %v", err)
	}
}

func TestClip(t *testing.T) {
	t.Parallel()
	for reason, want := range map[string]string{
		"":                            "",
		"bye":                         "bye",
		"b\xffye":                     "bye",
		strings.Repeat("x", 123):      strings.Repeat("x", 123),
		strings.Repeat("x", 124):      strings.Repeat("x", 123),
		strings.Repeat("ü", 62):       strings.Repeat("ü", 61),
		"x" + strings.Repeat("€", 60): "x" + strings.Repeat("€", 40),
	} {
		if got := clip(reason); got != want {
			t.Errorf("%q becomes %q, want %q", reason, got, want)
		}
	}
}
