package main

import (
	"context"
	"encoding/json"
	"errors"
	"log/slog"
	"testing"
	"testing/synctest"
	"time"

	"github.com/sluice-dev/sluice/cmd/sluice/internal/config"
	"github.com/sluice-dev/sluice/executor"
	"github.com/sluice-dev/sluice/tools"
)

// onStarter calls a built-in tool and returns its progress beside its result.
func onStarter(t *testing.T, ctx context.Context, tool, arguments string) (*tools.Result, []tools.Progress, error) {
	t.Helper()
	cfg := config.Starter()
	cfg.Engine.History.Off = true // its file knows no virtual time
	h, err := newHost(cfg, slog.New(slog.DiscardHandler))
	if err != nil {
		t.Fatal(err)
	}
	var said []tools.Progress
	result, err := h.engine.Execute(ctx, &executor.Request{
		Tool: tool, Arguments: json.RawMessage(arguments), OnProgress: func(p tools.Progress) { said = append(said, p) },
	})
	return result, said, err
}

func TestEcho(t *testing.T) {
	t.Parallel()
	result, _, err := onStarter(t, t.Context(), "echo", `{"text":"hi\n"}`)
	if err != nil || result.Content[0].(tools.Text).Text != "hi\n" {
		t.Errorf("got %v, %v", result, err)
	}
}

func TestCountdownReportsEachStep(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		start := time.Now()
		_, said, err := onStarter(t, t.Context(), "countdown", `{"from":3}`)
		if err != nil || time.Since(start) != 3*defaultInterval {
			t.Errorf("got %v after %v", err, time.Since(start))
		}
		want := []tools.Progress{{Done: 1, Total: 3, Message: "2 left"}, {Done: 2, Total: 3, Message: "1 left"}, {Done: 3, Total: 3, Message: "0 left"}}
		if len(said) != len(want) {
			t.Fatalf("got %v", said)
		}
		for i := range want {
			if said[i] != want[i] {
				t.Errorf("got %v, want %v", said[i], want[i])
			}
		}
	})
}

func TestCountdownAtItsLongest(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		if _, said, err := onStarter(t, t.Context(), "countdown", `{"from":600,"interval_ms":1000}`); err != nil || len(said) != 600 {
			t.Errorf("%d steps, %v", len(said), err)
		}
	})
}

func TestCountdownWithoutInterval(t *testing.T) {
	t.Parallel()
	if _, _, err := onStarter(t, t.Context(), "countdown", `{"from":600,"interval_ms":0}`); err != nil {
		t.Error(err)
	}
}

func TestCountdownStopsWhenCancelled(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		ctx, cancel := context.WithTimeout(t.Context(), 2*defaultInterval+time.Millisecond)
		defer cancel()
		start := time.Now()
		_, said, err := onStarter(t, ctx, "countdown", `{"from":600}`)
		if !errors.Is(err, context.DeadlineExceeded) || len(said) != 2 {
			t.Errorf("%d steps, %v", len(said), err)
		}
		if took := time.Since(start); took != 2*defaultInterval+time.Millisecond {
			t.Errorf("it took %v", took)
		}
	})
}

func TestStarterBounds(t *testing.T) {
	t.Parallel()
	for _, arguments := range []string{`{}`, `{"from":0}`, `{"from":601}`, `{"from":1.5}`, `{"from":1,"interval_ms":1001}`, `{"from":1,"interval_ms":-1}`, `{"from":1,"to":0}`} {
		if _, _, err := onStarter(t, t.Context(), "countdown", arguments); !errors.Is(err, executor.ErrInvalidArguments) {
			t.Errorf("%s: %v", arguments, err)
		}
	}
}
