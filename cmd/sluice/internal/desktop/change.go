package desktop

import (
	"bytes"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"

	"github.com/sluice-dev/sluice/cmd/sluice/internal/jsonc"
)

// backupSuffix is what the name of a backup ends with. It is of the file as it was before
// the last change; of several in a row that are ours, before the first.
const backupSuffix = ".sluice-backup"

// maxBytes is how long a config may be: that of Claude Code has the history of projects.
const maxBytes = 64 << 20

// attempts is how often a file is read again that another program has written meanwhile.
const attempts = 5

// An Action says what became of a config.
type Action string

// The actions.
const (
	Added     Action = "added"
	Updated   Action = "updated"
	Unchanged Action = "unchanged"
	Removed   Action = "removed"
)

// A Change says what was done to a file.
type Change struct {
	Action Action
	// File is what was changed, with links followed.
	File string
	// Backup has what was there before; empty where there was nothing, or nothing was done.
	Backup string
}

// Install puts an entry for a server into the config at path, which is made where it does
// not exist; its directory must. Nothing else in it is touched. Where it cannot be read for
// what it is, nothing is written.
func (c *Client) Install(path, name string, s Server) (*Change, error) {
	return c.change(path, func(old []byte) (*edition, error) {
		was, err := jsonc.Get(old, c.Section, name)
		if err != nil {
			return nil, err
		}
		e := &edition{action: Added}
		if was != nil {
			e.action = Updated
			before, ours := c.undone(path, name, old, was)
			e.backedUp = ours && before != nil
		}
		e.text, err = jsonc.Set(old, c.Section, name, c.Entry(s))
		return e, err
	})
}

// Remove takes out the entry of a server. Where the file is as Install has left it, it
// becomes what it was before, to the byte; where there was none, it goes.
func (c *Client) Remove(path, name string) (*Change, error) {
	return c.change(path, func(old []byte) (*edition, error) {
		was, err := jsonc.Get(old, c.Section, name)
		if err != nil || was == nil {
			return &edition{text: old, action: Removed}, err
		}
		if before, ok := c.undone(path, name, old, was); ok {
			return &edition{text: before, action: Removed}, nil
		}
		text, err := jsonc.Remove(old, c.Section, name)
		return &edition{text: text, action: Removed}, err
	})
}

// An edition is what becomes of a file.
type edition struct {
	text     []byte // nil takes it away
	action   Action
	backedUp bool // what was there before is in the backup
}

// undone returns what there was, where the entry is all that has changed since: the
// backup, or nothing.
func (c *Client) undone(path, name string, now, entry []byte) ([]byte, bool) {
	real, err := filepath.EvalSymlinks(path)
	if err != nil {
		return nil, false
	}
	backup, err := os.ReadFile(real + backupSuffix)
	for _, before := range [][]byte{backup, nil} {
		if was, failed := jsonc.Get(before, c.Section, name); failed != nil || was != nil {
			continue
		}
		if again, failed := jsonc.Set(before, c.Section, name, jsonRaw(entry)); failed == nil && bytes.Equal(again, now) {
			return before, before != nil || err == nil || errors.Is(err, fs.ErrNotExist)
		}
	}
	return nil, false
}

// jsonRaw is JSON that stands for itself.
type jsonRaw []byte

// MarshalJSON returns it.
func (r jsonRaw) MarshalJSON() ([]byte, error) { return r, nil }

// change rewrites a file by what edit makes of it.
func (c *Client) change(path string, edit func([]byte) (*edition, error)) (*Change, error) {
	real, err := target(path)
	if err != nil {
		return nil, err
	}
	for range attempts {
		old, info, err := load(real)
		if err != nil {
			return nil, err
		}
		next, err := edit(old)
		if err != nil {
			return nil, fmt.Errorf("%s is left as it is: %w", real, err)
		}
		if bytes.Equal(old, next.text) && (next.text != nil || info == nil) {
			return &Change{Action: Unchanged, File: real}, nil
		}
		change := &Change{Action: next.action, File: real}
		if info != nil {
			change.Backup = real + backupSuffix
		}
		if info != nil && !next.backedUp {
			if err := replace(change.Backup, old, info, nil); err != nil {
				return nil, fmt.Errorf("no backup could be made, so nothing was changed: %w", err)
			}
		}
		err = replace(real, next.text, info, func() bool { now, _, err := load(real); return err == nil && bytes.Equal(now, old) })
		if !errors.Is(err, errMoved) {
			return change, err
		}
	}
	return nil, fmt.Errorf("%s: %w", real, errMoved)
}

var errMoved = errors.New("another program writes it all the time; quit the client and try again")

// target follows links: what stands there is changed, and not the link replaced.
func target(path string) (string, error) {
	if _, err := os.Lstat(path); errors.Is(err, fs.ErrNotExist) {
		dir, err := filepath.EvalSymlinks(filepath.Dir(path))
		return filepath.Join(dir, filepath.Base(path)), err
	}
	return filepath.EvalSymlinks(path)
}

// load reads a file; info is nil where there is none.
func load(path string) (text []byte, info fs.FileInfo, err error) {
	info, err = os.Stat(path)
	switch {
	case errors.Is(err, fs.ErrNotExist):
		return nil, nil, nil
	case err != nil:
		return nil, nil, err
	case !info.Mode().IsRegular():
		return nil, nil, fmt.Errorf("%s is not a file", path)
	case info.Size() > maxBytes:
		return nil, nil, fmt.Errorf("%s has more than %d bytes", path, maxBytes)
	}
	text, err = os.ReadFile(path)
	return text, info, err
}

// replace writes a file in one step, or takes it away where text is nil, with the mode and the owner that like has; where that
// is nil only this user may read it. It is not written where still says no.
func replace(path string, text []byte, like fs.FileInfo, still func() bool) error {
	if text == nil && still != nil {
		if !still() {
			return errMoved
		}
		return os.Remove(path)
	}
	f, err := os.CreateTemp(filepath.Dir(path), ".sluice-*") // mode 0600
	if err != nil {
		return err
	}
	_, err = f.Write(text)
	if err == nil && like != nil {
		err = errors.Join(f.Chmod(like.Mode().Perm()), keepOwner(f, like))
	}
	if err == nil {
		err = f.Sync()
	}
	err = errors.Join(err, f.Close())
	if err == nil && still != nil && !still() {
		err = errMoved
	}
	if err == nil {
		err = os.Rename(f.Name(), path)
	}
	if err != nil {
		return errors.Join(err, os.Remove(f.Name()))
	}
	return nil
}
