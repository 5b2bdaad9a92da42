package main

import (
	"io"
	"os"
	"runtime"
	"strings"

	"golang.org/x/term"

	"github.com/sluice-dev/sluice/cmd/sluice/internal/progress"
)

// A screen is the standard error of a command that draws on it. Whatever is written
// while a line is drawn goes through it.
type screen struct {
	*progress.Console
	stderr io.Writer
}

func newScreen(stderr io.Writer) *screen {
	return &screen{Console: progress.NewConsole(stderr), stderr: stderr}
}

// animated reports whether a line can be drawn again in place.
func (s *screen) animated() bool { return isTerminal(s.stderr) && os.Getenv("TERM") != "dumb" }

// style returns how to draw on the screen as it is now: its width may change.
func (s *screen) style() progress.Style {
	style := progress.Style{Width: 80, ASCII: asciiOnly()}
	if width := columns(s.stderr); width > 0 {
		style.Width = width
	}
	return style
}

// columns returns the width of the terminal that w is, 0 where it is none.
func columns(w io.Writer) int {
	f := fileOf(w)
	if f == nil {
		return 0
	}
	width, _, err := term.GetSize(int(f.Fd()))
	if err != nil {
		return 0
	}
	return width
}

// asciiOnly reports whether the terminal may lack letters beyond ASCII. Of the
// consoles of Windows, the new one has them.
func asciiOnly() bool {
	if runtime.GOOS == "windows" {
		return os.Getenv("WT_SESSION") == ""
	}
	return asciiOnlyOnUnix()
}

// asciiOnlyOnUnix asks the locale (POSIX, "Environment Variables").
func asciiOnlyOnUnix() bool {
	for _, name := range []string{"LC_ALL", "LC_CTYPE", "LANG"} {
		if locale := strings.ToLower(os.Getenv(name)); locale != "" {
			return !strings.Contains(locale, "utf-8") && !strings.Contains(locale, "utf8")
		}
	}
	return runtime.GOOS != "darwin"
}
