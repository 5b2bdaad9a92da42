package stdio

import (
	"context"
	"errors"
	"io"
	"os"
	"runtime"
	"slices"
	"strings"
	"testing"
	"testing/synctest"
)

// A recorder keeps each write apart, and fails when it is told to.
type recorder struct {
	writes []string
	err    error
}

func (r *recorder) Write(p []byte) (int, error) {
	if r.err != nil {
		return 0, r.err
	}
	r.writes = append(r.writes, string(p))
	return len(p), nil
}

func TestWrite(t *testing.T) {
	t.Parallel()
	var out recorder
	s := New(strings.NewReader(""), &out, Options{})
	if err := s.Write(t.Context(), []byte("{}\n[]")); !errors.Is(err, errNewline) {
		t.Errorf("a message with a newline: %v", err)
	}
	for _, msg := range []string{"{}", strings.Repeat("x", 1<<20), "[]"} {
		if err := s.Write(t.Context(), []byte(msg)); err != nil {
			t.Fatal(err)
		}
		if last := out.writes[len(out.writes)-1]; last != msg+"\n" {
			t.Errorf("wrote %d bytes for a message of %d and its newline", len(last), len(msg))
		}
	}
	out.writes = nil
	if err := s.WriteBatch(t.Context(), [][]byte{[]byte("{}"), []byte("[]"), []byte("1")}); err != nil || !slices.Equal(out.writes, []string{"{}\n[]\n1\n"}) {
		t.Errorf("a batch: %v, %q", err, out.writes)
	}
	out.writes = nil
	if err := s.WriteBatch(t.Context(), [][]byte{[]byte("{}"), []byte("[\n]")}); !errors.Is(err, errNewline) || len(out.writes) > 0 {
		t.Errorf("a batch with a newline: %v, %q", err, out.writes)
	}
	if err := s.WriteBatch(t.Context(), nil); err != nil || len(out.writes) > 0 {
		t.Errorf("an empty batch: %v, %q", err, out.writes)
	}
}

func TestEachMessageIsOneWrite(t *testing.T) {
	t.Parallel()
	var out recorder
	s := New(strings.NewReader(""), &out, Options{})
	for _, msg := range []string{"{}", strings.Repeat("x", 1<<20), "[]"} {
		if err := s.Write(t.Context(), []byte(msg)); err != nil {
			t.Fatal(err)
		}
	}
	if len(out.writes) != 3 {
		t.Errorf("%d writes for 3 messages", len(out.writes))
	}
}

func TestWriteErrorStays(t *testing.T) {
	t.Parallel()
	out := recorder{err: errors.New("gone")}
	s := New(strings.NewReader(""), &out, Options{})
	for range 2 {
		if err := s.Write(t.Context(), []byte("{}")); err == nil || err.Error() != "gone" {
			t.Errorf("got %v", err)
		}
		out.err = errors.New("another")
	}
}

// A stuck reader and writer is a system call that nothing but the other side ends:
// not even Close.
type stuck struct {
	freed chan struct{}
}

func (s stuck) Read(p []byte) (int, error)  { <-s.freed; return copy(p, "late\n"), nil }
func (s stuck) Write(p []byte) (int, error) { <-s.freed; return len(p), nil }
func (s stuck) Close() error                { <-s.freed; return nil }

func TestWhatUnblocks(t *testing.T) {
	t.Parallel()
	cause := errors.New("time is up")
	for _, test := range []struct {
		name string
		end  func(*Stream, context.CancelCauseFunc)
		want error
	}{
		{"Close", func(s *Stream, _ context.CancelCauseFunc) { s.Close(1000, "") }, os.ErrClosed},
		{"context", func(_ *Stream, cancel context.CancelCauseFunc) { cancel(cause) }, cause},
	} {
		synctest.Test(t, func(t *testing.T) {
			device := stuck{make(chan struct{})}
			s := New(device, device, Options{})
			ctx, cancel := context.WithCancelCause(t.Context())
			errs := make(chan error, 2)
			go func() { _, err := s.Read(ctx); errs <- err }()
			go func() { errs <- s.Write(ctx, []byte("{}")) }()
			synctest.Wait()
			test.end(s, cancel)
			for range 2 {
				if err := <-errs; !errors.Is(err, test.want) {
					t.Errorf("%s: got %v, want %v", test.name, err, test.want)
				}
			}
			_, err := s.Read(t.Context())
			if werr := s.Write(t.Context(), nil); !errors.Is(err, test.want) || !errors.Is(werr, test.want) {
				t.Errorf("%s: later got %v and %v", test.name, err, werr)
			}
			close(device.freed) // and what was left behind ends
			cancel(nil)
		})
	}
}

