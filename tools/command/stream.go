package command

import (
	"bytes"
	"io"

	"github.com/sluice-dev/sluice/tools"
	"github.com/sluice-dev/sluice/tools/internal/display"
)

// maxLine is how long a line may be, in bytes, to be progress; a message is cut to
// it.
const maxLine = 4 << 10

// A stream takes what a program prints to one of its outputs. Lines of progress are
// reported, the rest is kept. It belongs to the goroutine that writes to it, but for
// full.
type stream struct {
	keep     io.Writer
	room     int64 // bytes that may still be kept
	report   func(tools.Progress)
	messages bool          // each line is a message
	full     chan struct{} // closed when there was more than may be kept

	line    []byte // the line that is being read: its first maxLine bytes
	long    bool   // the line is longer than that, and what was read of it is kept
	swallow bool   // a newline that comes next belongs to a line of progress
}

func newStream(keep io.Writer, limit int64, report func(tools.Progress), messages bool) stream {
	return stream{keep: keep, room: limit, report: report, messages: messages, full: make(chan struct{})}
}

// Write takes the next bytes. It never fails: of a stream that is full the rest is
// dropped, to let the program run into its end.
func (s *stream) Write(chunk []byte) (int, error) {
	n := len(chunk)
	for len(chunk) > 0 && s.room >= 0 {
		end := bytes.IndexAny(chunk, "\r\n") + 1
		if end == 0 {
			s.extend(chunk)
			break
		}
		s.extend(chunk[:end])
		s.endLine()
		chunk = chunk[end:]
	}
	return n, nil
}

// end takes the end of the output, where the last line may lack a newline.
func (s *stream) end() {
	if len(s.line) > 0 && s.room >= 0 {
		s.endLine()
	}
}

// extend adds to the line. Once the line is too long for progress, it is kept as it
// comes.
func (s *stream) extend(part []byte) {
	fits := min(maxLine-len(s.line), len(part))
	s.line = append(s.line, part[:fits]...)
	rest := part[fits:]
	if len(rest) == 0 {
		return
	}
	if !s.long {
		s.long = true
		s.add(s.line)
	}
	s.add(rest)
}

// endLine takes the line: as progress, or as output and perhaps a message.
func (s *stream) endLine() {
	line, long := s.line, s.long
	s.line, s.long = s.line[:0], false
	if swallow := s.swallow; swallow {
		s.swallow = false
		if len(line) == 1 && line[0] == '\n' {
			return
		}
	}
	if progress, ok := parseProgress(line); ok && !long {
		s.swallow = line[len(line)-1] == '\r'
		s.report(progress)
		return
	}
	if !long {
		s.add(line)
	}
	if s.messages && s.room >= 0 {
		s.message(line)
	}
}

func (s *stream) message(line []byte) {
	if text := display.OneLine(display.CutRune(string(line))); text != "" {
		s.report(tools.Progress{Message: text})
	}
}

// add keeps bytes, and closes full with the first that are too many.
func (s *stream) add(part []byte) {
	if s.room < 0 {
		return
	}
	if s.room -= int64(len(part)); s.room < 0 {
		close(s.full)
	}
	_, _ = s.keep.Write(part)
}
