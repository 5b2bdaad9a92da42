package executor

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"strings"
	"testing"
	"testing/synctest"
	"time"
	"unicode/utf8"

	"github.com/google/uuid"

	"github.com/sluice-dev/sluice/executor/history"
	"github.com/sluice-dev/sluice/tools"
)

// TestRecord checks the record of a call that waited and ran.
func TestRecord(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		e := newEngine(t, Options{Concurrency: 1}, tool("t", func(_ context.Context, call *tools.Call) (*tools.Result, error) {
			time.Sleep(time.Second)
			return &tools.Result{
				Content: []tools.Content{tools.Text{Text: "12345"}, tools.Image{Data: []byte("123")},
					tools.Audio{Data: []byte("12")}, tools.EmbeddedResource{Text: "1"}, tools.ResourceLink{URI: "x:y", Name: "z"}},
				Structured: json.RawMessage(`{}`),
			}, nil
		}))
		first := start(e, t.Context(), "t")
		synctest.Wait()
		begin := time.Now()
		_, err := e.Execute(t.Context(), &Request{Tool: "t", Caller: "ada", Transport: "stdio", Arguments: json.RawMessage(`{"a":1}`)})
		if err != nil || <-first != nil {
			t.Fatal(err)
		}
		got := records(e)[1]
		want := Record{
			ID: got.ID, Tool: "t", Caller: "ada", Transport: "stdio",
			Queued: begin, Started: begin.Add(time.Second), Finished: begin.Add(2 * time.Second),
			Outcome: history.OutcomeOK, Priority: "normal", Waits: history.Waits{Server: time.Second}, BytesIn: 7, BytesOut: 17,
		}
		if got != want {
			t.Errorf("got  %+v\nwant %+v", got, want)
		}
		if id, err := uuid.Parse(got.ID); err != nil || id.Version() != 7 {
			t.Errorf("id %s: %v", got.ID, err)
		}
	})
}

// TestRecordSaysNoMore checks that a record holds neither what a handler says of its end
// nor more of a name than is of use.
func TestRecordSaysNoMore(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		e := newEngine(t, Options{Timeout: time.Second}, tool("t", func(ctx context.Context, _ *tools.Call) (*tools.Result, error) {
			<-ctx.Done()
			return nil, fmt.Errorf("get https://ada:secret@example.com: %w", io.ErrUnexpectedEOF)
		}))
		_, err := e.Execute(t.Context(), &Request{Tool: "t", Caller: strings.Repeat("ü", 1000)})
		wantKind(t, err, KindTimeout, ErrTimeout)
		if !errors.Is(err, io.ErrUnexpectedEOF) {
			t.Errorf("what the handler said is lost: %v", err)
		}
		_, err = e.Execute(t.Context(), &Request{Tool: strings.Repeat("t", 1000)})
		if unknown := wantKind(t, err, KindUnknownTool, ErrUnknownTool); len(unknown.Public()) > 400 {
			t.Errorf("the caller is told %d bytes", len(unknown.Public()))
		}
		for _, r := range records(e) {
			if strings.Contains(r.Reason, "secret") || len(r.Tool) > maxName || len(r.Caller) > maxName || !utf8.ValidString(r.Caller) {
				t.Errorf("record %+v", r)
			}
		}
	})
}

// TestRecordRefused checks that refused calls leave a record too.
func TestRecordRefused(t *testing.T) {
	t.Parallel()
	e := newEngine(t, Options{}, tool("t", func(context.Context, *tools.Call) (*tools.Result, error) {
		return nil, tools.Errorf("no")
	}))
	ctx, cancel := context.WithCancelCause(t.Context())
	cancel(fmt.Errorf("%s", strings.Repeat("long ", 1000)))
	for i, test := range []struct {
		ctx     context.Context
		req     Request
		outcome history.Outcome
		kind    Kind
		reason  string
	}{
		{t.Context(), Request{Tool: "none"}, history.OutcomeFailed, KindUnknownTool, "unknown tool"},
		{t.Context(), Request{Tool: "t", Arguments: json.RawMessage(`["secret"]`)}, history.OutcomeFailed, KindInvalidArguments, "invalid arguments"},
		{ctx, Request{Tool: "t"}, history.OutcomeFailed, KindCancelled, "context canceled"},
		{t.Context(), Request{Tool: "t"}, history.OutcomeToolError, "", ""},
	} {
		_, _ = e.Execute(test.ctx, &test.req)
		r := records(e)[i]
		if r.Started.IsZero() != (r.Outcome == history.OutcomeFailed) {
			t.Errorf("call %d was started: %v", i, r.Started)
		}
		if r.Outcome != test.outcome || r.Kind != test.kind || !strings.HasPrefix(r.Reason, test.reason) || len(r.Reason) > maxReason {
			t.Errorf("call %d: %+v", i, r)
		}
	}
}

// TestInFlight checks that an entry lives as long as its call.
func TestInFlight(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		release := make(chan struct{})
		e := newEngine(t, Options{Concurrency: 2}, tool("t", until(release)))
		var done []<-chan error
		for range 3 {
			done = append(done, start(e, t.Context(), "t"))
			synctest.Wait()
		}
		calls := e.InFlight()
		if len(calls) != 3 || calls[1].Started.IsZero() || !calls[2].Started.IsZero() || calls[0].Outcome != "" {
			t.Errorf("in flight: %+v", calls)
		}
		release <- struct{}{}
		synctest.Wait()
		if n := len(e.InFlight()); n != 2 {
			t.Errorf("%d in flight after one has ended", n)
		}
		close(release)
		for _, d := range done {
			<-d
		}
	})
}

func TestIDsGrow(t *testing.T) {
	t.Parallel()
	var source idSource
	last := ""
	now := time.Now()
	for i := range 10_000 {
		id := source.next(now.Add(-time.Duration(i) * time.Millisecond)) // the clock goes back
		if id <= last {
			t.Fatalf("%s after %s", id, last)
		}
		last = id
	}
}

func BenchmarkID(b *testing.B) {
	var source idSource
	now := time.Now()
	b.ReportAllocs()
	for b.Loop() {
		source.next(now)
	}
}
