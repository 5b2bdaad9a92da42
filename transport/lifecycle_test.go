package transport_test

import (
	"context"
	"errors"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/sluice-dev/sluice/tools"
	"github.com/sluice-dev/sluice/transport"
	"github.com/sluice-dev/sluice/transport/stdio"
)

// lateReporter returns a handler that hands out a function which reports after it
// has returned.
func lateReporter(late chan<- func()) tools.Handler {
	return tools.HandlerFunc(func(ctx context.Context, _ *tools.Call) (*tools.Result, error) {
		late <- func() {
			tools.Report(ctx, tools.Progress{Done: 1, Message: "too late"})
			tools.Log(ctx, tools.LevelError, "too late")
		}
		return tools.TextResult("returned"), nil
	})
}

func TestDisconnectCancelsCalls(t *testing.T) {
	for _, connect := range []func(testing.TB, *transport.Server) *link{memoryLink, websocketLink} {
		f := newFixture(t)
		l := connect(t, f.server)
		for i := range 3 {
			l.send(callMessage(i, "wait", `{}`, ""))
		}
		f.running.await(t, 3)
		if err := l.hangUp(); err != nil {
			t.Fatal(err)
		}
		l.ended()
		if n := len(f.engine.InFlight()); n != 0 {
			t.Errorf("%d calls outlive their connection", n)
		}
	}
}

// On pipes only a failed write tells that nobody reads any more.
func TestClosedOutputCancelsCalls(t *testing.T) {
	f := newFixture(t)
	l := stdioLink(t, f.server)
	l.send(callMessage(1, "wait", `{}`, ""))
	f.running.await(t, 1)
	if err := l.closeRead(); err != nil {
		t.Fatal(err)
	}
	l.send(pingMessage)
	l.ended()
	if n := len(f.engine.InFlight()); n != 0 {
		t.Errorf("%d calls outlive their connection", n)
	}
}

func cancelledContext() context.Context {
	ctx, cancel := context.WithCancel(context.Background())
	cancel()
	return ctx
}

func TestCallsAreAnsweredAfterTheLastMessage(t *testing.T) {
	for _, connect := range []func(testing.TB, *transport.Server) *link{memoryLink, stdioLink} {
		f := newFixture(t)
		l := connect(t, f.server)
		l.send(callMessage(1, "hold", `{}`, ""))
		f.running.await(t, 1)
		if err := l.closeSend(); err != nil {
			t.Fatal(err)
		}
		go func() { f.release <- struct{}{} }()
		l.want(`"id":1`, "released")
		if err := l.ended(); err != nil {
			t.Errorf("Serve: %v", err)
		}
	}
}

// Answers that cannot be written are an error even when nothing is left to read: whoever
// started the server is to know that they are lost.
func TestLostAnswersAreAnError(t *testing.T) {
	f := newFixture(t)
	full := errors.New("no space left on device")
	out := writerFunc(func([]byte) (int, error) { return 0, full })
	stream := stdio.New(strings.NewReader(expand(callMessage(1, "echo", `{"text":"lost"}`, ""))), out, stdio.Options{})
	err := f.server.Serve(t.Context(), stream, transport.Peer{Transport: "stdio", Grace: patience})
	if !errors.Is(err, full) {
		t.Errorf("Serve: %v", err)
	}
}

type writerFunc func([]byte) (int, error)

func (f writerFunc) Write(p []byte) (int, error) { return f(p) }

func TestGraceAfterTheLastMessageEnds(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		f := newFixture(t)
		m := newMemoryStream()
		start := time.Now()
		served := make(chan error, 1)
		go func() {
			served <- f.server.Serve(t.Context(), m, transport.Peer{Transport: "stdio", Grace: 5 * time.Second})
		}()
		m.in <- []byte(expand(callMessage(1, "wait", `{}`, "")))
		close(m.eof)
		answer := string(<-m.out)
		if !strings.Contains(answer, `"id":1`) || !strings.Contains(answer, `"kind":"cancelled"`) {
			t.Errorf("answered %s", answer)
		}
		if err := <-served; err != nil {
			t.Errorf("Serve: %v", err)
		}
		if took := time.Since(start); took < 5*time.Second || took > 6*time.Second {
			t.Errorf("the grace took %v", took)
		}
	})
}

func TestShutdownEndsInOrder(t *testing.T) {
	overAll(t, func(t *testing.T, f *fixture, l *link) {
		l.send(`{"jsonrpc":"2.0","id":"sub","method":"subscriptions/listen","params":{"notifications":{"toolsListChanged":true},$META}}`)
		l.want("acknowledged")
		l.send(callMessage(1, "hold", `{}`, `"progressToken":1`))
		l.want("holding")
		done := make(chan error, 1)
		go func() { done <- f.server.Shutdown(context.Background()) }()
		// The subscription is answered and then cancelled; calls go on, new ones do not.
		l.want(`"id":"sub","result":{"resultType":"complete"`, `"io.modelcontextprotocol/subscriptionId":"sub"`)
		l.want(`"method":"notifications/cancelled"`, `"requestId":"sub"`)
		eventually(t, "the engine drains", f.engine.Draining)
		l.send(callMessage(2, "echo", `{"text":"late"}`, ""))
		l.want(`"id":2`, `"isError":true`, `"kind":"shutting_down"`)
		l.send(`{"jsonrpc":"2.0","id":3,"method":"subscriptions/listen","params":{"notifications":{},$META}}`)
		l.want(`"id":3`, `"error"`)
		l.send(pingMessage)
		l.want(`"id":"ping"`)
		f.release <- struct{}{}
		l.want(`"id":1`, "released")
		if err := <-done; err != nil {
			t.Errorf("Shutdown: %v", err)
		}
		if err := l.ended(); err != nil {
			t.Errorf("Serve: %v", err)
		}
		if err := f.server.Shutdown(context.Background()); err != nil {
			t.Errorf("a second Shutdown: %v", err)
		}
	})
}

func TestShutdownCancelsWhatDoesNotEnd(t *testing.T) {
	overAll(t, func(t *testing.T, f *fixture, l *link) {
		l.send(callMessage(1, "wait", `{}`, `"progressToken":1`))
		l.want("waiting")
		go f.server.Shutdown(cancelledContext())
		l.want(`"id":1`, `"isError":true`, `"kind":`)
		l.ended()
	})
}
