package main

import (
	"bytes"
	"io"
	"strings"
	"sync/atomic"
	"testing"
)

// A pond is a link to a server in this process.
type pond struct {
	messages chan []byte
	answer   func(call []byte) [][]byte
	closed   chan struct{}
}

func newPond(answer func([]byte) [][]byte) *pond {
	return &pond{messages: make(chan []byte, 1000), answer: answer, closed: make(chan struct{})}
}

func (p *pond) write(message []byte) error {
	for _, m := range p.answer(bytes.Clone(message)) {
		select {
		case p.messages <- m:
		case <-p.closed:
			return io.ErrClosedPipe
		}
	}
	return nil
}

func (p *pond) read() ([]byte, error) {
	select {
	case m := <-p.messages:
		return m, nil
	case <-p.closed:
		return nil, io.EOF
	}
}

func (p *pond) close() { close(p.closed) }

func TestClientCountsWhatIsMeasured(t *testing.T) {
	t.Parallel()
	const progress = `{"jsonrpc":"2.0","method":"notifications/progress"}`
	measured := &atomic.Bool{}
	l := newPond(func(call []byte) [][]byte { return [][]byte{[]byte(progress), call} })
	c := newClient(l, say("hello"), 4, measured)
	measured.Store(true)
	done := make(chan error)
	go func() { done <- c.run() }()
	for c.calls.Load() < 1000 {
	}
	close(c.stop)
	l.close()
	if err := <-done; err != nil {
		t.Fatal(err)
	}
	if n := int(c.calls.Load()); n != len(c.latencies) || c.progress < n {
		t.Errorf("%d calls, %d latencies, %d reports", n, len(c.latencies), c.progress)
	}
	for _, latency := range c.latencies {
		if latency <= 0 {
			t.Fatalf("a call took %v", latency)
		}
	}
}

func TestClientFindsFaults(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct {
		answer func([]byte) [][]byte
		want   string
	}{
		"twice":        {func(call []byte) [][]byte { return [][]byte{call, call} }, "answered twice"},
		"another text": {func(call []byte) [][]byte { return [][]byte{bytes.Replace(call, []byte("hello"), []byte("hullo"), 1)} }, "not the answer"},
		"another id":   {func(call []byte) [][]byte { return [][]byte{[]byte(`{"id":"a","text":"hello"}`)} }, "not sent"},
	} {
		l := newPond(c.answer)
		one := newClient(l, say("hello"), 1, &atomic.Bool{})
		err := one.run()
		if err == nil || !strings.Contains(err.Error(), c.want) {
			t.Errorf("%s: %v, want %q", name, err, c.want)
		}
		close(one.stop)
	}
}
