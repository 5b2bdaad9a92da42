package stdio

import (
	"bytes"
	"context"
	"errors"
	"io"
	"slices"
	"strings"
	"testing"
	"testing/iotest"
)

// skipped stands for a MessageError among messages.
const skipped = "(skipped)"

// readAll returns the messages of r and the error that ended them.
func readAll(r io.Reader, max int) ([]string, error) {
	s := New(r, io.Discard, Options{MaxMessage: max})
	var got []string
	for {
		msg, err := s.Read(context.Background())
		var long *MessageError
		switch {
		case errors.As(err, &long):
			got = append(got, skipped)
		case err != nil:
			return got, err
		default:
			got = append(got, string(msg))
		}
	}
}

// pieces are the ways in which bytes may arrive.
var pieces = map[string]func(io.Reader) io.Reader{
	"whole":              func(r io.Reader) io.Reader { return r },
	"byte by byte":       iotest.OneByteReader,
	"halves":             iotest.HalfReader,
	"end with last data": iotest.DataErrReader,
	"byte by byte, end with last data": func(r io.Reader) io.Reader {
		return iotest.DataErrReader(iotest.OneByteReader(r))
	},
}

func TestRead(t *testing.T) {
	t.Parallel()
	const max = 10
	for _, test := range []struct {
		name, input string
		want        []string
	}{
		{"nothing", "", nil},
		{"one", "{}\n", []string{"{}"}},
		{"two", "{}\n[]\n", []string{"{}", "[]"}},
		{"no newline at the end", "{}\n[]", []string{"{}", "[]"}},
		{"blank lines", "\n\r\n \t \n{}\n\n", []string{"{}"}},
		{"blank rest", "{}\n ", []string{"{}"}},
		{"carriage returns", "{}\r\n[]\r\n{}\r", []string{"{}", "[]", "{}"}},
		{"carriage return within", "{\r}\n", []string{"{\r}"}},
		{"white space is kept", " {} \n", []string{" {} "}},
		{"byte order mark", "\xef\xbb\xbf{}\n", []string{"{}"}},
		{"byte order mark alone", "\xef\xbb\xbf\n{}\n", []string{"{}"}},
		{"byte order mark later", "{}\n\xef\xbb\xbf{}\n", []string{"{}", "\xef\xbb\xbf{}"}},
		{"NUL and bad UTF-8", "\x00\xff\n", []string{"\x00\xff"}},
		{"as long as may be", "0123456789\n{}\n", []string{"0123456789", "{}"}},
		{"too long by one", "0123456789x\n{}\n", []string{skipped, "{}"}},
		{"far too long", strings.Repeat("x", 40_000) + "\n{}\n", []string{skipped, "{}"}},
		{"too long in a row", strings.Repeat("0123456789x\n", 3), []string{skipped, skipped, skipped}},
		{"too long at the end", "{}\n0123456789x", []string{"{}", skipped}},
		{"too long and blank", strings.Repeat(" ", 11) + "\n{}", []string{skipped, "{}"}},
	} {
		for how, in := range pieces {
			got, err := readAll(in(strings.NewReader(test.input)), max)
			if !slices.Equal(got, test.want) || err != io.EOF {
				t.Errorf("%s, %s: got %q and %v, want %q and EOF", test.name, how, got, err, test.want)
			}
		}
	}
}

func TestReadEndsWithTheReadersError(t *testing.T) {
	t.Parallel()
	broken := errors.New("broken")
	got, err := readAll(io.MultiReader(strings.NewReader("{}\n[half"), iotest.ErrReader(broken)), 0)
	if !slices.Equal(got, []string{"{}"}) || err != broken {
		t.Errorf("got %q and %v, want {} and the error of the reader, without the half", got, err)
	}
	if _, err := readAll(neverReader{}, 0); err != io.ErrNoProgress {
		t.Errorf("got %v from a reader that gives nothing", err)
	}
}

type neverReader struct{}

func (neverReader) Read([]byte) (int, error) { return 0, nil }

// A longReader is a line of n bytes, and then {}.
type longReader struct{ n int }

func (r *longReader) Read(p []byte) (int, error) {
	if r.n <= 0 {
		return copy(p, "\n{}\n"), io.EOF
	}
	n := copy(p[:min(r.n, len(p))], xs)
	r.n -= n
	return n, nil
}

