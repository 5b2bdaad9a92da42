package page

import (
	"cmp"
	"fmt"
	"runtime"
	"strings"
	"time"

	"github.com/shirou/gopsutil/v4/cpu"
	"github.com/shirou/gopsutil/v4/host"
	system "github.com/shirou/gopsutil/v4/load"
	"github.com/shirou/gopsutil/v4/mem"
)

// Machine names the machine and its system.
func Machine() string {
	model, memory, name := "unknown processor", "", runtime.GOOS
	if infos, err := cpu.Info(); err == nil && len(infos) > 0 {
		model = cmp.Or(strings.TrimSpace(infos[0].ModelName), model)
	}
	if m, err := mem.VirtualMemory(); err == nil {
		memory = fmt.Sprintf(", %.0f GiB", float64(m.Total)/(1<<30))
	}
	if h, err := host.Info(); err == nil {
		name = strings.Join(strings.Fields(fmt.Sprintf("%s %s, kernel %s", h.Platform, h.PlatformVersion, h.KernelVersion)), " ")
	}
	return fmt.Sprintf("%s, %d processors%s; %s, %s/%s", model, runtime.NumCPU(), memory, name, runtime.GOOS, runtime.GOARCH)
}

// Loaded says when it is and what else the machine does.
func Loaded() string {
	when := time.Now().Format(time.DateOnly)
	if l, err := system.Avg(); err == nil {
		return fmt.Sprintf("%s, load average %.1f before", when, l.Load1)
	}
	return when
}
