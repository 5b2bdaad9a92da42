package command

import (
	"time"
	"unsafe"

	"golang.org/x/sys/windows"

	"github.com/sluice-dev/sluice/tools/command/internal/shim"
	"github.com/sluice-dev/sluice/tools/internal/job"
)

// moment is in what Windows counts time.
const moment = 100 * time.Nanosecond

// accounting is JOBOBJECT_BASIC_ACCOUNTING_INFORMATION.
type accounting struct {
	userTime, kernelTime             int64 // in moments
	periodUserTime, periodKernelTime int64
	faults, total, active, ended     uint32
}

// job returns the limits of a job object. Memory is what the job has committed, which
// is refused where it would be more; the processor time ends the job.
func (r Resources) job() job.Limits {
	var l job.Limits
	basic := &l.BasicLimitInformation
	if r.Memory > 0 {
		basic.LimitFlags |= windows.JOB_OBJECT_LIMIT_JOB_MEMORY
		l.JobMemoryLimit = uintptr(r.Memory)
	}
	if r.Processes > 0 {
		basic.LimitFlags |= windows.JOB_OBJECT_LIMIT_ACTIVE_PROCESS
		basic.ActiveProcessLimit = uint32(min(r.Processes, 1<<31))
	}
	if r.CPU > 0 {
		basic.LimitFlags |= windows.JOB_OBJECT_LIMIT_JOB_TIME
		basic.PerJobUserTimeLimit = int64(r.CPU / moment)
	}
	return l
}

// used returns what the job has used.
func (g *group) used() usage {
	var times accounting
	var limits job.Limits
	u := usage{}
	if g.query(windows.JobObjectBasicAccountingInformation, unsafe.Pointer(&times), unsafe.Sizeof(times)) {
		u.CPU = time.Duration(times.userTime+times.kernelTime) * moment
		if g.limits.CPU > 0 && time.Duration(times.userTime)*moment >= g.limits.CPU {
			u.limit = shim.LimitCPU
		}
	}
	if g.query(windows.JobObjectExtendedLimitInformation, unsafe.Pointer(&limits), unsafe.Sizeof(limits)) {
		u.PeakMemory = int64(limits.PeakJobMemoryUsed)
	}
	u.Sandbox = g.layers
	return u
}

func (g *group) query(class int32, into unsafe.Pointer, size uintptr) bool {
	return windows.QueryInformationJobObject(g.job, class, uintptr(into), uint32(size), nil) == nil
}
