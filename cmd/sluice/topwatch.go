package main

import (
	"context"
	"fmt"
	"io"
	"net/url"
	"os"
	"strings"
	"time"

	"golang.org/x/term"

	"github.com/sluice-dev/sluice/cmd/sluice/internal/admin"
)

// The sequences that a picture is drawn with (ECMA-48, and the private modes of xterm).
const (
	enterScreen = "\x1b[?1049h\x1b[?25l"
	leaveScreen = "\x1b[?25h\x1b[?1049l"
	home        = "\x1b[H"
	eraseLine   = "\x1b[K"
	eraseRest   = "\x1b[J"
)

// A topWatch is the picture on a terminal, and what its keys do.
type topWatch struct {
	client *admin.Client
	view   topView
	asked  string // the call that is to be ended if it is asked once more
	out    io.Writer
	in     *os.File
}

// watch draws until q is pressed or ctx is done. A server that goes away is waited for.
func (o *topOptions) watch(ctx context.Context, c *admin.Client, u *url.URL, in *os.File, out io.Writer) error {
	first, err := take(ctx, c)
	if err != nil {
		return topFailure(ctx, u, err) // better said than drawn
	}
	state, err := term.MakeRaw(int(in.Fd()))
	if err != nil {
		return err
	}
	defer func() { _ = term.Restore(int(in.Fd()), state) }()
	if _, err := io.WriteString(out, enterScreen); err != nil {
		return err
	}
	defer func() { _, _ = io.WriteString(out, leaveScreen) }()
	w := &topWatch{client: c, in: in, out: out, view: topView{now: first, before: first, chosen: -1, colours: colours(out)}}
	keys, deaf := listenKeys(in)
	defer deaf()
	tick := time.NewTicker(o.interval)
	defer tick.Stop()
	for {
		if err := w.draw(); err != nil {
			return err
		}
		select {
		case <-ctx.Done():
			return nil
		case <-tick.C:
			w.refresh(ctx)
		case key, open := <-keys:
			if !open || w.press(ctx, key) {
				return nil
			}
		}
	}
}

// listenKeys reads keys until the end of in, or until deaf is called. Nobody can end the
// read of a terminal, so the goroutine stays until the next key or the end of the process.
func listenKeys(in io.Reader) (keys <-chan string, deaf func()) {
	heard, left := make(chan string), make(chan struct{})
	go func() {
		defer close(heard)
		buffer := make([]byte, 16)
		for {
			n, err := in.Read(buffer)
			if err != nil {
				return
			}
			select {
			case heard <- string(buffer[:n]):
			case <-left:
				return
			}
		}
	}()
	return heard, func() { close(left) }
}

func (w *topWatch) refresh(ctx context.Context) {
	next, err := take(ctx, w.client)
	if err != nil {
		w.view.note = "no answer: " + oneLine(err.Error())
		return
	}
	if strings.HasPrefix(w.view.note, "no answer") {
		w.view.note = ""
	}
	w.keep(&next)
	w.view.before, w.view.now = w.view.now, next
}

// keep has the chosen call stay the same one, wherever it stands in the next picture.
func (w *topWatch) keep(next *picture) {
	id := w.chosenID()
	w.view.chosen = min(w.view.chosen, len(next.Calls.Calls)-1)
	for i, c := range next.Calls.Calls {
		if c.ID == id {
			w.view.chosen = i
		}
	}
}

func (w *topWatch) chosenID() string {
	calls := w.view.now.Calls.Calls
	if w.view.chosen < 0 || w.view.chosen >= len(calls) {
		return ""
	}
	return calls[w.view.chosen].ID
}

// press does what a key is for, and reports whether that is to quit.
func (w *topWatch) press(ctx context.Context, key string) (quit bool) {
	last := len(w.view.now.Calls.Calls) - 1
	asked := w.asked
	w.asked, w.view.note = "", ""
	switch key {
	case "q", "Q", "\x03", "\x04": // Ctrl-C and Ctrl-D as well: the terminal is raw
		return true
	case "\x1b[A", "\x1bOA", "k":
		w.view.chosen = max(w.view.chosen-1, min(0, last))
	case "\x1b[B", "\x1bOB", "j":
		w.view.chosen = min(w.view.chosen+1, last)
	case "x", "X":
		w.end(ctx, asked)
	}
	return false
}

// end ends the chosen call when it is asked for the second time.
func (w *topWatch) end(ctx context.Context, asked string) {
	id := w.chosenID()
	switch {
	case id == "":
		w.view.note = "choose a call first, with the arrow keys"
	case asked != id:
		w.asked = id
		w.view.note = fmt.Sprintf("x again ends %s; any other key does not", oneLine(id))
	default:
		w.view.note = "ended " + oneLine(id)
		if err := w.client.Stop(ctx, id); err != nil {
			w.view.note = oneLine(err.Error())
		}
	}
}

// draw draws over what is there, line for line, so that nothing flickers.
func (w *topWatch) draw() error {
	if f := fileOf(w.out); f != nil {
		if width, height, err := term.GetSize(int(f.Fd())); err == nil {
			w.view.width, w.view.height = width, height
		}
	}
	lines := w.view.lines()
	if w.view.height > 0 {
		lines = lines[:min(len(lines), w.view.height-1)]
	}
	_, err := io.WriteString(w.out, home+strings.Join(lines, eraseLine+"\r\n")+eraseLine+"\r\n"+eraseRest)
	return err
}
