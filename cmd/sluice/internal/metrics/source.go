package metrics

import (
	"github.com/sluice-dev/sluice/executor"
	"github.com/sluice-dev/sluice/executor/audit"
	"github.com/sluice-dev/sluice/executor/history"
	"github.com/sluice-dev/sluice/tools/upstream"
	"github.com/sluice-dev/sluice/transport/websocket"
)

// A Source is where the numbers come from. Each function is called for each scrape, from
// several goroutines at once; those that are nil have nothing to tell.
type Source struct {
	Engine      func() executor.Metrics // required
	Draining    func() bool
	History     func() history.Health
	Audit       func() audit.Status
	Connections func() websocket.Stats
	Upstreams   func() []upstream.Status
	LogDropped  func() uint64
	Traces      func() Traces
	Build       Build
}

// Traces are the numbers of the export of traces.
type Traces struct{ Exported, Dropped uint64 }

// A Build says what the program was made from.
type Build struct{ Version, Revision, Go string }
