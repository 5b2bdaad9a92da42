package main

import (
	"encoding/json"
	"fmt"
	"time"

	"github.com/sluice-dev/sluice/executor"
	"github.com/sluice-dev/sluice/executor/history"
	"github.com/sluice-dev/sluice/tools/upstream"
	"github.com/sluice-dev/sluice/transport/mcp"
)

// An outcome is what a Sluice says of a call in the _meta of its result. Of other
// servers nothing is known.
type outcome struct {
	kind       executor.Kind // empty for a result of the tool's own
	retryAfter time.Duration // 0 where there is no such time
	cached     string        // what part the cache had in it; empty where it had none
}

func outcomeOf(result *upstream.Result) outcome {
	var failure struct {
		Kind         executor.Kind `json:"kind"`
		RetryAfterMs int64         `json:"retryAfterMs"`
	}
	var o outcome
	if readMeta(result, mcp.MetaError, &failure) {
		o.kind = failure.Kind
		o.retryAfter = time.Duration(max(failure.RetryAfterMs, 0)) * time.Millisecond
	}
	readMeta(result, mcp.MetaCache, &o.cached)
	return o
}

// readMeta reads an entry of a result's _meta, and reports whether it is there and of
// this form.
func readMeta(result *upstream.Result, key string, into any) bool {
	entry, ok := result.Meta[key]
	if !ok {
		return false
	}
	text, err := json.Marshal(entry)
	return err == nil && json.Unmarshal(text, into) == nil
}

// exitCode is that of a result with isError: wrong arguments are told from other failures
// where the server says so.
func (o outcome) exitCode() int {
	if o.kind == executor.KindInvalidArguments {
		return exitUsage
	}
	return exitFailure
}

// hint says when to try again; it is empty where that is not known.
func (o outcome) hint() string {
	if o.retryAfter == 0 {
		return ""
	}
	return fmt.Sprintf("try again in %v", o.retryAfter)
}

// note says of a result how it came, where it is not fresh.
func (o outcome) note() string {
	switch o.cached {
	case string(history.CacheHit):
		return "(from the server's cache)"
	case string(history.CacheCoalesced):
		return "(shared with an identical call)"
	}
	return ""
}
