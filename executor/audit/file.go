package audit

import (
	"context"
	"errors"
	"log/slog"
	"sync"
	"time"
)

// ErrClosed is what [File.Commit] returns once the file is closed.
var ErrClosed = errors.New("the audit log is closed")

// ErrFull is what [File.Commit] returns where the buffer is full: the file system
// cannot keep up.
var ErrFull = errors.New("the audit log cannot keep up")

// FileOptions say where the log is written. The zero value of each field but Path takes
// its default.
type FileOptions struct {
	// Path is the first file; further ones have a number before the extension. Its
	// directory must exist. It is required.
	Path string
	// Size is how many bytes a file may have before the next one is begun; the last
	// write may go beyond. Defaults to 64 MiB; a negative one means that there is one
	// file only.
	Size int64
	// Keep is how many files are kept, the one in use among them. Defaults to 16; a
	// negative number keeps all.
	Keep int
	// Version is that of the program, for the first line of the chain.
	Version string
	// Logger is told once when lines cannot be written or are dropped, and once when
	// it is well again. Defaults to discarding it.
	Logger *slog.Logger
}

// The defaults of [FileOptions].
const (
	defaultSize = 64 << 20
	defaultKeep = 16
)

// maxBuffered is how many bytes of entries may wait to be written.
const maxBuffered = 4 << 20

// RetryEvery is how long a [File] waits before it tries again to write what it could
// not.
const RetryEvery = time.Second

// File is a [Sink] that writes the chain of this process to a series of files. It
// opens them when there is something to write, and again where they have been removed
// or could not be opened. Its methods are safe for concurrent use.
type File struct {
	log     *slog.Logger
	room    int
	closing chan struct{}
	done    chan struct{} // closed when the writer has returned
	wake    chan struct{} // holds one where something is pending
	writer  writer

	mu       sync.Mutex // guards all below
	pending  []item
	buffered int // cost of what is pending
	status   Status
	untold   uint64 // dropped, and no line says so yet
	started  bool   // the writer
	closed   bool
}

// Status is how a [File] fares.
type Status struct {
	// Written is how many lines were written.
	Written uint64
	// Dropped is how many entries were lost.
	Dropped uint64
	// Failures is how many writes failed.
	Failures uint64
	// Err is why the last write failed; nil where it did not.
	Err error
}

// item is an entry on its way to the file.
type item struct {
	Entry
	written chan<- error // told what became of it; nil for one that was appended
}

func (i *item) settle(err error) {
	if i.written != nil {
		i.written <- err
		i.written = nil
	}
}

// NewFile returns a log that writes to a file. Before the first entry it touches no file
// and has no goroutine. The caller closes it.
func NewFile(opts FileOptions) *File {
	if opts.Logger == nil {
		opts.Logger = slog.New(slog.DiscardHandler)
	}
	return &File{
		log:     opts.Logger,
		room:    maxBuffered,
		closing: make(chan struct{}),
		done:    make(chan struct{}),
		wake:    make(chan struct{}, 1),
		writer:  newWriter(opts),
	}
}

// Append takes an entry; see [Sink]. After Close it is dropped.
func (f *File) Append(e Entry) {
	_ = f.add(item{Entry: e}) // what is dropped is counted
}

// Commit returns when the entry is written to the file, or at once with an error where
// the last write failed.
func (f *File) Commit(ctx context.Context, e Entry) error {
	written := make(chan error, 1)
	if err := f.add(item{Entry: e, written: written}); err != nil {
		return err
	}
	select {
	case err := <-written:
		return err
	case <-ctx.Done():
		return context.Cause(ctx)
	}
}

// Status returns how the log fares.
func (f *File) Status() Status {
	f.mu.Lock()
	defer f.mu.Unlock()
	return f.status
}

// add puts the item into the buffer, or says why it does not.
func (f *File) add(it item) error {
	f.mu.Lock()
	err := f.refuses(&it)
	switch {
	case err == nil:
		f.pending = append(f.pending, it)
		f.buffered += it.cost()
		f.start()
	case it.written == nil:
		f.status.Dropped++
		if err == ErrFull {
			f.untold++
		}
	}
	first := err == ErrFull && f.untold == 1
	f.mu.Unlock()
	if first {
		f.log.Warn("audit lines are dropped", "error", err)
	}
	select {
	case f.wake <- struct{}{}:
	default:
	}
	return err
}

// start starts the writer with the first entry. The caller holds f.mu.
func (f *File) start() {
	if !f.started {
		f.started = true
		go f.run()
	}
}

// refuses says why the item cannot be taken. One that is to be committed is not taken
// while nothing can be written, so that its caller need not wait for that to end. The
// caller holds f.mu.
func (f *File) refuses(it *item) error {
	switch {
	case f.closed:
		return ErrClosed
	case it.written != nil && f.status.Err != nil:
		return f.status.Err
	case f.buffered+it.cost() > f.room:
		return ErrFull
	}
	return nil
}

// Close writes what is left and the end of the chain. It returns an error where that
// did not come to its end: when ctx is done, or since it cannot be written, which is
// not tried again. It may be called more than once.
func (f *File) Close(ctx context.Context) error {
	f.mu.Lock()
	if !f.closed {
		f.closed = true
		close(f.closing)
		f.start()
	}
	f.mu.Unlock()
	select {
	case <-f.done:
		return f.Status().Err
	case <-ctx.Done():
		return context.Cause(ctx)
	}
}
