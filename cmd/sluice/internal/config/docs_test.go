package config

import (
	"bytes"
	"os"
	"path/filepath"
	"regexp"
	"testing"
)

var yamlBlock = regexp.MustCompile("(?ms)^```yaml\n(.*?)^```$")

// TestDocs reads each config that the documentation shows.
func TestDocs(t *testing.T) {
	t.Parallel()
	files, err := filepath.Glob("../../../../docs/*.md")
	if err != nil {
		t.Fatal(err)
	}
	read := 0
	for _, file := range append(files, "../../../../README.md") {
		text, err := os.ReadFile(file)
		if err != nil {
			t.Fatal(err)
		}
		for _, block := range yamlBlock.FindAllSubmatch(text, -1) {
			source := block[1]
			if bytes.HasPrefix(source, []byte("  - name:")) { // a tool alone
				source = append([]byte("tools:\n"), source...)
			}
			if _, err := Parse(filepath.Base(file), source); err != nil {
				t.Errorf("%v\nin\n%s", err, source)
			}
			read++
		}
	}
	if read < 8 {
		t.Errorf("%d configs were found", read)
	}
}
