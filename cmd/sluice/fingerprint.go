package main

import (
	"io/fs"
	"os"
	"path/filepath"
	"slices"
)

// A fingerprint is what files look like from outside: it changes when one is written,
// replaced, deleted or, as a link anywhere on the way to it is, pointed elsewhere.
type fingerprint []fs.FileInfo // nil for a file that is not there

// takeFingerprint looks at the files, following links.
func takeFingerprint(paths []string) fingerprint {
	f := make(fingerprint, len(paths))
	for i, path := range paths {
		if info, err := os.Stat(path); err == nil {
			f[i] = info
		}
	}
	return f
}

func (f fingerprint) equal(other fingerprint) bool { return slices.EqualFunc(f, other, sameLook) }

func sameLook(a, b fs.FileInfo) bool {
	if a == nil || b == nil {
		return a == nil && b == nil
	}
	return os.SameFile(a, b) && a.Size() == b.Size() && a.ModTime().Equal(b.ModTime()) && a.Mode() == b.Mode()
}

// maxLinks is how many links are followed, as Linux has it.
const maxLinks = 40

// directoriesOf returns the directories in which something happens when one of the files
// becomes another: those that hold the files, and those that hold links to them. In a
// Kubernetes volume the file is a link through the link ..data beside it, and that one is
// what changes.
func directoriesOf(paths []string) []string {
	var found []string
	add := func(directory string) {
		if real, err := filepath.EvalSymlinks(directory); err == nil && !slices.Contains(found, real) {
			found = append(found, real)
		}
	}
	for _, path := range paths {
		for range maxLinks {
			add(filepath.Dir(path))
			target, err := os.Readlink(path)
			if err != nil {
				break
			}
			if !filepath.IsAbs(target) {
				target = filepath.Join(filepath.Dir(path), target)
			}
			path = target
		}
	}
	return found
}
