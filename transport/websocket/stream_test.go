package websocket

import (
	"context"
	"errors"
	"io"
	"net"
	"strings"
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
