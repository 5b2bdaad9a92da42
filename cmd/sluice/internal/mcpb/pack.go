package mcpb

import (
	"archive/zip"
	"bytes"
	"cmp"
	"compress/flate"
	"encoding/json"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path"
	"path/filepath"
	"slices"
	"time"
)

// A File is a file of a bundle: of the text where that is set, else a copy of Source.
type File struct {
	Name       string // in the bundle, with slashes
	Text       []byte
	Source     string
	Executable bool
}

// epoch is the time of every file: the first that a zip file can tell.
var epoch = time.Date(1980, time.January, 1, 0, 0, 0, 0, time.UTC)

// Pack writes a bundle. The same manifest and files make the same bytes, whenever and in
// whatever order they come.
func Pack(w io.Writer, m *Manifest, files []File) error {
	var manifest bytes.Buffer
	encoder := json.NewEncoder(&manifest)
	encoder.SetIndent("", "  ")
	encoder.SetEscapeHTML(false)
	if err := encoder.Encode(m); err != nil {
		return err
	}
	files = slices.SortedFunc(slices.Values(files), func(a, b File) int { return cmp.Compare(a.Name, b.Name) })
	files = slices.Insert(files, 0, File{Name: "manifest.json", Text: manifest.Bytes()})
	z := zip.NewWriter(w)
	z.RegisterCompressor(zip.Deflate, func(w io.Writer) (io.WriteCloser, error) { return flate.NewWriter(w, flate.BestCompression) })
	seen := map[string]bool{}
	for _, f := range files {
		if seen[f.Name] {
			return fmt.Errorf("two files of the bundle are called %s", f.Name)
		}
		seen[f.Name] = true
		if err := f.add(z); err != nil {
			return err
		}
	}
	return z.Close()
}

func (f *File) add(z *zip.Writer) error {
	header := &zip.FileHeader{Name: f.Name, Method: zip.Deflate, Modified: epoch}
	header.SetMode(0o644)
	if f.Executable {
		header.SetMode(0o755)
	}
	to, err := z.CreateHeader(header)
	if err != nil {
		return err
	}
	if f.Text != nil {
		_, err = to.Write(f.Text)
		return err
	}
	from, err := os.Open(f.Source)
	if err != nil {
		return err
	}
	defer from.Close()
	_, err = io.Copy(to, from)
	return err
}

// Below returns the files at name, a file or a directory below dir, under their names
// there. A link, or anything else that is no file, is an error: where it leads is for
// nobody to have who was not meant to.
func Below(dir, name string) ([]File, error) {
	local := filepath.ToSlash(filepath.Clean(name))
	if !filepath.IsLocal(name) {
		return nil, fmt.Errorf("%s is not below %s", name, dir)
	}
	var files []File
	err := filepath.WalkDir(filepath.Join(dir, name), func(at string, entry fs.DirEntry, err error) error {
		if err != nil || entry.IsDir() {
			return err
		}
		info, err := entry.Info()
		switch {
		case err != nil:
			return err
		case !info.Mode().IsRegular():
			return fmt.Errorf("%s is not a file or a directory", at)
		}
		rest, err := filepath.Rel(filepath.Join(dir, name), at)
		files = append(files, File{Name: path.Join(local, filepath.ToSlash(rest)), Source: at, Executable: info.Mode()&0o100 != 0})
		return err
	})
	return files, err
}
