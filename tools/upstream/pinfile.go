package upstream

import (
	"errors"
	"fmt"
	"io/fs"
	"maps"
	"os"
	"path/filepath"
	"sync"

	jsonv2 "github.com/go-json-experiment/json"
	"github.com/go-json-experiment/json/jsontext"
)

// A PinFile holds, for each server, digests of its tools as they were when the server was
// first seen or were accepted later. A tool that is new or other than its pin is
// kept in quarantine: it is neither listed nor called until its pin is changed, since a
// server that was trusted for what it said may say something else later.
//
// It is a JSON file, fit to be kept under version control. Its methods are safe for
// concurrent use; of several processes that write it at once one wins.
type PinFile struct {
	// Path is where the file is. It need not exist yet; its directory must.
	Path string

	mu sync.Mutex // held while the file is read and written
}

type pinFileText struct {
	Version int                          `json:"version"`
	Servers map[string]map[string]string `json:"servers"`
}

// pinVersion is that of the format.
const pinVersion = 1

// Load returns the digests of a server's tools by name, nil where it has none.
func (f *PinFile) Load(server string) (map[string]string, error) {
	f.mu.Lock()
	defer f.mu.Unlock()
	text, err := f.read()
	if err != nil {
		return nil, err
	}
	return text.Servers[server], nil
}

// Save replaces the digests of a server's tools.
func (f *PinFile) Save(server string, pins map[string]string) error {
	f.mu.Lock()
	defer f.mu.Unlock()
	text, err := f.read()
	if err != nil {
		return err
	}
	if text.Servers == nil {
		text.Servers = map[string]map[string]string{}
	}
	text.Servers[server] = maps.Clone(pins)
	return f.write(text)
}

func (f *PinFile) read() (*pinFileText, error) {
	text := &pinFileText{Version: pinVersion}
	source, err := os.ReadFile(f.Path)
	if errors.Is(err, fs.ErrNotExist) {
		return text, nil
	}
	if err == nil {
		err = jsonv2.Unmarshal(source, text)
	}
	if err != nil {
		return nil, fmt.Errorf("the pin file %s: %w", f.Path, err)
	}
	if text.Version != pinVersion {
		return nil, fmt.Errorf("the pin file %s has version %d, and %d is known", f.Path, text.Version, pinVersion)
	}
	return text, nil
}

// write replaces the file as a whole.
func (f *PinFile) write(text *pinFileText) error {
	source, err := jsonv2.Marshal(text, jsonv2.Deterministic(true), jsontext.WithIndent("  "))
	if err != nil {
		return err
	}
	next, err := os.CreateTemp(filepath.Dir(f.Path), filepath.Base(f.Path)+".*")
	if err != nil {
		return err
	}
	defer os.Remove(next.Name()) // where it has not been renamed
	_, err = next.Write(append(source, '\n'))
	if err = errors.Join(err, next.Sync(), next.Close()); err != nil {
		return err
	}
	return os.Rename(next.Name(), f.Path)
}
