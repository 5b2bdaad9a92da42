// Package page puts what was measured into a page that is otherwise written by hand.
package page

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"strings"
)

// The generated part of a page lies between these; what is around it is left alone.
const (
	Begin = "<!-- begin of what bench writes -->"
	End   = "<!-- end of what bench writes -->"
)

// Write puts the text into the page at path, which is made where there is none.
func Write(path, text string) error {
	old, err := os.ReadFile(path)
	if err != nil && !errors.Is(err, fs.ErrNotExist) {
		return err
	}
	replaced, err := Replace(string(old), text)
	if err != nil {
		return fmt.Errorf("%s: %w", path, err)
	}
	return os.WriteFile(path, []byte(replaced), 0o644)
}

// Replace puts the text between the markers of the page; a page without any gets them
// at its end.
func Replace(page, text string) (string, error) {
	before, rest, begun := strings.Cut(page, Begin)
	_, after, ended := strings.Cut(rest, End)
	switch {
	case !begun && !strings.Contains(page, End):
		before, after = page, "\n"
	case !ended:
		return "", errors.New("one marker of what bench writes is missing")
	}
	return before + Begin + "\n\n" + text + "\n\n" + End + after, nil
}
