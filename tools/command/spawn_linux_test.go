package command_test

import (
	"os/exec"
	"testing"

	"github.com/sluice-dev/sluice/tools"
	"github.com/sluice-dev/sluice/tools/command"
)

// BenchmarkSpawn runs the shortest program there is as a tool.
func BenchmarkSpawn(b *testing.B) {
	tool, err := command.New(command.Spec{Args: []string{"true"}})
	if err != nil {
		b.Fatal(err)
	}
	b.ReportAllocs()
	for b.Loop() {
		if _, err := tool.Handler.Call(b.Context(), &tools.Call{}); err != nil {
			b.Fatal(err)
		}
	}
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
