package executor

import (
	"sync/atomic"

	"github.com/sluice-dev/sluice/tools"
)

// ReportUsage takes what a process of the call has used. It counts for the tool even
// where the caller is answered and the record written: what an abandoned call has used
// up is not to be lost.
func (v vitals) ReportUsage(u tools.Usage) { v.x.use(u) }

// ReportUsage takes what a process of the flight has used, which is charged to its
// leader: see flight.complete.
func (f *fan) ReportUsage(u tools.Usage) { f.x.use(u) }

func (x *Execution) use(u tools.Usage) {
	x.note(func(r *Record) {
		r.CPU += u.CPU
		r.PeakMemory = max(r.PeakMemory, u.PeakMemory)
		if u.Sandbox != "" {
			r.Sandbox = u.Sandbox
		}
	})
	if x.tool != nil {
		x.tool.usage.add(u)
	}
}

// usage sums up what processes have used. Calls without any cost it nothing.
type usage struct {
	cpu  atomic.Int64 // nanoseconds
	peak atomic.Int64 // bytes
}

func (s *usage) add(u tools.Usage) {
	s.cpu.Add(int64(u.CPU))
	for {
		old := s.peak.Load()
		if u.PeakMemory <= old || s.peak.CompareAndSwap(old, u.PeakMemory) {
			return
		}
	}
}
