package upstream

import (
	"context"
	"errors"
	"fmt"
	"io"
	"slices"
	"strings"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"github.com/sluice-dev/sluice/executor"
	"github.com/sluice-dev/sluice/tools"
)

// A scene is an upstream whose servers a test writes out, in virtual time.
type scene struct {
	*testing.T
	*Upstream
	registry *tools.Registry
	opened   chan *scripted
	changes  atomic.Int32 // of the registry
}

// play runs a test with a server named files.
func play(t *testing.T, change func(*Spec), test func(*scene)) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		s := &scene{T: t, registry: &tools.Registry{}, opened: make(chan *scripted)}
		spec := Spec{Name: "files", Open: func(ctx context.Context) (Stream, error) {
			server := newScripted(t)
			select {
			case s.opened <- server:
				return server, nil
			case <-ctx.Done():
				return nil, context.Cause(ctx)
			}
		}}
		if change != nil {
			change(&spec)
		}
		var err error
		if s.Upstream, err = New(spec, s.registry); err != nil {
			t.Fatal(err)
		}
		defer s.registry.Subscribe(func() { s.changes.Add(1) })()
		s.Start()
		test(s)
		s.Close(t.Context())
		if n := s.registry.Snapshot().Len(); n != 0 {
			t.Errorf("%d tools are left behind", n)
		}
		if got := s.Status().State; got != StateClosed {
			t.Errorf("state %q", got)
		}
	})
}

// shake opens the next server, which is of a legacy kind and lists these tools.
func (s *scene) shake(list ...string) *scripted {
	s.Helper()
	server := <-s.opened
	server.refuse(server.expect("server/discover"), -32601)
	server.result(server.expect("initialize"), initializeResult)
	server.expect("notifications/initialized")
	server.list(list...)
	synctest.Wait()
	return server
}

func (s *scripted) list(list ...string) {
	s.result(s.expect("tools/list"), `{"tools":[`+strings.Join(list, ",")+`]}`)
}

// end has the server end as a program that crashes.
func (s *scripted) end() { close(s.ended) }

// named is a tool as servers list it.
func named(name, description string) string {
	return fmt.Sprintf(`{"name":%q,"description":%q,"inputSchema":{"type":"object"}}`, name, description)
}

func (s *scene) tools() string {
	var all []string
	for entry := range s.registry.Snapshot().All() {
		all = append(all, entry.Name)
	}
	return strings.Join(all, " ")
}

// call calls a tool as an engine would.
func (s *scene) call(ctx context.Context, tool string) (*tools.Result, error) {
	entry, ok := s.registry.Snapshot().Lookup(tool)
	if !ok {
		s.Fatalf("there is no tool %q among %s", tool, s.tools())
	}
	return entry.Handler.Call(ctx, &tools.Call{Tool: tool, Arguments: []byte(`{"a":1.0}`)})
}

func (s *scene) wantDown(what string, err error) {
	s.Helper()
	if err == nil || !strings.Contains(err.Error(), what) || !strings.Contains(err.Error(), `"files"`) || !errors.Is(err, tools.ErrUnreachable) {
		s.Errorf("error %v, want one that names the server and says %q", err, what)
	}
}

func TestToolsArriveUnderTheirPrefix(t *testing.T) {
	play(t, func(s *Spec) { s.Prefix = "f_"; s.Limits.Concurrency = 3 }, func(s *scene) {
		if s.Status().State != StateStarting {
			s.Error("it is up before it was started")
		}
		server := s.shake(named("read", "Reads."), named("write", "Writes."))
		<-s.Settled()
		if got := s.tools(); got != "f_read f_write" || s.changes.Load() != 1 {
			s.Errorf("served are %s after %d changes", got, s.changes.Load())
		}
		go func() {
			call := server.expect("tools/call")
			compare(s.T, string(call.Params), `{"name":"read","arguments":{"a":1.0},"_meta":{"progressToken":4}}`)
			server.result(call, `{"content":[{"type":"text","text":"done"}]}`)
		}()
		result, err := s.call(s.Context(), "f_read")
		if err != nil || result.Content[0].(tools.Text).Text != "done" {
			s.Errorf("%+v, %v", result, err)
		}
		entry, _ := s.registry.Snapshot().Lookup("f_read")
		if entry.Limits.Concurrency != 3 || entry.Description != "Reads." {
			s.Errorf("the tool is %+v", entry.Tool)
		}
		if got := s.Status(); got.State != StateUp || got.Tools != 2 || got.Server.Revision != "2025-11-25" {
			s.Errorf("status %+v", got)
		}
	})
}

