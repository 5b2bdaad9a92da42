package audit

import (
	"bufio"
	"bytes"
	"cmp"
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"slices"
)

// Problem is what is wrong at one place of a log.
type Problem string

// The problems that [Verify] finds.
const (
	ProblemUnreadable  Problem = "unreadable"   // not a line of an audit log, or one that was cut short
	ProblemChanged     Problem = "changed"      // the line does not fit its own hash
	ProblemMissing     Problem = "missing"      // lines of the chain are missing before this one
	ProblemReordered   Problem = "reordered"    // the line belongs further up
	ProblemRepeated    Problem = "repeated"     // the chain has a line of this number already
	ProblemReplaced    Problem = "replaced"     // the line before is not the one that was written
	ProblemAfterEnd    Problem = "after_end"    // the chain was closed before this line
	ProblemMissingFile Problem = "missing_file" // a file is missing before this one
)

// A Fault is a place where a log is not as it was written.
type Fault struct {
	// File and Line, from 1, say where. Line is 0 for a fault of a whole file.
	File string
	Line int
	// Problem is what is wrong.
	Problem Problem
	// Chain and Seq are those of the line, where it could be read.
	Chain string
	Seq   uint64
	// Text says it to people.
	Text string
}

// A Chain is what was found of one chain.
type Chain struct {
	// ID names it.
	ID string
	// Host, PID and Version are of the process that wrote it.
	Host    string
	PID     int
	Version string
	// First and Last are the numbers of its first and last line that were found.
	First, Last uint64
	// Hash is that of its last line, in hex: kept elsewhere, it shows later that the
	// lines up to there are still the same.
	Hash string
	// Closed says that the chain has its end. One without is of a process that runs or
	// was killed, or its last lines are gone.
	Closed bool
	// Dropped is how many entries the process says that it has lost.
	Dropped uint64
}

// A Report is what [Verify] found.
type Report struct {
	// Files are those that were read, in order.
	Files []string
	// Lines is how many lines were read.
	Lines int
	// Chains are in the order of their first lines.
	Chains []Chain
	// Faults are in the order in which they stand. At most 1000 are kept.
	Faults []Fault
	// MoreFaults is how many are not in Faults.
	MoreFaults int
	// Resumed is how many pieces of lines were passed over whose whole lines stand
	// further down: a full disk leaves such.
	Resumed int
}

// maxLine is the longest line that is read; what [File] writes is far shorter.
const maxLine = 256 << 10

// Verify reads the logs at these paths, each with the numbered files that belong to it,
// and reports where they are not as they were written. The error is that of reading
// them, or the cause of ctx.
func Verify(ctx context.Context, paths ...string) (*Report, error) {
	files, err := expand(paths)
	if err != nil {
		return nil, err
	}
	v := newVerifier()
	for _, f := range files {
		if err := v.file(ctx, f); err != nil {
			return nil, err
		}
	}
	return v.finish(), nil
}

// expand returns the files that the paths stand for, each once, in the order in which
// they were written. A numbered file that is named stands for itself.
func expand(paths []string) ([]numbered, error) {
	var files []numbered
	rank := map[string]int{} // of a series: the order in which they are named
	for _, path := range paths {
		some, err := named(filepath.Clean(path))
		if err != nil {
			return nil, err
		}
		of, _ := origin(filepath.Clean(path))
		if _, known := rank[of]; !known {
			rank[of] = len(rank)
		}
		files = append(files, some...)
	}
	slices.SortStableFunc(files, func(a, b numbered) int {
		ofA, _ := origin(a.path)
		ofB, _ := origin(b.path)
		return cmp.Or(cmp.Compare(rank[ofA], rank[ofB]), cmp.Compare(a.number, b.number))
	})
	return slices.Compact(files), nil
}

// named returns the files that one path stands for.
func named(path string) ([]numbered, error) {
	if _, number := origin(path); number > 0 {
		return []numbered{{path, number}}, nil
	}
	files, err := present(path)
	if err == nil && len(files) == 0 {
		_, err = os.Stat(path)
	}
	return files, err
}

// file reads one file.
func (v *verifier) file(ctx context.Context, f numbered) error {
	file, err := os.Open(f.path)
	if err != nil {
		return err
	}
	defer file.Close()
	v.begin(f)
	r := bufio.NewReaderSize(file, maxLine)
	for {
		if ctx.Err() != nil {
			return context.Cause(ctx)
		}
		text, err := r.ReadSlice('\n')
		v.line(bytes.TrimSuffix(text, []byte{'\n'}))
		for errors.Is(err, bufio.ErrBufferFull) { // the rest of a line that is too long
			_, err = r.ReadSlice('\n')
		}
		switch {
		case errors.Is(err, io.EOF):
			return nil
		case err != nil:
			return fmt.Errorf("read %s: %w", f.path, err)
		}
	}
}
