package upstream

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"reflect"
	"sync"
	"testing"
	"testing/synctest"
	"time"
	"unsafe"

	"github.com/sluice-dev/sluice/tools"
)

const textResult = `{"resultType":"complete","content":[{"type":"text","text":"hi"}]}`

func TestCallToolSends(t *testing.T) {
	t.Parallel()
	ignore := func(tools.Progress) {}
	meta := `"io.modelcontextprotocol/protocolVersion":"2026-07-28","io.modelcontextprotocol/clientInfo":{"name":"sluice","version":"0.0.0"},"io.modelcontextprotocol/clientCapabilities":{}`
	tests := []struct {
		name, revision string
		arguments      string
		opts           CallOptions
		params         string
	}{
		{"modern", "2026-07-28", `{"a": 1.0,
			"b": -9007199254740993}`, CallOptions{}, `{"name":"t","arguments":{"a":1.0,"b":-9007199254740993},"_meta":{` + meta + `}}`},
		{"modern, progress", "2026-07-28", ``, CallOptions{OnProgress: ignore}, `{"name":"t","arguments":{},"_meta":{"progressToken":2,` + meta + `}}`},
		{"modern, notes", "2026-07-28", ``, CallOptions{OnLog: func(Note) {}}, `{"name":"t","arguments":{},"_meta":{` + meta + `,"io.modelcontextprotocol/logLevel":"info"}}`},
		{"modern, a level with nobody to listen", "2026-07-28", ``, CallOptions{LogLevel: "debug"}, `{"name":"t","arguments":{},"_meta":{` + meta + `}}`},
		{"modern, priority", "2026-07-28", ``, CallOptions{Priority: "batch"}, `{"name":"t","arguments":{},"_meta":{` + meta + `,"dev.sluice/priority":"batch"}}`},
		{"legacy, priority", "2025-06-18", `{}`, CallOptions{Priority: "batch"}, `{"name":"t","arguments":{},"_meta":{"dev.sluice/priority":"batch"}}`},
		{"legacy", "2024-11-05", `{}`, CallOptions{}, `{"name":"t","arguments":{}}`},
		{"legacy, progress", "2025-06-18", `{}`, CallOptions{OnProgress: ignore}, `{"name":"t","arguments":{},"_meta":{"progressToken":3}}`},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			t.Parallel()
			s := newScripted(t)
			client := connect(t, s, test.revision)
			go func() {
				call := s.expect("tools/call")
				compare(t, string(call.Params), test.params)
				s.result(call, textResult)
			}()
			var arguments json.RawMessage
			if test.arguments != "" {
				arguments = json.RawMessage(test.arguments)
			}
			result, err := client.CallTool(t.Context(), "t", arguments, test.opts)
			if err != nil {
				t.Fatal(err)
			}
			if want := []tools.Content{tools.Text{Text: "hi"}}; !reflect.DeepEqual(result.Content, want) {
				t.Errorf("content %v, want %v", result.Content, want)
			}
			compare(t, string(result.Raw), textResult)
		})
	}
}

func TestCallToolErrors(t *testing.T) {
	t.Parallel()
	tests := []struct {
		name, answer string // %s is the id
		check        func(error) bool
	}{
		{"refused", `{"jsonrpc":"2.0","id":%s,"error":{"code":-32602,"message":"bad","data":{"at":"/a"}}}`, func(err error) bool {
			var refusal *WireError
			return errors.As(err, &refusal) && refusal.Code == -32602 && refusal.Message == "bad" && string(refusal.Data) == `{"at":"/a"}`
		}},
		{"needs input", `{"jsonrpc":"2.0","id":%s,"result":{"resultType":"input_required","inputRequests":{}}}`, isProtocol},
		{"no object", `{"jsonrpc":"2.0","id":%s,"result":7}`, isProtocol},
		{"null", `{"jsonrpc":"2.0","id":%s,"error":7}`, isProtocol},
		{"invalid UTF-8", `{"jsonrpc":"2.0","id":%s,"result":{"content":[{"type":"text","text":"` + "\xff" + `"}]}}`, isProtocol},
		{"a name twice", `{"jsonrpc":"2.0","id":%s,"result":{"content":[],"content":[]}}`, isProtocol},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			t.Parallel()
			s := newScripted(t)
			client := connect(t, s, "2026-07-28")
			go func() { s.send(test.answer, s.expect("tools/call").ID) }()
			if _, err := client.CallTool(t.Context(), "t", nil, CallOptions{}); !test.check(err) {
				t.Errorf("error %v", err)
			}
		})
	}
	t.Run("arguments that are not JSON", func(t *testing.T) {
		t.Parallel()
		client := connect(t, newScripted(t), "2026-07-28")
		if _, err := client.CallTool(t.Context(), "t", json.RawMessage(`{`), CallOptions{}); err == nil {
			t.Error("no error")
		}
		checkForgotten(t, client)
	})
}

