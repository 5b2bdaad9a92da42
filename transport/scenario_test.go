package transport_test

import (
	"context"
	"encoding/json"
	"fmt"
	"math"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/sluice-dev/sluice/executor"
	"github.com/sluice-dev/sluice/tools"
)

// callMessage is a modern tools/call. Arguments and extra _meta are JSON.
func callMessage(id any, tool, arguments, extra string) string {
	raw, err := json.Marshal(id)
	if err != nil {
		panic(err)
	}
	if extra != "" {
		extra = "," + extra
	}
	return fmt.Sprintf(`{"jsonrpc":"2.0","id":%s,"method":"tools/call","params":{"name":%q,"arguments":%s,$META+%s}}}`, raw, tool, arguments, extra)
}

const pingMessage = `{"jsonrpc":"2.0","id":"ping","method":"ping"}`

func cancelMessage(id any) string {
	raw, _ := json.Marshal(id)
	return fmt.Sprintf(`{"jsonrpc":"2.0","method":"notifications/cancelled","params":{"requestId":%s}}`, raw)
}

// eventually waits for a state of the engine, which tells nobody that it changes: what the
// tools of a fixture do is a gauge's, and what a client is told comes over its link.
func eventually(t *testing.T, what string, condition func() bool) {
	t.Helper()
	deadline := time.NewTimer(patience)
	defer deadline.Stop()
	tick := time.NewTicker(time.Millisecond)
	defer tick.Stop()
	for !condition() {
		select {
		case <-tick.C:
		case <-deadline.C:
			t.Fatalf("not in time: %s", what)
		}
	}
}

func TestManyCallsAtOnce(t *testing.T) {
	overAll(t, func(t *testing.T, f *fixture, l *link) {
		const n = 200
		go func() {
			for i := range n {
				l.write([]byte(expand(callMessage(i, "echo", fmt.Sprintf(`{"text":"tag-%d"}`, i), ""))))
			}
		}()
		seen := map[int]bool{}
		for range n {
			var response struct{ ID int }
			text := l.recv()
			if err := json.Unmarshal([]byte(text), &response); err != nil || seen[response.ID] {
				t.Fatalf("not a first response: %s", text)
			}
			seen[response.ID] = true
			if !strings.Contains(text, fmt.Sprintf(`"tag-%d"`, response.ID)) {
				t.Fatalf("mixed up: %s", text)
			}
		}
	})
}

// With every slot busy and the queue full, what is no call is answered as ever, and
// what is one is refused at once with the time to wait.
func TestServedWhileEverySlotIsBusy(t *testing.T) {
	for name, connect := range transports {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			f := newFixture(t, func(o *executor.Options) { o.Concurrency, o.Queue = 2, 3 })
			l := connect(t, f.server)
			for i := range 5 {
				l.send(callMessage(i, "hold", `{}`, ""))
			}
			f.running.await(t, 2)
			eventually(t, "the queue is full", func() bool { return f.engine.Metrics().Total.Waiting == 3 })
			for i := range 500 {
				l.send(callMessage(fmt.Sprint("more-", i), "hold", `{}`, ""))
				l.want(fmt.Sprintf(`"id":"more-%d"`, i), `"isError":true`, `"kind":"overloaded"`, `"retryAfterMs":`)
			}
			l.send(pingMessage)
			l.want(`"id":"ping","result":{}`)
			l.send(`{"jsonrpc":"2.0","id":"list","method":"tools/list","params":{$META}}`)
			l.want(`"id":"list"`, `"echo"`)
			// A waiting call is cancelled without ever having run; the others end.
			l.send(cancelMessage(4), pingMessage)
			l.want(`"id":"ping"`)
			eventually(t, "the cancelled call has left the queue", func() bool { return len(f.engine.InFlight()) == 4 })
			for range 4 {
				f.release <- struct{}{}
				l.want("released")
			}
		})
	}
}

func TestCancelStorm(t *testing.T) {
	overAll(t, func(t *testing.T, f *fixture, l *link) {
		for i := range 20_000 {
			l.send(cancelMessage(i))
		}
		l.send(pingMessage)
		l.want(`"id":"ping"`)
	})
}

// A cancellation that races with the end of its call: at most one response, and
// none once the server has taken the cancellation.
func TestCancelRacesWithCompletion(t *testing.T) {
	overAll(t, func(t *testing.T, f *fixture, l *link) {
		for i := range 300 {
			l.send(callMessage(i, "hold", `{}`, `"progressToken":1`))
			l.want("holding")
			var both sync.WaitGroup
			both.Go(func() {
				select {
				case f.release <- struct{}{}:
				case <-time.After(time.Millisecond): // cancelled first
				}
			})
			l.send(cancelMessage(i), fmt.Sprintf(`{"jsonrpc":"2.0","id":"fence-%d","method":"ping"}`, i))
			responses := 0
			for text := ""; !strings.Contains(text, "fence"); {
				if text = l.recv(); strings.Contains(text, "released") {
					responses++
				}
			}
			if responses > 1 {
				t.Fatalf("%d responses to one call", responses)
			}
			both.Wait()
		}
	})
}

