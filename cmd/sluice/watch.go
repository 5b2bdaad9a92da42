package main

import (
	"encoding/json"
	"fmt"
	"io"
	"sync"
	"time"

	"github.com/sluice-dev/sluice/cmd/sluice/internal/progress"
	"github.com/sluice-dev/sluice/tools"
	"github.com/sluice-dev/sluice/tools/upstream"
)

const (
	// redrawEvery is the time between two frames.
	redrawEvery = 100 * time.Millisecond
	// drawAfter is how long a call must run until anything is drawn: most are over
	// before it could be read.
	drawAfter = 300 * time.Millisecond
	// maxEvents is how many events may wait to be shown. Of more, the oldest are
	// left out.
	maxEvents = 1024
)

// A view shows what happens while a call runs. Its methods are called from one
// goroutine.
type view interface {
	progress(p tools.Progress, now time.Time)
	note(n upstream.Note)
	tick(now time.Time)
	end()
}

// A watcher gives what happens to a view. Report and note never block, so that the
// connection does not wait for a terminal.
type watcher struct {
	view    view
	wake    chan struct{}
	ended   chan struct{}
	running sync.WaitGroup

	mu     sync.Mutex // guards events
	events []any      // tools.Progress or upstream.Note
}

// watch starts showing a call; end must be called.
func watch(v view) *watcher {
	w := &watcher{view: v, wake: make(chan struct{}, 1), ended: make(chan struct{})}
	w.running.Go(w.run)
	return w
}

func (w *watcher) report(p tools.Progress) { w.push(p) }

func (w *watcher) note(n upstream.Note) { w.push(n) }

func (w *watcher) push(event any) {
	w.mu.Lock()
	defer w.mu.Unlock()
	if len(w.events) == maxEvents {
		w.events = w.events[1:]
	}
	w.events = append(w.events, event)
	select {
	case w.wake <- struct{}{}:
	default:
	}
}

func (w *watcher) run() {
	ticker := time.NewTicker(redrawEvery)
	defer ticker.Stop()
	for {
		select {
		case <-w.wake:
			w.show()
		case <-ticker.C:
			w.view.tick(time.Now())
		case <-w.ended:
			w.show()
			w.view.end()
			return
		}
	}
}

func (w *watcher) show() {
	w.mu.Lock()
	events := w.events
	w.events = nil
	w.mu.Unlock()
	for _, event := range events {
		switch event := event.(type) {
		case tools.Progress:
			w.view.progress(event, time.Now())
		case upstream.Note:
			w.view.note(event)
		}
	}
}

// end shows what is left and takes away what was drawn.
func (w *watcher) end() {
	close(w.ended)
	w.running.Wait()
}

// barView keeps a line at the bottom of a terminal.
type barView struct {
	screen *screen
	meter  *progress.Meter
	start  time.Time
}

func newBarView(s *screen, now time.Time) *barView {
	return &barView{screen: s, meter: progress.NewMeter(now), start: now}
}

func (v *barView) progress(p tools.Progress, now time.Time) {
	p.Message = oneLine(p.Message)
	v.meter.Update(p, now)
}

func (v *barView) note(n upstream.Note) { printNote(v.screen, v.screen.stderr, n) }

func (v *barView) tick(now time.Time) {
	if now.Sub(v.start) >= drawAfter {
		v.screen.Draw(v.meter.Line(now, v.screen.style()))
	}
}

func (v *barView) end() { v.screen.Draw("") }

// lineView writes a line for each event, for logs and pipes.
type lineView struct{ screen *screen }

func (v lineView) progress(p tools.Progress, _ time.Time) {
	p.Message = oneLine(p.Message)
	fmt.Fprintln(v.screen, progress.Plain(p))
}

func (v lineView) note(n upstream.Note) { printNote(v.screen, v.screen.stderr, n) }
func (v lineView) tick(time.Time)       {}
func (v lineView) end()                 {}

func printNote(w, stderr io.Writer, n upstream.Note) {
	text := string(n.Data)
	var plain string
	if json.Unmarshal(n.Data, &plain) == nil {
		text = plain
	}
	if n.Logger != "" {
		text = n.Logger + ": " + text
	}
	fmt.Fprintln(w, paint(stderr, dim, oneLine(fmt.Sprintf("[%s] %s", n.Level, text))))
}

// eventView writes a JSON document a line to standard output, for scripts.
type eventView struct{ out io.Writer }

func (v eventView) progress(p tools.Progress, _ time.Time) {
	printJSON(v.out, struct {
		Type     string  `json:"type"`
		Progress float64 `json:"progress"`
		Total    float64 `json:"total,omitzero"`
		Message  string  `json:"message,omitzero"`
	}{"progress", p.Done, p.Total, p.Message})
}

func (v eventView) note(n upstream.Note) {
	printJSON(v.out, struct {
		Type   string          `json:"type"`
		Level  tools.Level     `json:"level"`
		Logger string          `json:"logger,omitzero"`
		Data   json.RawMessage `json:"data"`
	}{"log", n.Level, n.Logger, n.Data})
}

func (v eventView) tick(time.Time) {}
func (v eventView) end()           {}

// quietView shows nothing.
type quietView struct{}

func (quietView) progress(tools.Progress, time.Time) {}
func (quietView) note(upstream.Note)                 {}
func (quietView) tick(time.Time)                     {}
func (quietView) end()                               {}
