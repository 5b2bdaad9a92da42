package main

import (
	"context"
	"time"

	"github.com/sluice-dev/sluice/cmd/sluice/internal/config"
	"github.com/sluice-dev/sluice/cmd/sluice/internal/journal"
	"github.com/sluice-dev/sluice/cmd/sluice/internal/tracing"
	"github.com/sluice-dev/sluice/executor"
)

// lastSpans is how long the collector may take at the end for the spans that are left.
const lastSpans = 2 * time.Second

// openTraces has the engine's calls traced, where the config or the environment asks for
// it. A server that cannot serves all the same, and says so.
func (h *host) openTraces(cfg *config.Config, options *executor.Options) {
	t := &cfg.Traces
	if t.Off || tracing.Disabled() || t.Endpoint == "" && !tracing.FromEnvironment() {
		return
	}
	provider, err := newTraces(cfg, options)
	if err != nil {
		options.Logger.Error("calls are not traced", "error", err)
		return
	}
	h.traces, options.Tracer = provider, provider
}

func newTraces(cfg *config.Config, options *executor.Options) (*tracing.Provider, error) {
	t := &cfg.Traces
	o := tracing.Options{
		Endpoint: t.Endpoint,
		Header:   t.Header,
		Sample:   t.Sample,
		Service:  cfg.Name,
		Version:  buildVersion().Version,
		Logger:   options.Logger,
		Mask:     journal.Mask,
	}
	if t.TokenEnv != "" || t.TokenFile != "" {
		o.Secret = hiding(t.Secret)
	}
	if t.CAFile != "" {
		var err error
		if o.RootCAs, err = readAuthorities(t.CAFile); err != nil {
			return nil, err
		}
	}
	return tracing.New(o)
}

// closeTraces sends the spans that are left. A collector that hangs holds the stop up no
// longer than that takes.
func (h *host) closeTraces(forced context.Context) {
	if h.traces == nil {
		return
	}
	limit := lastSpans
	if forced.Err() != nil {
		limit = lastMoment
	}
	ctx, cancel := context.WithTimeout(context.Background(), limit)
	defer cancel()
	h.traces.Close(ctx)
}
