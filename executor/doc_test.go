package executor

import (
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"

	"github.com/sluice-dev/sluice/tools"
)

// TestDocNamesEveryFile checks that the documentation of the package leads to each of its
// files: either it bears the name of a policy of the pipeline, as there is one for each, or
// its own name is said.
func TestDocNamesEveryFile(t *testing.T) {
	t.Parallel()
	policies := map[string]bool{}
	for _, s := range New(everyPolicy(Options{Registry: &tools.Registry{}})).pipeline() {
		policies[s.name+".go"] = s.name != "user"
	}
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
		if !strings.HasSuffix(file, "_test.go") && !slices.Contains(words, file) && !policies[file] && file != "doc.go" {
			t.Errorf("doc.go does not say what %s is for", file)
		}
	}
	for file, ours := range policies {
		if ours && !slices.Contains(files, file) {
			t.Errorf("there is no %s for the policy of this name", file)
		}
	}
	for _, word := range words {
		if strings.HasSuffix(word, ".go") && word != "conformance_test.go" && !slices.Contains(files, word) {
			t.Errorf("doc.go speaks of %s, which there is not", word)
		}
	}
}

// TestDocDrawsThePipeline checks that the picture of the pipeline shows each policy, in order.
func TestDocDrawsThePipeline(t *testing.T) {
	t.Parallel()
	doc, err := os.ReadFile("doc.go")
	if err != nil {
		t.Fatal(err)
	}
	_, rest, _ := strings.Cut(string(doc), "//\tExecute ")
	picture, _, _ := strings.Cut(rest, "//\t*tools.Result")
	var drawn, steps []string
	for _, m := range regexp.MustCompile(`(?m)^//\t(?:\(?([a-z]+)\)? |.*   ([a-z]+)  )`).FindAllStringSubmatch(picture, -1) {
		drawn = append(drawn, m[1]+m[2])
	}
	for _, s := range New(everyPolicy(Options{Registry: &tools.Registry{}})).pipeline() {
		steps = append(steps, s.name)
	}
	if steps = append(steps, "handler"); !slices.Equal(drawn, steps) {
		t.Errorf("drawn are\n%v, and there are\n%v", drawn, steps)
	}
}