// A server that hangs while it starts is given up after the timeout, and started again.
func TestStartHangs(t *testing.T) {
	for name, hang := range map[string]func(*scripted){
		"at the handshake": func(s *scripted) { s.expect("server/discover") },
		"at the list": func(s *scripted) {
			s.result(s.expect("server/discover"), discoverResult)
			s.expect("tools/list")
		},
	} {
		t.Run(name, func(t *testing.T) {
			play(t, func(s *Spec) { s.StartTimeout = 5 * time.Second }, func(s *scene) {
				begun := time.Now()
				server := <-s.opened
				go func() {
					hang(server)
					for server.next() != nil { // it reads on
					}
				}()
				<-s.Settled()
				if took := time.Since(begun); took < 5*time.Second || took > 7*time.Second {
					s.Errorf("it was given up after %v", took)
				}
				status := s.Status()
				if status.State != StateDown || !errors.Is(status.Err, errStartTimeout) || status.Retry.Before(time.Now()) {
					s.Errorf("status %+v", status)
				}
				s.shake(named("read", ""))
				if s.tools() != "read" {
					s.Error("it was not started again")
				}
			})
		})
	}
}

func TestCrash(t *testing.T) {
	play(t, nil, func(s *scene) {
		server := s.shake(named("read", ""))
		cut := make(chan error)
		go func() {
			_, err := s.call(s.Context(), "read")
			cut <- err
		}()
		server.expect("tools/call")
		crashed := time.Now()
		server.end()
		s.wantDown("cut off", <-cut)
		if time.Now() != crashed {
			s.Error("the call did not fail at once")
		}
		synctest.Wait()
		if s.tools() != "read" || s.changes.Load() != 1 {
			s.Error("the tools left with the crash")
		}
		_, err := s.call(s.Context(), "read")
		s.wantDown("being started again", err)
		if time.Now() != crashed {
			s.Error("a call waits for a server that is down")
		}
		server = s.shake(named("read", ""))
		go func() { server.result(server.expect("tools/call"), `{}`) }()
		if _, err := s.call(s.Context(), "read"); err != nil || s.changes.Load() != 1 {
			s.Errorf("after the restart: %v, %d changes", err, s.changes.Load())
		}
		if got := s.Status().Starts; got != 2 {
			s.Errorf("%d starts", got)
		}
	})
}

func TestBackoff(t *testing.T) {
	t.Parallel()
	most := func(n int64) int64 { return n - 1 }
	var bounds []time.Duration
	for failures := range 100 {
		bounds = append(bounds, (backoff(failures, most) + 1).Round(time.Millisecond))
	}
	want := []time.Duration{500 * time.Millisecond, 500 * time.Millisecond, time.Second, 2 * time.Second, 4 * time.Second, 8 * time.Second, 16 * time.Second, 30 * time.Second}
	if !slices.Equal(bounds[:8], want) || slices.Max(bounds) != 30*time.Second || bounds[99] != 30*time.Second {
		t.Errorf("bounds %v", bounds)
	}
	if backoff(5, func(int64) int64 { return 0 }) != 0 {
		t.Error("the jitter is not full")
	}
}

// A server that ends again and again is started ever more seldom; one that was up for
// long enough begins anew.
func TestCrashLoop(t *testing.T) {
	play(t, nil, func(s *scene) {
		begun := time.Now()
		for range 40 {
			server := s.shake(named("read", ""))
			server.end()
		}
		if took := time.Since(begun); took < 3*time.Minute || took > 40*lastBackoff {
			s.Errorf("40 starts took %v", took)
		}
		server := s.shake(named("read", ""))
		time.Sleep(steady)
		server.end()
		down := time.Now()
		s.shake(named("read", ""))
		if took := time.Since(down); took > firstBackoff {
			s.Errorf("after a steady while it was started again in %v", took)
		}
	})
}

// Some legacy servers end at the probe.
func TestServerThatEndsAtTheProbe(t *testing.T) {
	play(t, nil, func(s *scene) {
		begun := time.Now()
		server := <-s.opened
		server.expect("server/discover")
		server.end()
		for range 2 {
			server = <-s.opened
			server.result(server.expect("initialize"), initializeResult)
			server.expect("notifications/initialized")
			server.list(named("read", ""))
			synctest.Wait()
			if s.tools() != "read" {
				s.Errorf("served are %q", s.tools())
			}
			if begun != time.Now() && s.Status().Starts == 1 {
				s.Error("it was not started again at once")
			}
			server.end()
		}
	})
}

func TestListChanges(t *testing.T) {
	play(t, nil, func(s *scene) {
		server := s.shake(named("a", ""), named("b", ""), named("c", ""))
		kept, _ := s.registry.Snapshot().Lookup("a")
		for range 5 { // they count as one
			server.send(`{"jsonrpc":"2.0","method":"notifications/tools/list_changed"}`)
		}
		server.list(named("a", ""), named("b", "new"), named("d", ""))
		synctest.Wait()
		if s.tools() != "a b d" || s.changes.Load() != 2 {
			s.Errorf("served are %s after %d changes", s.tools(), s.changes.Load())
		}
		if again, _ := s.registry.Snapshot().Lookup("a"); again != kept {
			s.Error("a tool that stayed is another")
		}
		listed := time.Now()
		server.list(named("a", ""), named("b", "new"), named("d", "")) // the rest of the five
		if took := time.Since(listed); took < listPause {
			s.Errorf("listed again after %v", took)
		}
		synctest.Wait()
		if s.changes.Load() != 2 {
			s.Error("what stayed as it was is a change")
		}
		server.send(`{"jsonrpc":"2.0","method":"notifications/tools/list_changed"}`)
		server.refuse(server.expect("tools/list"), -32603)
		synctest.Wait()
		if s.tools() != "a b d" {
			s.Error("a list that fails takes tools out")
		}
	})
}

