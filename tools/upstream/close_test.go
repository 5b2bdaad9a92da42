package upstream

import (
	"context"
	"errors"
	"testing"
	"testing/synctest"
	"time"
)

func TestCloseWritesWhatWaits(t *testing.T) {
	t.Parallel()
	s := newScripted(t)
	client := connect(t, s, "2026-07-28")
	ctx, cancel := context.WithCancel(t.Context())
	failed := make(chan error)
	go func() {
		_, err := client.CallTool(ctx, "t", nil, CallOptions{})
		failed <- err
	}()
	s.expect("tools/call")
	cancel()
	<-failed
	go client.Close()
	s.expect("notifications/cancelled")
	<-s.closed
}

func TestCloseDoesNotWaitForADeafServer(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		s := newScripted(t)
		client := connect(t, s, "2026-07-28")
		failed := make(chan error)
		go func() {
			_, err := client.CallTool(t.Context(), "t", nil, CallOptions{})
			failed <- err
		}()
		synctest.Wait()
		start := time.Now()
		client.Close()
		if err := <-failed; !errors.Is(err, ErrClosed) {
			t.Errorf("error %v", err)
		}
		if took := time.Since(start); took != flushTimeout {
			t.Errorf("close took %v, want %v", took, flushTimeout)
		}
	})
}

func TestCloseTwice(t *testing.T) {
	t.Parallel()
	client := connect(t, newScripted(t), "2026-07-28")
	for range 2 {
		if err := client.Close(); err != nil {
			t.Error(err)
		}
	}
	if _, err := client.CallTool(t.Context(), "t", nil, CallOptions{}); !errors.Is(err, ErrClosed) {
		t.Errorf("a call after that: %v", err)
	}
	if _, err := client.ListTools(t.Context()); !errors.Is(err, ErrClosed) {
		t.Errorf("a list after that: %v", err)
	}
}

func TestServerEnds(t *testing.T) {
	t.Parallel()
	s := newScripted(t)
	client := connect(t, s, "2026-07-28")
	go func() {
		s.result(s.expect("tools/call"), textResult) // an answer right before the end counts
		s.expect("tools/call")
		close(s.ended)
	}()
	if _, err := client.CallTool(t.Context(), "t", nil, CallOptions{}); err != nil {
		t.Errorf("the first call: %v", err)
	}
	if _, err := client.CallTool(t.Context(), "t", nil, CallOptions{}); !errors.Is(err, ErrClosed) {
		t.Errorf("the second call: %v", err)
	}
	<-s.closed
}
