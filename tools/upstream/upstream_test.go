package upstream

import (
	"context"
	"errors"
	"fmt"
	"io"
	"slices"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/sluice-dev/sluice/executor"
	"github.com/sluice-dev/sluice/tools"
)

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

// Servers that ended at one moment are not started again at one moment: what they need may
// have gone down with them.
func TestServersComeBackApart(t *testing.T) {
	t.Parallel()
	var waits [2][]time.Duration
	t.Run("both", func(t *testing.T) {
		for i := range waits {
			t.Run("", func(t *testing.T) {
				play(t, nil, func(s *scene) {
					server := s.shake(named("read", ""))
					for range 10 {
						server.end()
						ended := time.Now()
						server = s.shake(named("read", ""))
						waits[i] = append(waits[i], time.Since(ended))
					}
				})
			})
		}
	})
	for n, one := range waits[0] {
		if other := waits[1][n]; one == other || max(one, other) > lastBackoff {
			t.Errorf("start %d came after %v of one and %v of the other", n, one, other)
		}
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

// A stubborn stream ends when it is killed, and not when it is closed.
type stubborn struct {
	killed chan struct{}
	once   sync.Once
}

func (s *stubborn) Read(context.Context) ([]byte, error) { <-s.killed; return nil, io.EOF }

func (s *stubborn) Write(context.Context, []byte) error { <-s.killed; return io.ErrClosedPipe }

func (s *stubborn) Close(int, string) error { <-s.killed; return nil }

func (s *stubborn) Kill() { s.once.Do(func() { close(s.killed) }) }

// What is opened just when there is no time left is ended at once too.
func TestCloseWhileOpening(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		opening := make(chan struct{})
		server := &stubborn{killed: make(chan struct{})}
		u, err := New(Spec{Name: "x", Open: func(context.Context) (Stream, error) { <-opening; return server, nil }}, &tools.Registry{})
		if err != nil {
			t.Fatal(err)
		}
		u.Start()
		over, cancel := context.WithCancel(t.Context())
		cancel()
		closed := make(chan struct{})
		go func() {
			defer close(closed)
			u.Close(over)
		}()
		synctest.Wait() // Close has killed what was open, which is nothing
		close(opening)
		synctest.Wait()
		select {
		case <-server.killed:
		default:
			t.Error("the server runs on")
			server.Kill()
		}
		<-closed
	})
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
