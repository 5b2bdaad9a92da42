package main

import (
	"context"
	"log/slog"
	"testing"
	"testing/synctest"
	"time"
)

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
				h := &host{}
				h.handlers.Add(1)
				defer h.handlers.Done()
				start := time.Now()
				h.await(forced, slog.New(slog.DiscardHandler))
				if took := time.Since(start); took != test.want {
					t.Errorf("it took %v, want %v", took, test.want)
				}
			})
		})
	}
}
