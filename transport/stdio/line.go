package stdio

import "bytes"

const (
	// firstBuffer is what a stream reads into until a message needs more. It holds
	// many small messages, so that a busy peer costs few system calls.
	firstBuffer = 32 << 10
	// keptBuffer is the most that is held on to between messages. What a longer one
	// needed is given back: one large message must not cost its memory for ever.
	keptBuffer = 256 << 10
)

var byteOrderMark = []byte("\xef\xbb\xbf")

// lines cuts bytes into lines. It does no input of its own: its owner reads into
// space, tells add how much it was, and takes lines from next.
type lines struct {
	max int // longest line, in bytes

	buf     []byte
	start   int // buf[start:end] has not been returned yet
	scanned int // buf[start:scanned] holds no newline
	end     int

	skipping bool // the current line is too long; what came of it is dropped
	begun    bool // the first line has been seen
}

// next returns the next whole line, or the error that stands in its place. It
// returns false where more bytes are needed. The line is valid until space is called.
func (l *lines) next() (line []byte, err error, ok bool) {
	for {
		i := bytes.IndexByte(l.buf[l.scanned:l.end], '\n')
		if i < 0 {
			l.scanned = l.end
			l.dropLong()
			return nil, nil, false
		}
		line = l.buf[l.start : l.scanned+i]
		l.start = l.scanned + i + 1
		l.scanned = l.start
		if line, err, ok = l.take(line); ok {
			return line, err, true
		}
	}
}

// rest returns what stands behind the last newline, as next does.
func (l *lines) rest() (line []byte, err error, ok bool) {
	line = l.buf[l.start:l.end]
	l.start, l.scanned = l.end, l.end
	return l.take(line)
}

// take judges a whole line. It returns false for one to pass over.
func (l *lines) take(line []byte) ([]byte, error, bool) {
	long := l.skipping || len(line) > l.max
	if !l.begun {
		line = bytes.TrimPrefix(line, byteOrderMark)
	}
	l.begun, l.skipping = true, false
	if long {
		return nil, &MessageError{Limit: l.max}, true
	}
	line = bytes.TrimSuffix(line, []byte("\r"))
	return line, nil, !blank(line)
}

// dropLong forgets what has come of a line that is too long already.
func (l *lines) dropLong() {
	if l.end-l.start > l.max {
		l.skipping = true
	}
	if l.skipping {
		l.start, l.scanned, l.end = 0, 0, 0
	}
}

// space returns where the next bytes are to be read to. It is never empty.
func (l *lines) space() []byte {
	live := l.end - l.start
	switch {
	case len(l.buf) > keptBuffer && live < firstBuffer:
		l.move(make([]byte, firstBuffer))
	case live == 0 && l.buf != nil:
		l.move(l.buf)
	case l.end == len(l.buf) && l.start > len(l.buf)/2:
		l.move(l.buf)
	case l.end == len(l.buf):
		l.move(make([]byte, max(firstBuffer, min(2*len(l.buf), l.max+firstBuffer))))
	}
	return l.buf[l.end:]
}

// move takes what is unread to the start of buf, which may be the present buffer.
func (l *lines) move(buf []byte) {
	copy(buf, l.buf[l.start:l.end])
	l.scanned -= l.start
	l.end -= l.start
	l.start = 0
	l.buf = buf
}

// add says that n bytes were read into space.
func (l *lines) add(n int) { l.end += n }

// blank says whether a line has nothing but white space of JSON.
func blank(line []byte) bool {
	for _, c := range line {
		if c != ' ' && c != '\t' && c != '\r' {
			return false
		}
	}
	return true
}