// What comes after the end is not only answered with an error, it does not happen.
func TestNothingIsDoneAfterTheEnd(t *testing.T) {
	t.Parallel()
	done, cancel := context.WithCancel(context.Background())
	cancel()
	for _, test := range []struct {
		name string
		ctx  context.Context
		end  func(*Stream)
		want error
	}{
		{"context", done, func(*Stream) {}, context.Canceled},
		{"Close", context.Background(), func(s *Stream) { s.Close(1000, "") }, os.ErrClosed},
	} {
		synctest.Test(t, func(t *testing.T) {
			var out recorder
			in := strings.NewReader("{}\n")
			s := New(in, &out, Options{})
			test.end(s)
			_, err := s.Read(test.ctx)
			if werr := s.Write(test.ctx, []byte("{}")); !errors.Is(err, test.want) || !errors.Is(werr, test.want) {
				t.Errorf("%s: got %v and %v", test.name, err, werr)
			}
			synctest.Wait()
			if len(out.writes) > 0 || in.Len() == 0 {
				t.Errorf("%s: wrote %q, left %d bytes to read", test.name, out.writes, in.Len())
			}
		})
	}
}

// closes counts how often it is closed.
type closes struct {
	io.Reader
	io.Writer
	n int
}

func (c *closes) Close() error { c.n++; return errors.New("cannot") }

func TestCloseOnce(t *testing.T) {
	t.Parallel()
	device := &closes{Reader: strings.NewReader("{}\n"), Writer: io.Discard}
	s := New(device, device, Options{})
	if _, err := s.Read(t.Context()); err != nil {
		t.Fatal(err)
	}
	if err := s.Write(t.Context(), []byte("{}")); err != nil {
		t.Fatal(err)
	}
	if err := s.Close(1001, "going"); err == nil || device.n != 2 {
		t.Errorf("the first Close: %v; closed %d times, want one for each direction", err, device.n)
	}
	if err := s.Close(1001, "going"); err != nil || device.n != 2 {
		t.Errorf("the second Close: %v; closed %d times", err, device.n)
	}
}

func TestCloseOfOneConnection(t *testing.T) {
	t.Parallel()
	r, w, err := os.Pipe()
	if err != nil {
		t.Fatal(err)
	}
	defer w.Close()
	s := New(r, r, Options{})
	if err := s.Close(1000, ""); err != nil {
		t.Error(err)
	}
}

func TestClosePipe(t *testing.T) {
	t.Parallel()
	r, w, err := os.Pipe()
	if err != nil {
		t.Fatal(err)
	}
	defer w.Close()
	s := New(r, io.Discard, Options{})
	errs := make(chan error)
	go func() { _, err := s.Read(context.Background()); errs <- err }()
	for !s.reads.busy.Load() {
		runtime.Gosched()
	}
	if err := s.Close(1000, ""); err != nil {
		t.Error(err)
	}
	if err := <-errs; !errors.Is(err, os.ErrClosed) {
		t.Errorf("got %v", err)
	}
}

// script gives one piece with each Read.
type script struct {
	left  []string
	reads int
}

func (p *script) Read(to []byte) (int, error) {
	p.reads++
	if len(p.left) == 0 {
		return 0, io.EOF
	}
	n := copy(to, p.left[0])
	p.left = p.left[1:]
	return n, nil
}

// TestReadyMeansNoWait checks that Read reads nothing where the stream was ready, and that
// it was ready where there was a message.
func TestReadyMeansNoWait(t *testing.T) {
	t.Parallel()
	from := &script{left: []string{
		"\xef\xbb\xbf", "one\n", "two\nthree\r\n", "fo", "ur\n\n \n\nfive", "\n\n\n", "six\n" + strings.Repeat("x", 20) + "\nseven", "\n\n", "eight",
	}}
	s := New(from, io.Discard, Options{MaxMessage: 16})
	var got []string
	for {
		ready, reads := s.Ready(), from.reads
		if s.Ready() != ready {
			t.Error("Ready changes without a Read")
		}
		msg, err := s.Read(t.Context())
		if waited := from.reads > reads; waited == ready && err != io.EOF {
			t.Errorf("before %q (%v): ready is %v, and the reader was asked: %v", msg, err, ready, waited)
		}
		var skipped *MessageError
		switch {
		case err == io.EOF:
			if want := "one two three four five six too-long seven eight"; strings.Join(got, " ") != want {
				t.Errorf("read %q, want %q", got, want)
			}
			return
		case errors.As(err, &skipped):
			got = append(got, "too-long")
		case err != nil:
			t.Fatal(err)
		default:
			got = append(got, string(msg))
		}
	}
}
