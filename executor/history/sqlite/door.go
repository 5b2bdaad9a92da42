package sqlite

import (
	"errors"
	"path/filepath"
	"time"
)

// A door is what is passed to open a history file or to make it, by any number at once,
// and by nobody while one sets the file aside: that is three files to rename, and who
// opened them meanwhile would share the log of the new file with the pages of the old,
// or take the new one for what is to be set aside. It is a lock of the directory, so
// that no file is made for it and none is left by a process that was killed. Nobody
// holds it longer than it takes to open a file.
type door struct{ unlock func() }

// errLocked is what lockDir returns where it would have to wait.
var errLocked = errors.New("the directory of the history is locked by another process")

// openDoor enters the door of a file, or shuts it behind the caller, who is alone then.
// A directory that knows no locks has no door.
func openDoor(path string, alone bool) (door, error) {
	for tries := 0; ; tries++ {
		unlock, err := lockDir(filepath.Dir(path), alone)
		switch {
		case err == nil:
			return door{unlock}, nil
		case !errors.Is(err, errLocked):
			return door{func() {}}, nil
		case tries == maxTries:
			return door{}, err
		}
		time.Sleep(patience)
	}
}

func (d door) leave() { d.unlock() }