var xs = bytes.Repeat([]byte("x"), 64<<10)

func TestLongLinesCostNoMemory(t *testing.T) {
	t.Parallel()
	in := &watched{r: &longReader{n: 256 << 20}}
	s := New(in, io.Discard, Options{})
	in.s = s
	_, err := s.Read(t.Context())
	var long *MessageError
	if !errors.As(err, &long) || !strings.Contains(long.Skipped(), "4194304") {
		t.Fatalf("got %v, want the limit", err)
	}
	if msg, err := s.Read(t.Context()); string(msg) != "{}" {
		t.Errorf("the next line is %q, %v", msg, err)
	}
	if most := defaultMaxMessage + firstBuffer; in.most > most {
		t.Errorf("the buffer had %d bytes, want at most %d", in.most, most)
	}
}

// Messages that end anywhere in the buffer do not make it grow.
func TestSmallMessagesTakeTheFirstBuffer(t *testing.T) {
	t.Parallel()
	line := strings.Repeat("x", 999) + "\n"
	in := &watched{r: iotest.HalfReader(strings.NewReader(strings.Repeat(line, 1000)))}
	s := New(in, io.Discard, Options{})
	in.s = s
	for range 1000 {
		if msg, err := s.Read(t.Context()); len(msg) != 999 || err != nil {
			t.Fatalf("got %d bytes and %v", len(msg), err)
		}
	}
	if in.most != firstBuffer {
		t.Errorf("the buffer had %d bytes, want %d", in.most, firstBuffer)
	}
}

// A watched reader notes how large the buffer of its stream gets.
type watched struct {
	r    io.Reader
	s    *Stream
	most int
}

func (w *watched) Read(p []byte) (int, error) {
	w.most = max(w.most, len(w.s.lines.buf))
	return w.r.Read(p)
}

func TestMemoryIsGivenBack(t *testing.T) {
	t.Parallel()
	var out discard
	s := New(io.MultiReader(&longReader{n: 4 << 20}, strings.NewReader("{}\n")), &out, Options{})
	msg, err := s.Read(t.Context())
	if len(msg) != 4<<20 || err != nil {
		t.Fatalf("got %d bytes and %v", len(msg), err)
	}
	if err := s.Write(t.Context(), msg); err != nil || int(out) != len(msg)+1 {
		t.Fatalf("wrote %d bytes with %v", out, err)
	}
	for range 2 {
		if msg, err := s.Read(t.Context()); string(msg) != "{}" {
			t.Fatalf("got %q and %v", msg, err)
		}
	}
	if len(s.lines.buf) > keptBuffer || cap(s.frame) > keptBuffer {
		t.Errorf("%d and %d bytes are held after a large message", len(s.lines.buf), cap(s.frame))
	}
}

// discard counts what is written to it. It is no io.ReaderFrom.
type discard int

func (d *discard) Write(p []byte) (int, error) {
	*d += discard(len(p))
	return len(p), nil
}

// reference is the framing in its simplest form.
func reference(input []byte, max int) []string {
	var want []string
	lines := bytes.Split(input, []byte("\n"))
	for i, line := range lines {
		long := len(line) > max
		if i == 0 {
			line = bytes.TrimPrefix(line, byteOrderMark)
		}
		line = bytes.TrimSuffix(line, []byte("\r"))
		switch {
		case long:
			want = append(want, skipped)
		case len(bytes.Trim(line, " \t\r")) > 0:
			want = append(want, string(line))
		}
	}
	return want
}

func FuzzRead(f *testing.F) {
	for _, seed := range []string{"", "{}\n", "\xef\xbb\xbf{}\r\n\n[]", "0123456789x\n{}\n", " \r\n\x00\n"} {
		f.Add([]byte(seed), uint16(10))
	}
	f.Fuzz(func(t *testing.T, input []byte, limit uint16) {
		input = input[:min(len(input), 4<<10)]
		max := int(limit) + 1
		want := reference(input, max)
		for how, in := range pieces {
			got, err := readAll(in(bytes.NewReader(input)), max)
			if err != io.EOF || !slices.Equal(got, want) {
				t.Fatalf("%s: got %q and %v, want %q", how, got, err, want)
			}
		}
	})
}
