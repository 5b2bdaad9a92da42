package audit

import (
	"os"
	"slices"
	"time"
)

// maxBatch is about how many bytes one write has at most.
const maxBatch = 256 << 10

// writer is what belongs to the goroutine of a [File].
type writer struct {
	process process
	chain   chain
	series  series
	batch   []item // to be written before anything that is pending
	taken   []item // what batch was cut from, to be used again
	text    []byte
	marks   []mark
}

// mark is where a line of the batch ends in the text, without its newline, and the chain
// behind it. A line that lacks nothing else is whole: the next write begins with one.
type mark struct {
	end   int
	chain chain
}

func newWriter(opts FileOptions) writer {
	return writer{
		process: thisProcess(opts.Version),
		chain:   newChain(),
		series: series{
			path:  opts.Path,
			size:  max(orDefault(opts.Size, defaultSize), 0),
			keep:  max(orDefault(opts.Keep, defaultKeep), 0),
			write: (*os.File).Write,
		},
	}
}

func orDefault[T int | int64](value, standard T) T {
	if value == 0 {
		return standard
	}
	return value
}

// run writes until the file is closed, and then what is left.
func (f *File) run() {
	defer close(f.done)
	defer f.writer.series.close()
	for f.wait() {
		f.drain()
	}
	if w := &f.writer; f.drain() && w.chain.seq > 0 {
		w.batch = append(w.batch, item{Entry: Entry{Time: time.Now(), Event: EventClosed}})
		f.drain()
	}
	f.lose()
}

// wait returns when there is something to write, or false where the file is to be
// closed.
func (f *File) wait() bool {
	wake, retry := f.wake, (<-chan time.Time)(nil)
	if len(f.writer.batch) > 0 {
		timer := time.NewTimer(RetryEvery)
		defer timer.Stop()
		wake, retry = nil, timer.C
	}
	select {
	case <-wake:
	case <-retry:
	case <-f.closing:
		return false
	}
	return true
}

// drain writes all that there is. It reports whether that went well.
func (f *File) drain() bool {
	w := &f.writer
	for f.load(); len(w.batch) > 0; f.load() {
		lines, err := w.writeSome()
		f.settle(lines, err)
		if err != nil {
			return false
		}
	}
	return true
}

// load takes what is pending, where nothing is left from before, with a line behind it
// that says what was dropped since the buffer was full.
func (f *File) load() {
	w := &f.writer
	if len(w.batch) > 0 {
		return
	}
	f.mu.Lock()
	defer f.mu.Unlock()
	clear(w.taken)
	w.taken, f.pending = f.pending, w.taken[:0]
	w.batch, f.buffered = w.taken, 0
	if f.untold > 0 {
		w.batch = append(w.batch, item{Entry: Entry{Time: time.Now(), Event: EventDropped, lines: f.untold}})
		f.untold = 0
	}
}

// writeSome writes lines of the batch and returns how many.
func (w *writer) writeSome() (lines int, err error) {
	fresh, err := w.series.ready()
	if err != nil {
		return 0, err
	}
	if fresh {
		w.introduce()
	}
	w.encode()
	n, err := w.series.append(w.text)
	for lines < len(w.marks) && w.marks[lines].end <= n {
		w.chain = w.marks[lines].chain
		lines++
	}
	if lines == len(w.batch) {
		err = nil // nothing is left to be written
	}
	return lines, err
}

// introduce puts in front the line that names the process, where it is not there from
// a write before that failed.
func (w *writer) introduce() {
	event := EventContinued
	if w.chain.seq == 0 {
		event = EventOpened
	}
	if first := w.batch[0].Event; first != EventOpened && first != EventContinued {
		w.batch = slices.Insert(w.batch, 0, item{Entry: Entry{Time: time.Now(), Event: event}})
	}
}

// encode makes the lines of the batch, as many as one write may have.
func (w *writer) encode() {
	w.text, w.marks = w.text[:0], w.marks[:0]
	c := w.chain
	for i := range w.batch {
		w.text = c.append(w.text, &w.batch[i].Entry, &w.process)
		w.marks = append(w.marks, mark{len(w.text) - 1, c})
		if len(w.text) >= maxBatch {
			return
		}
	}
}

// settle tells those who wait what became of their lines, the first of which are
// written, and keeps the rest of the batch for the next time. On failure nobody goes on
// waiting: their lines will be written late or not at all.
func (f *File) settle(lines int, err error) {
	w := &f.writer
	for i := range w.batch[:lines] {
		w.batch[i].settle(nil)
	}
	w.batch = w.batch[lines:]
	f.mu.Lock()
	before := f.status
	f.status.Written += uint64(lines)
	f.status.Err = err
	if err != nil {
		f.status.Failures++
		fail(w.batch, err)
		fail(f.pending, err)
	}
	f.mu.Unlock()
	f.tell(before, err)
}

func fail(items []item, err error) {
	for i := range items {
		items[i].settle(err)
	}
}

// tell logs that lines cannot be written, or can be again.
func (f *File) tell(before Status, err error) {
	switch {
	case err != nil && before.Err == nil:
		f.log.Error("the audit log cannot be written", "path", f.writer.series.path, "error", err)
	case err == nil && before.Err != nil:
		f.log.Warn("the audit log is written again", "path", f.writer.series.path, "dropped", before.Dropped)
	}
}

// lose counts what is left when nothing more is written.
func (f *File) lose() {
	f.mu.Lock()
	defer f.mu.Unlock()
	err := f.status.Err
	if err == nil {
		err = ErrClosed
	}
	fail(f.writer.batch, err)
	fail(f.pending, err)
	f.status.Dropped += uint64(len(f.writer.batch) + len(f.pending))
	f.writer.batch, f.pending = nil, nil
}
