package page

import (
	"os"
	"path/filepath"
	"testing"
)

func TestReplace(t *testing.T) {
	t.Parallel()
	page := "# Title\n\nProse.\n\n" + Begin + "\nold\n" + End + "\n\nMore prose.\n"
	got, err := Replace(page, "new")
	want := "# Title\n\nProse.\n\n" + Begin + "\n\nnew\n\n" + End + "\n\nMore prose.\n"
	if err != nil || got != want {
		t.Errorf("got %q, %v", got, err)
	}
	if again, err := Replace(got, "new"); err != nil || again != got {
		t.Errorf("the second time it is %q, %v", again, err)
	}
	if got, err := Replace("Prose.\n", "new"); err != nil || got != "Prose.\n"+Begin+"\n\nnew\n\n"+End+"\n" {
		t.Errorf("a page without markers becomes %q, %v", got, err)
	}
	for _, broken := range []string{"a " + Begin, End + " b", End + Begin} {
		if _, err := Replace(broken, "new"); err == nil {
			t.Errorf("%q was written", broken)
		}
	}
}

func TestWrite(t *testing.T) {
	t.Parallel()
	path := filepath.Join(t.TempDir(), "page.md")
	for range 2 {
		if err := Write(path, "figures"); err != nil {
			t.Fatal(err)
		}
	}
	if got, err := os.ReadFile(path); err != nil || string(got) != Begin+"\n\nfigures\n\n"+End+"\n" {
		t.Errorf("%q, %v", got, err)
	}
}
