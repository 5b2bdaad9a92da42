package progress

import (
	"io"
	"strings"
	"sync"
)

const (
	toLineStart = "\r"
	eraseToEnd  = "\x1b[K" // ECMA-48, EL
)

// A Console writes text to a terminal or a file and, on a terminal, keeps one line
// below it that is drawn again and again in place. It is safe for concurrent use.
type Console struct {
	mu    sync.Mutex // guards what follows, and the order of writes
	w     io.Writer
	drawn string // the line that is shown; empty where none is
}

// NewConsole returns a console on w.
func NewConsole(w io.Writer) *Console { return &Console{w: w} }

// Write writes whole lines above the one that is drawn. The text must end with a
// newline.
func (c *Console) Write(text []byte) (int, error) {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.drawn == "" {
		return c.w.Write(text)
	}
	_, err := io.WriteString(c.w, toLineStart+eraseToEnd+string(text)+c.drawn)
	return len(text), err
}

// Draw shows line in place of the one before; the empty line takes it away. What
// cannot be shown is no reason to stop.
func (c *Console) Draw(line string) {
	c.mu.Lock()
	defer c.mu.Unlock()
	if line == c.drawn {
		return
	}
	c.drawn = line
	_, _ = io.WriteString(c.w, toLineStart+line+eraseToEnd)
}

// Lines is a writer that gives emit each line that is written to it, without its
// newline. Close gives it what is left. It is not safe for concurrent use.
type Lines struct {
	emit func(string)
	rest strings.Builder
}

// maxLine is where a line without an end is broken.
const maxLine = 64 << 10

// NewLines returns a writer that gives its lines to emit.
func NewLines(emit func(string)) *Lines { return &Lines{emit: emit} }

// Write never fails.
func (l *Lines) Write(text []byte) (int, error) {
	for rest := string(text); rest != ""; {
		line, after, ended := strings.Cut(rest, "\n")
		l.rest.WriteString(line)
		if ended || l.rest.Len() >= maxLine {
			l.flush()
		}
		rest = after
	}
	return len(text), nil
}

// Close gives the last line to emit, where it had no newline.
func (l *Lines) Close() error {
	if l.rest.Len() > 0 {
		l.flush()
	}
	return nil
}

func (l *Lines) flush() {
	l.emit(strings.TrimSuffix(l.rest.String(), "\r"))
	l.rest.Reset()
}
