package config

import (
	"fmt"
	"io"
	"os"
	"path/filepath"
	"slices"
)

// maxFile is how many bytes a file may have that a config names.
const maxFile = 1 << 20

// ReadFile reads a file that a config names, such as one of certificates: at most 1 MiB
// of it. It waits for nobody; see checkFile.
func ReadFile(path string) ([]byte, error) {
	f, err := openFile(path)
	if err != nil {
		return nil, err
	}
	defer f.Close()
	text, err := io.ReadAll(io.LimitReader(f, maxFile+1))
	if err == nil && len(text) > maxFile {
		err = fmt.Errorf("%s has more than %d KiB", path, maxFile>>10)
	}
	return text, err
}

func openFile(path string) (*os.File, error) {
	if err := checkFile(path); err != nil {
		return nil, err
	}
	return os.Open(path)
}

// inherited are the directories and files that stand for what this process was given
// open, by a shell for example: <(...).
var inherited = []string{"/dev/fd", "/dev/stdin", "/proc/self/fd"}

// checkFile refuses what would be waited for, such as a named pipe that nobody writes
// to. A pipe that is open already has somebody who means to.
func checkFile(path string) error {
	info, err := os.Stat(path)
	if err != nil || info.Mode().IsRegular() {
		return nil // Open has its own words for what is wrong
	}
	if clean := filepath.Clean(path); slices.Contains(inherited, clean) || slices.Contains(inherited, filepath.Dir(clean)) {
		return nil
	}
	return fmt.Errorf("open %s: it is not a regular file", path)
}