func isProtocol(err error) bool { return errors.Is(err, ErrProtocol) }

// checkForgotten checks that neither we nor Conn keep anything of past calls. The
// map of Conn can be counted from here, under its own lock, though not named.
func checkForgotten(t *testing.T, c *Client) {
	t.Helper()
	c.wire.settle(1 << 40)
	c.wire.settle(1 << 40) // taken once Conn is through with all that came before
	conn := reflect.ValueOf(c.conn).Elem()
	mu := (*sync.Mutex)(unsafe.Pointer(conn.FieldByName("mu").UnsafeAddr()))
	mu.Lock()
	kept := conn.FieldByName("pending").Len()
	mu.Unlock()
	c.wire.calls.mu.Lock()
	defer c.wire.calls.mu.Unlock()
	if ours := len(c.wire.calls.byID); kept != 0 || ours != 0 {
		t.Errorf("Conn keeps %d requests and the wire %d, want none", kept, ours)
	}
	c.wire.outbox.mu.Lock()
	defer c.wire.outbox.mu.Unlock()
	if waiting := c.wire.outbox.frames.Len(); waiting != 0 || len(c.wire.outbox.waiting) != 0 {
		t.Errorf("%d messages wait to be written, want none", waiting)
	}
}

func TestCancelTellsTheServer(t *testing.T) {
	t.Parallel()
	s := newScripted(t)
	client := connect(t, s, "2026-07-28")
	ctx, cancel := context.WithCancelCause(t.Context())
	cause := errors.New("changed my mind")
	failed := make(chan error)
	go func() {
		_, err := client.CallTool(ctx, "t", nil, CallOptions{OnProgress: func(tools.Progress) { t.Error("progress after the end") }})
		failed <- err
	}()
	call := s.expect("tools/call")
	cancel(cause)
	if err := <-failed; !errors.Is(err, cause) {
		t.Errorf("error %v, want %v", err, cause)
	}
	compare(t, string(s.expect("notifications/cancelled").Params), fmt.Sprintf(`{"requestId":%s,"reason":"the caller cancelled"}`, call.ID))
	s.send(`{"jsonrpc":"2.0","method":"notifications/progress","params":{"progressToken":%s,"progress":1}}`, call.ID)
	s.result(call, textResult)
	go func() { s.result(s.expect("tools/call"), textResult) }()
	if _, err := client.CallTool(t.Context(), "t", nil, CallOptions{}); err != nil {
		t.Errorf("the next call: %v", err)
	}
	if got, want := client.Stats(), (Stats{Unmatched: 2}); got != want {
		t.Errorf("counted %+v, want %+v", got, want)
	}
	checkForgotten(t, client)
}

func TestDeadlineTellsTheServer(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		s := newScripted(t)
		client := connect(t, s, "2025-11-25")
		ctx, cancel := context.WithTimeout(t.Context(), time.Hour)
		defer cancel()
		reason := make(chan string)
		go func() {
			s.expect("tools/call")
			reason <- string(s.expect("notifications/cancelled").Params)
		}()
		start := time.Now()
		if _, err := client.CallTool(ctx, "t", nil, CallOptions{}); !errors.Is(err, context.DeadlineExceeded) {
			t.Errorf("error %v", err)
		}
		if took := time.Since(start); took != time.Hour {
			t.Errorf("returned after %v", took)
		}
		compare(t, <-reason, `{"requestId":3,"reason":"the caller's deadline passed"}`)
		checkForgotten(t, client)
		client.Close()
	})
}

