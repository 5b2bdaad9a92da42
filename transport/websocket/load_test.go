package websocket

import (
	"context"
	"fmt"
	"os"
	"runtime"
	"strings"
	"sync"
	"testing"
	"time"
)

func TestAThousandConnections(t *testing.T) {
	t.Parallel()
	const count = 1000
	url := startServer(t, newTestHandler(t, Options{}))
	var all sync.WaitGroup
	gate := make(chan struct{}, 50) // of handshakes at once, which a listener's backlog bears
	ready := make(chan struct{})
	for i := range count {
		all.Go(func() {
			gate <- struct{}{}
			s, err := Dial(t.Context(), url, DialOptions{Token: plannerSecret})
			<-gate
			if err != nil {
				t.Error(err)
				return
			}
			defer s.Close(1000, "")
			<-ready
			for j := range 3 {
				if msg := fmt.Sprintf(`{"id":"%d/%d"}`, i, j); exchangeAnywhere(t, s, msg) != msg {
					t.Errorf("connection %d has another's message", i)
				}
			}
		})
	}
	close(ready)
	all.Wait()
}

// exchangeAnywhere is exchange for goroutines other than the test's.
func exchangeAnywhere(t testing.TB, s *Stream, msg string) string {
	if err := s.Write(t.Context(), []byte(msg)); err != nil {
		t.Errorf("write: %v", err)
		return ""
	}
	got, err := s.Read(context.Background())
	if err != nil {
		t.Errorf("read: %v", err)
	}
	return string(got)
}

func TestChurnLeavesNothing(t *testing.T) {
	h := newTestHandler(t, Options{})
	url := startServer(t, h)
	round := func() {
		for i := range 100 {
			s := dialTest(t, url)
			exchange(t, s, "{}")
			if i%2 == 0 {
				s.Close(1000, "")
			} else {
				s.wire.Close()
				s.Close(1000, "")
			}
		}
		eventually(t, func() bool { return h.inside() == 0 })
	}
	round()
	goroutines, files := runtime.NumGoroutine(), openFiles(t)
	for range 3 {
		round()
	}
	eventually(t, func() bool { return runtime.NumGoroutine() <= goroutines && openFiles(t) <= files })
}

// openFiles returns how many file descriptors the process has, where that is known.
func openFiles(t testing.TB) int {
	t.Helper()
	entries, err := os.ReadDir("/proc/self/fd")
	if err != nil {
		return 0
	}
	return len(entries)
}

// A client that does not read is cut, and another on the same server does not notice.
func TestASlowReaderTouchesNobodyElse(t *testing.T) {
	t.Parallel()
	const stuck = 2 * time.Second
	cut := make(chan error, 1)
	big := []byte(strings.Repeat("x", 1<<20))
	url := startServer(t, newTestHandler(t, Options{
		WriteTimeout: stuck,
		Serve: func(ctx context.Context, s *Stream, p Peer) {
			if p.Caller == "planner" {
				echo(ctx, s, p)
				return
			}
			var err error
			for err == nil {
				err = s.Write(ctx, big)
			}
			cut <- err
		},
	}))
	slow, err := Dial(t.Context(), url, DialOptions{Token: writerSecret})
	if err != nil {
		t.Fatal(err)
	}
	defer slow.wire.Close()
	quick := dialTest(t, url)
	worst := time.Duration(0)
	for {
		started := time.Now()
		exchange(t, quick, "{}")
		worst = max(worst, time.Since(started))
		select {
		case err := <-cut:
			wantCode(t, err, 1008)
			if worst > stuck*3/4 { // far more than a busy machine needs, less than it was stuck
				t.Errorf("the other connection waited %v", worst)
			}
			return
		default:
		}
	}
}
