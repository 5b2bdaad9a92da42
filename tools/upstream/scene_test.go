package upstream

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

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

// waitPoll lets some time pass: more than what is looked at now and then needs.
func waitPoll() {
	time.Sleep(2 * pinPoll)
	synctest.Wait()
}