// A server that reads nothing must hold up nobody, and what it has not read it must
// not be sent once its caller has left.
func TestCancelWhileTheServerReadsNothing(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		s := newScripted(t)
		client := connect(t, s, "2026-07-28")
		ctx, cancel := context.WithCancel(t.Context())
		var callers sync.WaitGroup
		for range 100 {
			callers.Go(func() {
				if _, err := client.CallTool(ctx, "t", nil, CallOptions{}); !errors.Is(err, context.Canceled) {
					t.Errorf("error %v", err)
				}
			})
		}
		synctest.Wait() // the writer holds one request, 99 are in the outbox
		cancel()
		callers.Wait()
		first := s.expect("tools/call")
		if got := s.expect("notifications/cancelled"); string(got.Params) != fmt.Sprintf(`{"requestId":%s,"reason":"the caller cancelled"}`, first.ID) {
			t.Errorf("then came %s", got.text)
		}
		synctest.Wait()
		checkForgotten(t, client)
		client.Close()
	})
}

// A caller may give up what its callbacks use as soon as the call has returned.
func TestNoCallbackOutlivesItsCall(t *testing.T) {
	t.Parallel()
	s := newScripted(t)
	client := connect(t, s, "2026-07-28")
	ctx, cancel := context.WithCancel(t.Context())
	running, finish, returned := make(chan struct{}), make(chan struct{}), make(chan struct{})
	go func() {
		defer close(returned)
		_, _ = client.CallTool(ctx, "t", nil, CallOptions{OnProgress: func(tools.Progress) {
			close(running)
			<-finish
		}})
	}()
	call := s.expect("tools/call")
	s.send(`{"jsonrpc":"2.0","method":"notifications/progress","params":{"progressToken":%s,"progress":1}}`, call.ID)
	<-running
	cancel()
	s.expect("notifications/cancelled")
	select {
	case <-returned:
		t.Error("the call has returned while its callback runs")
	case <-time.After(20 * time.Millisecond): // real: a bubble does not take a mutex, on which the call is, for waiting
	}
	close(finish)
	<-returned
}

func TestDoneBeforeTheCall(t *testing.T) {
	t.Parallel()
	client := connect(t, newScripted(t), "2026-07-28")
	ctx, cancel := context.WithCancelCause(t.Context())
	cause := errors.New("too late")
	cancel(cause)
	if _, err := client.CallTool(ctx, "t", nil, CallOptions{}); !errors.Is(err, cause) {
		t.Errorf("error %v, want %v", err, cause)
	}
}

// TestManyCalls has thousands of calls in flight, answered in a mixed order, each
// with progress of its own.
func TestManyCalls(t *testing.T) {
	t.Parallel()
	const n = 2000
	s := newScripted(t)
	client := connect(t, s, "2026-07-28")
	go answerShuffled(s, n)
	var callers sync.WaitGroup
	for i := range n {
		callers.Go(func() {
			var last float64
			result, err := client.CallTool(t.Context(), "echo", fmt.Appendf(nil, `{"i":%d}`, i), CallOptions{
				OnProgress: func(p tools.Progress) { last = p.Done },
			})
			if err != nil {
				t.Error(err)
				return
			}
			if got, want := result.Content[0].(tools.Text).Text, fmt.Sprintf(`{"i":%d}`, i); got != want {
				t.Errorf("call %d was answered %s", i, got)
			}
			if last != float64(i) {
				t.Errorf("call %d was given the progress %v", i, last)
			}
		})
	}
	callers.Wait()
	if got := client.Stats(); got != (Stats{}) {
		t.Errorf("counted %+v, want nothing", got)
	}
	checkForgotten(t, client)
}

// answerShuffled takes n calls and answers them, the last first.
func answerShuffled(s *scripted, n int) {
	requests := make([]*received, n)
	for i := range requests {
		requests[n-1-i] = s.expect("tools/call")
	}
	for _, request := range requests {
		var params struct {
			Arguments json.RawMessage
			Meta      struct{ ProgressToken uint64 } `json:"_meta"`
		}
		var arguments struct{ I int }
		if err := errors.Join(json.Unmarshal(request.Params, &params), json.Unmarshal(params.Arguments, &arguments)); err != nil {
			s.t.Error(err)
		}
		s.send(`{"jsonrpc":"2.0","method":"notifications/progress","params":{"progressToken":%d,"progress":%d}}`, params.Meta.ProgressToken, arguments.I)
		text, _ := json.Marshal(string(params.Arguments))
		s.result(request, fmt.Sprintf(`{"content":[{"type":"text","text":%s}]}`, text))
	}
}