func TestProgressTokenInUseIsNotServedTwice(t *testing.T) {
	overAll(t, func(t *testing.T, f *fixture, l *link) {
		l.send(callMessage(1, "hold", `{}`, `"progressToken":"same"`))
		l.want("holding")
		l.send(callMessage(2, "steps", `{"n":3}`, `"progressToken":"same"`))
		l.want(`"id":2`, "done")
		// 1, 1.0 and "1" are three tokens.
		for i, token := range []string{`1`, `1.0`, `"1"`} {
			l.send(callMessage(10+i, "hold", `{}`, `"progressToken":`+token))
			l.want(`"progressToken":` + token + `,`)
		}
		for range 4 {
			f.release <- struct{}{}
			l.want("released")
		}
		// Free again.
		l.send(callMessage(3, "steps", `{"n":1}`, `"progressToken":"same"`))
		l.want(`"progressToken":"same"`)
		l.want(`"id":3`)
	})
}

func TestProgressFloodIsCoalesced(t *testing.T) {
	overAll(t, func(t *testing.T, f *fixture, l *link) {
		start := time.Now()
		l.send(callMessage(1, "steps", `{"n":300000}`, `"progressToken":1`))
		last, count := 0.0, 0
		for {
			var m struct {
				Method string
				Params struct{ Progress float64 }
			}
			if err := json.Unmarshal([]byte(l.recv()), &m); err != nil {
				t.Fatal(err)
			}
			if m.Method == "" {
				break
			}
			if m.Params.Progress <= last {
				t.Fatalf("progress went from %v to %v", last, m.Params.Progress)
			}
			last = m.Params.Progress
			count++
		}
		if last != 300000 {
			t.Errorf("the last progress was %v", last)
		}
		if most := 12 + 11*int(time.Since(start)/time.Second+1); count > most {
			t.Errorf("%d notifications in %v", count, time.Since(start))
		}
	})
}

func TestNothingAfterTheResponse(t *testing.T) {
	overAll(t, func(t *testing.T, f *fixture, l *link) {
		late := make(chan func(), 1)
		if err := f.registry.Add(&tools.Tool{
			Definition: tools.Definition{Name: "late"},
			Handler:    lateReporter(late),
		}); err != nil {
			t.Fatal(err)
		}
		l.send(callMessage(1, "late", `{}`, `"progressToken":1,"io.modelcontextprotocol/logLevel":"debug"`))
		l.want(`"id":1`, "returned")
		(<-late)()
		l.send(pingMessage)
		l.want(`"id":"ping"`)
	})
}

func TestClientsDoNotMix(t *testing.T) {
	overAll(t, func(t *testing.T, f *fixture, first *link) {
		links := []*link{first, memoryLink(t, f.server), stdioLink(t, f.server)}
		var all sync.WaitGroup
		for n, l := range links {
			all.Go(func() {
				for i := range 300 {
					l.send(callMessage(i, "echo", fmt.Sprintf(`{"text":"client-%d-%d"}`, n, i), ""))
					if got := l.recv(); !strings.Contains(got, fmt.Sprintf(`"client-%d-%d"`, n, i)) {
						t.Errorf("client %d was answered %s", n, got)
						return
					}
				}
			})
		}
		all.Wait()
	})
}

// Messages over the bounds are refused with their ids, between others that are not.
func TestBoundsOfAMessage(t *testing.T) {
	overAll(t, func(t *testing.T, f *fixture, l *link) {
		for _, arguments := range []string{
			strings.Repeat(`{"text":`, 1000) + "1" + strings.Repeat("}", 1000),
			`{"text":[` + strings.Repeat("0,", 200_000) + `0]}`,
		} {
			l.send(callMessage("big", "echo", arguments, ""))
			l.want(`"id":"big"`, `"code":-32600`)
			l.send(callMessage("small", "echo", `{"text":"still here"}`, ""))
			l.want(`"id":"small"`, "still here")
		}
	})
}

// A handler's result that no message can hold is an error of its own call.
func TestResultsThatCannotBeSent(t *testing.T) {
	overAll(t, func(t *testing.T, f *fixture, l *link) {
		results := map[string]*tools.Result{
			"nan":     {Meta: map[string]any{"x": math.NaN()}},
			"unknown": {Content: []tools.Content{nil}},
			"nothing": nil,
		}
		for name, result := range results {
			if err := f.registry.Add(&tools.Tool{
				Definition: tools.Definition{Name: name},
				Handler:    tools.HandlerFunc(func(context.Context, *tools.Call) (*tools.Result, error) { return result, nil }),
			}); err != nil {
				t.Fatal(err)
			}
			l.send(callMessage(name, name, `{}`, ""))
			if got := l.want(`"id":"` + name + `"`); !strings.Contains(got, `"isError":true`) {
				t.Errorf("%s was answered %s", name, got)
			}
		}
	})
}

// What a handler puts into _meta under the names of the protocol is left out: it would
// stand there twice, or say something that only the server can.
func TestHandlersDoNotSetTheServersMeta(t *testing.T) {
	overAll(t, func(t *testing.T, f *fixture, l *link) {
		if err := f.registry.Add(&tools.Tool{
			Definition: tools.Definition{Name: "forger"},
			Handler: tools.HandlerFunc(func(context.Context, *tools.Call) (*tools.Result, error) {
				return &tools.Result{Meta: map[string]any{
					"io.modelcontextprotocol/serverInfo": "forged", "io.modelcontextprotocol/subscriptionId": "forged", "example.com/kept": 1,
				}}, nil
			}),
		}); err != nil {
			t.Fatal(err)
		}
		l.send(callMessage(1, "forger", `{}`, ""))
		if got := l.want(`"name":"fixture"`, `"example.com/kept":1`); strings.Contains(got, "forged") {
			t.Errorf("answered %s", got)
		}
	})
}
