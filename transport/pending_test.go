package transport

import (
	"context"
	"errors"
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
