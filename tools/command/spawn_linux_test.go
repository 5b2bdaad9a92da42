package command_test

import (
	"os/exec"
	"slices"
	"testing"
	"time"

	"github.com/sluice-dev/sluice/tools"
	"github.com/sluice-dev/sluice/tools/command"
)

// BenchmarkSpawn runs the shortest program there is as a tool, in each tier and without
// any, and reports what half and 99 of a hundred calls do not exceed.
func BenchmarkSpawn(b *testing.B) {
	spec := command.Spec{Args: []string{"true"}}
	b.Run("off", func(b *testing.B) { spawn(b, on(b, spec, []string{command.LayerShim})) })
	for tier, without := range tiers {
		b.Run(tier, func(b *testing.B) { spawn(b, on(b, spec, without)) })
	}
}

func spawn(b *testing.B, tool *tools.Tool) {
	var took []time.Duration
	b.ReportAllocs()
	for b.Loop() {
		begin := time.Now()
		if _, err := tool.Handler.Call(b.Context(), &tools.Call{}); err != nil {
			b.Fatal(err)
		}
		took = append(took, time.Since(begin))
	}
	slices.Sort(took)
	b.ReportMetric(took[len(took)/2].Seconds()*1e3, "p50-ms")
	b.ReportMetric(took[len(took)*99/100].Seconds()*1e3, "p99-ms")
}

// BenchmarkSpawnBare is the floor under BenchmarkSpawn: the same by os/exec, with its
// output read.
func BenchmarkSpawnBare(b *testing.B) {
	b.ReportAllocs()
	for b.Loop() {
		if _, err := exec.Command("true").CombinedOutput(); err != nil {
			b.Fatal(err)
		}
	}
}
