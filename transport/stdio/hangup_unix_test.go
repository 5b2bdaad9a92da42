//go:build unix

package stdio

import (
	"context"
	"errors"
	"io"
	"os"
	"path/filepath"
	"syscall"
	"testing"
	"time"

	"golang.org/x/sys/unix"
)

// soon is how long a test waits for what should happen at once, on a busy machine.
const soon = 10 * time.Second

// hangups are ways to be connected to a reader.
var hangups = map[string]func(*testing.T) (reader, w *os.File){
	"pipe": func(t *testing.T) (reader, w *os.File) {
		reader, w, err := os.Pipe()
		if err != nil {
			t.Fatal(err)
		}
		return reader, w
	},
	"socket": func(t *testing.T) (reader, w *os.File) {
		fds, err := unix.Socketpair(unix.AF_UNIX, unix.SOCK_STREAM, 0)
		if err != nil {
			t.Fatal(err)
		}
		// A client that never writes to this socket may say so.
		if err := unix.Shutdown(fds[0], unix.SHUT_WR); err != nil {
			t.Fatal(err)
		}
		return os.NewFile(uintptr(fds[0]), "reader"), os.NewFile(uintptr(fds[1]), "writer")
	},
}

func TestHangupIsNoticed(t *testing.T) {
	t.Parallel()
	for name, connect := range hangups {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			reader, w := connect(t)
			defer w.Close()
			ctx, stop := UntilHangup(t.Context(), w)
			defer stop()
			for range 1000 {
				if _, err := w.WriteString("hello"); err != nil {
					t.Fatal(err)
				}
				if _, err := io.ReadFull(reader, make([]byte, 5)); err != nil {
					t.Fatal(err)
				}
			}
			if ctx.Err() != nil {
				t.Fatalf("ended while somebody reads: %v", context.Cause(ctx))
			}
			reader.Close()
			select {
			case <-ctx.Done():
			case <-time.After(soon):
				t.Fatal("not noticed")
			}
			if err := context.Cause(ctx); !errors.Is(err, ErrHangup) || !errors.Is(err, syscall.EPIPE) {
				t.Errorf("got %v", err)
			}
		})
	}
}

// The reader is gone from the start, and what it did not read is no reason to wait.
func TestHangupBeforehand(t *testing.T) {
	t.Parallel()
	for name, connect := range hangups {
		reader, w := connect(t)
		if _, err := w.WriteString("hello"); err != nil {
			t.Fatal(err)
		}
		reader.Close()
		ctx, stop := UntilHangup(t.Context(), w)
		select {
		case <-ctx.Done():
		case <-time.After(soon):
			t.Errorf("%s: not noticed", name)
		}
		stop()
		w.Close()
	}
}

func TestHangupIsWatchedUntilStopped(t *testing.T) {
	t.Parallel()
	file, err := os.Create(filepath.Join(t.TempDir(), "file"))
	if err != nil {
		t.Fatal(err)
	}
	reader, w := hangups["pipe"](t)
	defer reader.Close()
	for _, f := range []*os.File{file, w} {
		ctx, stop := UntilHangup(t.Context(), f)
		if ctx.Err() != nil {
			t.Errorf("%s: %v", f.Name(), context.Cause(ctx))
		}
		stop()
		stop()
		if err := context.Cause(ctx); !errors.Is(err, context.Canceled) {
			t.Errorf("%s: %v", f.Name(), err)
		}
		f.Close()
		closed, stop := UntilHangup(t.Context(), f)
		if closed.Err() != nil {
			t.Errorf("%s: %v", f.Name(), context.Cause(closed))
		}
		stop()
	}
}
