package audit

import (
	"cmp"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
)

// numbered is a file of a series: number 0 is the path itself.
type numbered struct {
	path   string
	number int
}

// numberDigits is how many digits a number has at least, so that names sort.
const numberDigits = 6

// nth returns the name of a file in the series of path.
func nth(path string, number int) string {
	if number == 0 {
		return path
	}
	ext := filepath.Ext(path)
	return fmt.Sprintf("%s.%0*d%s", strings.TrimSuffix(path, ext), numberDigits, number, ext)
}

// origin takes the name of a file apart into the path of its series and its number.
func origin(name string) (path string, number int) {
	ext := filepath.Ext(name)
	stem := strings.TrimSuffix(name, ext)
	for _, ends := range []struct{ before, number, after string }{
		{strings.TrimSuffix(stem, filepath.Ext(stem)), filepath.Ext(stem), ext},
		{stem, ext, ""}, // a path without an extension
	} {
		path := ends.before + ends.after
		number, err := strconv.Atoi(strings.TrimPrefix(ends.number, "."))
		if err == nil && number > 0 && nth(path, number) == name {
			return path, number
		}
	}
	return name, 0
}

// present returns the files of the series that are there, in order.
func present(path string) ([]numbered, error) {
	entries, err := os.ReadDir(filepath.Dir(path))
	if err != nil {
		return nil, err
	}
	path = filepath.Clean(path)
	var files []numbered
	for _, entry := range entries {
		name := filepath.Join(filepath.Dir(path), entry.Name())
		of, number := origin(name)
		if name == path {
			of, number = path, 0
		}
		if of == path && !entry.IsDir() {
			files = append(files, numbered{name, number})
		}
	}
	slices.SortFunc(files, func(a, b numbered) int { return cmp.Compare(a.number, b.number) })
	return files, nil
}

// A series is a log that goes on in the next file where one is full. It belongs to one
// goroutine.
type series struct {
	path  string
	size  int64 // when a file is full; 0 is never
	keep  int   // how many files are kept; 0 is all
	file  *os.File
	write func(*os.File, []byte) (int, error) // (*os.File).Write but in tests
}

// ready sees to it that the file is open that the next lines belong in. It reports
// whether that is another than before.
func (s *series) ready() (fresh bool, err error) {
	if s.file != nil && s.current() {
		return false, nil
	}
	s.close()
	for {
		number, err := s.newest()
		if err != nil {
			return false, err
		}
		if number, err = s.open(number); err != nil {
			return false, err
		}
		// A process that was slow here may have opened what the others had left
		// behind long ago.
		if newest, err := s.newest(); err != nil || newest <= number {
			return true, err
		}
		s.close()
	}
}

// current reports whether the open file has room and still is what its name stands
// for: lines in a file that was removed or moved away would be lost.
func (s *series) current() bool {
	named, err := os.Stat(s.file.Name())
	if err != nil {
		return false
	}
	open, err := s.file.Stat()
	return err == nil && os.SameFile(named, open) && !s.full(open)
}

func (s *series) full(info fs.FileInfo) bool { return s.size > 0 && info.Size() >= s.size }

func (s *series) newest() (int, error) {
	files, err := present(s.path)
	if err != nil || len(files) == 0 {
		return 0, err
	}
	return files[len(files)-1].number, nil
}

// open opens the file of a number, or the first behind it that has room.
func (s *series) open(number int) (int, error) {
	for ; ; number++ {
		file, err := os.OpenFile(nth(s.path, number), os.O_RDWR|os.O_APPEND|os.O_CREATE, 0o600)
		if err != nil {
			return number, err
		}
		info, err := file.Stat()
		if err == nil && !s.full(info) {
			s.file = file
			s.prune()
			return number, nil
		}
		file.Close() // nothing was written
		if err != nil {
			return number, err
		}
	}
}

// prune removes the oldest files where there are too many. What cannot be removed now,
// since on Windows another process has it open, is when the next file is begun.
func (s *series) prune() {
	files, err := present(s.path)
	if err != nil || s.keep <= 0 {
		return
	}
	for _, f := range files[:max(len(files)-s.keep, 0)] {
		_ = os.Remove(f.path)
	}
}

// append appends whole lines, and returns how many bytes of them were written. It
// begins a new line where another write was cut short.
func (s *series) append(lines []byte) (int, error) {
	before := 0
	if s.torn() {
		lines, before = append([]byte{'\n'}, lines...), 1
	}
	n, err := s.write(s.file, lines)
	if err == nil && n < len(lines) {
		err = errors.New("the write was cut short")
	}
	return max(n-before, 0), err
}

// torn reports whether the file ends within a line.
func (s *series) torn() bool {
	info, err := s.file.Stat()
	if err != nil || info.Size() == 0 {
		return false
	}
	var last [1]byte
	_, err = s.file.ReadAt(last[:], info.Size()-1)
	return err == nil && last[0] != '\n'
}

func (s *series) close() {
	if s.file != nil {
		s.file.Close() // every write was checked
		s.file = nil
	}
}
