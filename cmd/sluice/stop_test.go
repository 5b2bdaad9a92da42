package main

import (
	"context"
	"log/slog"
	"testing"
	"testing/synctest"
	"time"

	"github.com/sluice-dev/sluice/executor"
	"github.com/sluice-dev/sluice/tools"
)

// stuck returns an engine with a handler that returns when it is released.
func stuck(t *testing.T, release <-chan struct{}) *executor.Engine {
	t.Helper()
	registry := &tools.Registry{}
	err := registry.Add(tools.Func("stuck", "", func(context.Context, struct{}) (string, error) {
		<-release
		return "", nil
	}))
	if err != nil {
		t.Fatal(err)
	}
	engine := executor.New(executor.Options{Registry: registry})
	engine.Go(t.Context(), &executor.Request{Tool: "stuck"}, func(*tools.Result, error) {})
	synctest.Wait()
	return engine
}

func TestAwaitOfAHandlerThatDoesNotReturn(t *testing.T) {
	t.Parallel()
	for _, test := range []struct {
		name   string
		forced time.Duration // when it is
		want   time.Duration
	}{
		{"never forced", time.Hour, hardStop},
		{"forced", 0, lastMoment},
		{"forced while it waits", time.Second, time.Second + lastMoment},
	} {
		t.Run(test.name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				forced, cancel := context.WithTimeout(t.Context(), test.forced)
				defer cancel()
				release := make(chan struct{})
				defer close(release)
				h := &host{engine: stuck(t, release), kill: func() {}}
				start := time.Now()
				h.await(forced, slog.New(slog.DiscardHandler))
				if took := time.Since(start); took != test.want {
					t.Errorf("it took %v, want %v", took, test.want)
				}
			})
		})
	}
}
