package history_test

import (
	"context"
	"errors"
	"fmt"
	"reflect"
	"testing"
	"time"

	"github.com/sluice-dev/sluice/executor/history"
)

func TestSummarize(t *testing.T) {
	t.Parallel()
	m := history.NewMemory(1000)
	start := time.Date(2026, 7, 28, 12, 0, 0, 0, time.UTC)
	for i := 1; i <= 100; i++ { // waits of 1 to 100 ms, runs of twice that
		wait := time.Duration(i) * time.Millisecond
		r := history.Record{
			Tool: "sort", Queued: start, Started: start.Add(wait), Finished: start.Add(3 * wait),
			Outcome: history.OutcomeOK, Waits: history.Waits{Server: wait},
		}
		switch {
		case i%10 == 0:
			r.Outcome = history.OutcomeToolError
		case i == 1:
			r.Outcome, r.Kind = history.OutcomeFailed, "timeout"
		case i == 2:
			r.Cached = history.CacheHit
		}
		m.Append(r, nil)
	}
	m.Append(history.Record{
		Tool: "wc", Queued: start.Add(time.Hour), Finished: start.Add(time.Hour + time.Second),
		Outcome: history.OutcomeFailed, Kind: "overloaded",
		Waits: history.Waits{Rate: 1, Flight: 2, Tool: 3},
	}, nil)
	got, err := history.Summarize(m.Query(t.Context(), history.Filter{}))
	if err != nil {
		t.Fatal(err)
	}
	ms := func(n int) time.Duration { return time.Duration(n) * time.Millisecond }
	sort := history.ToolSummary{
		Tool: "sort", Calls: 100, OK: 89, ToolErrors: 10, Failed: 1,
		Kinds: map[history.Kind]int{"timeout": 1}, Refused: map[history.Kind]int{}, CacheHits: 1,
		Wait:         history.Quantiles{P50: ms(50), P90: ms(90), P99: ms(99), Max: ms(100)},
		Run:          history.Quantiles{P50: ms(100), P90: ms(180), P99: ms(198), Max: ms(200)},
		WaitedServer: history.Waited{Calls: 100, Time: ms(5050)},
	}
	wc := history.ToolSummary{
		Tool: "wc", Calls: 1, Failed: 1,
		Kinds: map[history.Kind]int{"overloaded": 1}, Refused: map[history.Kind]int{"overloaded": 1},
		Wait:       history.Quantiles{P50: ms(1000), P90: ms(1000), P99: ms(1000), Max: ms(1000)},
		WaitedRate: history.Waited{Calls: 1, Time: 1}, WaitedFlight: history.Waited{Calls: 1, Time: 2}, WaitedTool: history.Waited{Calls: 1, Time: 3},
	}
	if want := []history.ToolSummary{sort, wc}; !reflect.DeepEqual(got.Tools, want) {
		t.Errorf("got  %+v\nwant %+v", got.Tools, want)
	}
	if got.Total.Calls != 101 || got.Total.Wait.Max != ms(1000) || !got.First.Equal(start) || !got.Last.Equal(start.Add(time.Hour)) {
		t.Errorf("got %+v", got)
	}
	if share := got.Tools[0].ErrorShare(); share != 0.11 {
		t.Errorf("error share %v", share)
	}
}

func TestSummarizeNothing(t *testing.T) {
	t.Parallel()
	m := history.NewMemory(1)
	s, err := history.Summarize(m.Query(t.Context(), history.Filter{}))
	if err != nil || s.Total.Calls != 0 || s.Total.ErrorShare() != 0 || len(s.Tools) != 0 {
		t.Errorf("got %+v, %v", s, err)
	}
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	if _, err := history.Summarize(m.Query(ctx, history.Filter{})); !errors.Is(err, context.Canceled) {
		t.Errorf("got %v", err)
	}
}

func ExampleMemory_Query() {
	m := history.NewMemory(100)
	m.Append(history.Record{Tool: "sort", Outcome: history.OutcomeOK}, []byte(`{"path":"a.txt"}`))
	m.Append(history.Record{Tool: "login", Outcome: history.OutcomeOK}, []byte(`{"user":"ada","password":"hunter2"}`))
	for e := range m.Query(context.Background(), history.Filter{Tool: "login"}) {
		fmt.Println(e.Tool, e.Outcome, e.Preview)
	}
	// Output: login ok {"user":"ada","password":"***"}
}

func ExampleSummarize() {
	m := history.NewMemory(100)
	for _, outcome := range []history.Outcome{history.OutcomeOK, history.OutcomeFailed} {
		m.Append(history.Record{Tool: "sort", Outcome: outcome, Kind: "timeout"}, nil)
	}
	s, _ := history.Summarize(m.Query(context.Background(), history.Filter{}))
	fmt.Println(s.Total.Calls, s.Total.ErrorShare(), s.Tools[0].Kinds)
	// Output: 2 0.5 map[timeout:1]
}
