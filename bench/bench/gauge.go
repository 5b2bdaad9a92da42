package main

import (
	"bytes"
	"fmt"
	"os"
	"strconv"
	"time"

	"github.com/shirou/gopsutil/v4/process"
)

// A gauge reads what the operating system knows of a process. It is not safe for
// concurrent use.
type gauge struct {
	info *process.Process
	most float64 // resident bytes seen so far
}

func newGauge(pid int) (gauge, error) {
	info, err := process.NewProcess(int32(pid))
	return gauge{info: info}, err
}

// cpu returns the processor time used so far, in user and system mode.
func (g *gauge) cpu() (time.Duration, error) {
	times, err := g.info.Times()
	if err != nil {
		return 0, err
	}
	return time.Duration((times.User + times.System) * float64(time.Second)), nil
}

// rss returns the memory that is resident now, in bytes.
func (g *gauge) rss() (float64, error) {
	memory, err := g.info.MemoryInfo()
	if err != nil {
		return 0, err
	}
	g.most = max(g.most, float64(memory.RSS))
	return float64(memory.RSS), nil
}

// peak returns the most memory that was resident, in bytes: since the start of the
// process where the system keeps it (Linux), elsewhere what was seen by rss. (What
// wait tells of a child that has ended will not do: it counts what its parent had
// before the exec.)
func (g *gauge) peak() (float64, error) {
	if _, err := g.rss(); err != nil {
		return 0, err
	}
	if status, err := os.ReadFile(fmt.Sprintf("/proc/%d/status", g.info.Pid)); err == nil {
		g.most = max(g.most, highWater(status))
	}
	return g.most, nil
}

// highWater returns the high-water mark of a Linux process's status in bytes; 0 where
// it has none.
func highWater(status []byte) float64 {
	_, rest, _ := bytes.Cut(status, []byte("VmHWM:"))
	line, _, _ := bytes.Cut(rest, []byte("\n"))
	number, ok := bytes.CutSuffix(bytes.TrimSpace(line), []byte(" kB"))
	if !ok {
		return 0
	}
	kib, _ := strconv.ParseFloat(string(number), 64)
	return kib * 1024
}
