package stdio

import (
	"context"
	"fmt"
	"io/fs"
	"os"
	"syscall"
)

// ErrHangup is the cause with which the context of [UntilHangup] ends when nobody is
// left to read. It wraps [syscall.EPIPE], with which a write would fail.
var ErrHangup = fmt.Errorf("stdio: nobody reads the output any more: %w", syscall.EPIPE)

// UntilHangup returns a copy of ctx that ends, with [ErrHangup] as the cause, as soon
// as nobody has the other end of w open any more: a server that has nothing to write
// would not notice otherwise. Only pipes and sockets are watched, and on Windows
// nothing is: there it is noticed at the next write. A socket of which the peer has
// closed one direction only has not hung up.
//
// Stop ends the context and the goroutine that watches. It must be called, before w is
// closed.
func UntilHangup(ctx context.Context, w *os.File) (_ context.Context, stop context.CancelFunc) {
	ctx, cancel := context.WithCancelCause(ctx)
	unwatched := func() { cancel(nil) }
	info, err := w.Stat()
	if err != nil || info.Mode()&(fs.ModeNamedPipe|fs.ModeSocket) == 0 {
		return ctx, unwatched
	}
	stopped, wake, err := os.Pipe()
	if err != nil { // out of file descriptors: the next write tells as well
		return ctx, unwatched
	}
	done := make(chan struct{})
	go func() {
		defer close(done)
		defer stopped.Close()
		if hungUp(w, stopped) {
			cancel(ErrHangup)
		}
	}()
	return ctx, func() {
		wake.Close()
		<-done
		cancel(nil)
	}
}

// hungUp waits until nobody reads from w, and returns true, or until the other end of
// stopped is closed. Both stay open while it waits, whoever closes them.
func hungUp(w, stopped *os.File) (gone bool) {
	connection, err := w.SyscallConn()
	if err != nil {
		return false
	}
	end, err := stopped.SyscallConn()
	if err != nil {
		return false
	}
	// An error of Control says that the file is closed already.
	_ = connection.Control(func(fd uintptr) {
		_ = end.Control(func(endFD uintptr) { gone = awaitHangup(int(fd), int(endFD)) })
	})
	return gone
}
