package config

import (
	"os"
	"path/filepath"
	"testing"
)

func BenchmarkParse(b *testing.B) {
	source, err := os.ReadFile(filepath.Join(examplesDir, "full.yaml"))
	if err != nil {
		b.Fatal(err)
	}
	b.SetBytes(int64(len(source)))
	b.ReportAllocs()
	for b.Loop() {
		if _, err := Parse("full.yaml", source); err != nil {
			b.Fatal(err)
		}
	}
}
