package tools

import (
	"context"
	"time"
)

// Usage is what processes used that a handler ran for a call.
type Usage struct {
	// CPU is the processor time, of user and system together.
	CPU time.Duration
	// PeakMemory is the most memory that was resident, in bytes; 0 where it is not
	// known.
	PeakMemory int64
	// Sandbox names what contained the processes, for the record and the audit log;
	// empty where nothing did.
	Sandbox string
}

// ReportUsage says what processes of the call have used, once they have ended. It goes
// into the record and the metrics of the call and not to its caller. A handler that
// runs several processes reports each: times add up, of the peaks the highest counts.
// Like [Report] it may be called from any goroutine and never blocks.
func ReportUsage(ctx context.Context, u Usage) {
	if r, ok := ctx.Value(reporterKey{}).(Reporter); ok {
		r.ReportUsage(u)
	}
}
