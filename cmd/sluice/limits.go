package main

import (
	"time"

	"github.com/sluice-dev/sluice/cmd/sluice/internal/config"
	"github.com/sluice-dev/sluice/executor"
	"github.com/sluice-dev/sluice/tools"
)

// engineOptions says in the terms of the engine what the config says of it.
func engineOptions(e *config.Engine) executor.Options {
	options := executor.Options{
		Concurrency:    e.Concurrency,
		Queue:          int(e.Queue.Value),
		QueueBytes:     int64(e.QueueBytes.Value),
		InFlightBytes:  int64(e.InFlightBytes.Value),
		QueueTimeout:   time.Duration(e.QueueTimeout.Value),
		Rate:           tools.Rate(e.Rate),
		CallerRate:     tools.Rate(e.CallerRate),
		RateWait:       time.Duration(e.RateWait),
		Breaker:        breaker(&e.Breaker),
		RepeatFailures: int(e.RepeatFailures.Value),
		Timeout:        time.Duration(e.Timeout.Value),
		IdleTimeout:    time.Duration(e.IdleTimeout),
		Heartbeat:      time.Duration(e.Heartbeat.Value),
		ResultBytes:    int64(e.Result.Value),
		CacheEntries:   e.Cache.Entries,
		CacheBytes:     int64(e.Cache.Bytes),
	}
	if e.Cache.Off {
		options.CacheEntries = -1
	}
	return options
}

// limits says what the config holds the calls of a tool to.
func limits(t *config.Tool) tools.Limits {
	return tools.Limits{
		Concurrency:    t.Concurrency,
		QueueTimeout:   time.Duration(t.QueueTimeout.Value),
		Rate:           tools.Rate(t.Rate),
		CallerRate:     tools.Rate(t.CallerRate),
		Timeout:        time.Duration(t.Timeout.Value),
		Adaptive:       adaptive(t.Adaptive),
		IdleTimeout:    time.Duration(t.IdleTimeout.Value),
		Breaker:        breaker(&t.Breaker),
		RepeatFailures: int(t.RepeatFailures.Value),
		ResultBytes:    int64(t.Limits.Result.Value),
		Truncate:       t.Limits.Truncate,
		Cache:          reuse(t.Cache),
	}
}

func breaker(b *config.Breaker) tools.Breaker {
	return tools.Breaker{
		Off:             b.Off,
		Failures:        int(b.Failures.Value),
		Share:           float64(b.Share.Value),
		Window:          time.Duration(b.Window),
		MinCalls:        b.MinCalls,
		Open:            time.Duration(b.Open),
		MaxOpen:         time.Duration(b.MaxOpen),
		CountToolErrors: b.CountToolErrors,
	}
}

func adaptive(a *config.Adaptive) *tools.Adaptive {
	if a == nil {
		return nil
	}
	return &tools.Adaptive{
		Factor:  a.Factor,
		Floor:   time.Duration(a.Floor.Value),
		Ceiling: time.Duration(a.Ceiling),
	}
}

func reuse(r *config.Reuse) *tools.Cache {
	if r == nil {
		return nil
	}
	return &tools.Cache{TTL: time.Duration(r.TTL.Value), Shared: r.Shared}
}
