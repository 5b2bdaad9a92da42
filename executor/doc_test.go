package executor

import (
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
)

// TestDocNamesEveryFile checks that the documentation of the package leads to each of its
// files: it is a policy of the pipeline, which bears its name, or has a word of its own.
func TestDocNamesEveryFile(t *testing.T) {
	t.Parallel()
	doc, err := os.ReadFile("doc.go")
	if err != nil {
		t.Fatal(err)
	}
	words := strings.Fields(strings.NewReplacer(",", " ", "(", " ", ")", " ", ";", " ").Replace(string(doc)))
	files, err := filepath.Glob("*.go")
	if err != nil {
		t.Fatal(err)
	}
	for _, file := range files {
		policy := strings.TrimSuffix(file, ".go")
		if !strings.HasSuffix(file, "_test.go") && !slices.Contains(words, file) && !slices.Contains(words, policy) && file != "doc.go" {
			t.Errorf("doc.go does not say what %s is for", file)
		}
	}
	for _, word := range words {
		if strings.HasSuffix(word, ".go") && word != "conformance_test.go" && !slices.Contains(files, word) {
			t.Errorf("doc.go speaks of %s, which there is not", word)
		}
	}
}