func TestModernServerIsListenedTo(t *testing.T) {
	play(t, nil, func(s *scene) {
		server := <-s.opened
		server.result(server.expect("server/discover"), strings.Replace(discoverResult, `"tools":{}`, `"tools":{"listChanged":true}`, 1))
		server.list(named("a", ""))
		for range 2 { // it ends the first subscription
			listen := server.expect("subscriptions/listen")
			server.send(`{"jsonrpc":"2.0","method":"notifications/subscriptions/acknowledged","params":{"_meta":{"io.modelcontextprotocol/subscriptionId":%s},"notifications":{"toolsListChanged":true}}}`, listen.ID)
			server.list(named("a", ""), named("b", "")) // it may have changed in between
			synctest.Wait()
			if s.tools() != "a b" {
				s.Errorf("served are %q", s.tools())
			}
			server.result(listen, `{"resultType":"complete"}`)
		}
	})
}

func TestCollisionsAreRefused(t *testing.T) {
	play(t, nil, func(s *scene) {
		own := &tools.Tool{Definition: tools.Definition{Name: "read"}, Handler: tools.HandlerFunc(func(context.Context, *tools.Call) (*tools.Result, error) { return nil, io.EOF })}
		if err := s.registry.Add(own); err != nil {
			s.Fatal(err)
		}
		s.shake(named("read", "theirs"), named("not a name", ""), named("write", ""), `{"name":"broken","inputSchema":{"type":"object","properties":7}}`)
		if s.tools() != "read write" || s.Status().Tools != 1 {
			s.Errorf("served are %s, %d of the server", s.tools(), s.Status().Tools)
		}
		s.Close(s.Context())
		if s.tools() != "read" {
			s.Errorf("left are %q", s.tools())
		}
		s.registry.Remove("read")
	})
}

// Running calls go on while the upstream is closed, and are cut when there is no time.
func TestCloseWaitsForCalls(t *testing.T) {
	for _, patient := range []bool{true, false} {
		t.Run(fmt.Sprint(patient), func(t *testing.T) {
			play(t, nil, func(s *scene) {
				server := s.shake(named("read", ""))
				answer := make(chan error)
				go func() {
					_, err := s.call(s.Context(), "read")
					answer <- err
				}()
				call := server.expect("tools/call")
				ctx, cancel := context.WithTimeout(s.Context(), 5*time.Second)
				defer cancel()
				closed := make(chan struct{})
				go func() {
					defer close(closed)
					s.Close(ctx)
				}()
				synctest.Wait()
				if s.tools() != "" {
					s.Error("its tools are still there")
				}
				if patient {
					server.result(call, `{}`)
				}
				if err := <-answer; (err == nil) != patient || err != nil && !strings.Contains(err.Error(), "not used any more") {
					s.Errorf("error %v", err)
				}
				<-closed
			})
		})
	}
}

func TestNeverStarted(t *testing.T) {
	t.Parallel()
	u, err := New(Spec{Name: "x", Open: func(context.Context) (Stream, error) { return nil, io.EOF }}, &tools.Registry{})
	if err != nil {
		t.Fatal(err)
	}
	u.Close(t.Context())
	u.Start()
	u.Close(t.Context())
}

// The breaker of an engine opens for the tools of a server that is down, and others go on.
func TestBreakerHolds(t *testing.T) {
	play(t, nil, func(s *scene) {
		echo := tools.Func("echo", "", func(context.Context, struct{}) (string, error) { return "", nil })
		if err := s.registry.Add(echo); err != nil {
			s.Fatal(err)
		}
		defer s.registry.Remove("echo")
		engine := executor.New(executor.Options{Registry: s.registry})
		s.shake(named("read", "")).end()
		synctest.Wait()
		var err error
		for range 30 {
			_, err = engine.Execute(s.Context(), &executor.Request{Tool: "read"})
			if _, err := engine.Execute(s.Context(), &executor.Request{Tool: "echo"}); err != nil {
				s.Errorf("another tool: %v", err)
			}
		}
		if !errors.Is(err, executor.ErrCircuitOpen) {
			s.Errorf("error %v", err)
		}
		if err := engine.Drain(s.Context()); err != nil {
			s.Error(err)
		}
	})
}

// waitPoll lets some time pass: more than what is looked at now and then needs.
func waitPoll() {
	time.Sleep(2 * pinPoll)
	synctest.Wait()
}
