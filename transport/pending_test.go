package transport

import (
	"context"
	"errors"
	"strings"
	"testing"

	"github.com/sluice-dev/sluice/executor"
	"github.com/sluice-dev/sluice/tools"
	"github.com/sluice-dev/sluice/transport/mcp"
)

// TestLateCallIsStopped checks that a call which begins when those of its connection have
// been stopped is stopped too, though its context never ends.
func TestLateCallIsStopped(t *testing.T) {
	t.Parallel()
	registry := &tools.Registry{}
	err := registry.Add(&tools.Tool{
		Definition: tools.Definition{Name: "obey"},
		Handler: tools.HandlerFunc(func(ctx context.Context, _ *tools.Call) (*tools.Result, error) {
			<-ctx.Done()
			return nil, context.Cause(ctx)
		}),
	})
	if err != nil {
		t.Fatal(err)
	}
	engine := executor.New(executor.Options{Registry: registry})
	server := NewServer(Options{
		Engine: engine, Registry: registry, Info: mcp.Implementation{Name: "test", Version: "1"},
	})
	c := newConn(t.Context(), server, nil, Peer{})
	c.stopCalls(errGraceOver)
	c.stopCalls(errPeerGone) // says nothing new
	failed := make(chan error, 1)
	job := engine.Job(c.callCtx, &executor.Request{Tool: "obey"})
	c.start(&pending{request: &request{}}, job, func(_ *tools.Result, err error) { failed <- err })
	var failure *executor.Error
	if err := <-failed; !errors.As(err, &failure) || failure.Kind != executor.KindCancelled || !errors.Is(err, errGraceOver) {
		t.Errorf("the call ended with %v", err)
	}
}

// TestCallOfALeavingConnection checks that a call which comes while its connection ends with
// the server is refused as the engine refuses it, with a time to try again.
func TestCallOfALeavingConnection(t *testing.T) {
	t.Parallel()
	registry := &tools.Registry{}
	server := NewServer(Options{
		Engine: executor.New(executor.Options{Registry: registry}), Registry: registry, Info: mcp.Implementation{Name: "test", Version: "1"},
	})
	c := newConn(t.Context(), server, nil, Peer{})
	c.out.begin = nil // nothing is written
	c.leaving = true
	m, fault := decode([]byte(`{"jsonrpc":"2.0","id":1,"method":"tools/call","params":{"name":"any","_meta":{"io.modelcontextprotocol/protocolVersion":"2026-07-28","io.modelcontextprotocol/clientCapabilities":{}}}}`))
	if fault != nil {
		t.Fatal(fault)
	}
	c.take(m, nil, nil)
	batch, _ := c.out.take(nil, 1)
	if len(batch) != 1 || !strings.Contains(string(batch[0]), `"kind":"shutting_down","retryAfterMs":1000`) {
		t.Errorf("it was answered %q", batch)
	}
}
