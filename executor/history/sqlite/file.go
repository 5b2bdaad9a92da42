package sqlite

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"time"

	lib "modernc.org/sqlite/lib"
)

// What a file says of itself, in its header: that it is ours, and which version.
const (
	applicationID = 0x534c4849 // "SLHI"
	version       = 1
)

// Why a file is not written to.
var (
	// ErrLaterVersion is that of a file which a later version of Sluice has made.
	ErrLaterVersion = errors.New("the file is of a later version of Sluice")
	// ErrForeign is that of a database which is no history. It is left alone.
	ErrForeign = errors.New("the file is a database of another program")

	errDamaged = errors.New("the file is damaged")
)

const schema = `
CREATE TABLE calls (
	seq INTEGER PRIMARY KEY AUTOINCREMENT, -- never used again, so that followers miss nothing
	id BLOB NOT NULL,                      -- a UUID has 16 bytes
	tool TEXT NOT NULL, caller TEXT, transport TEXT, priority TEXT,
	queued_us INTEGER NOT NULL, started_us INTEGER, finished_us INTEGER NOT NULL,
	outcome TEXT NOT NULL, kind TEXT, reason TEXT,
	wait_rate_us INTEGER, wait_flight_us INTEGER, wait_server_us INTEGER, wait_tool_us INTEGER,
	cached TEXT, bytes_in INTEGER, bytes_out INTEGER, cpu_us INTEGER, peak_memory_bytes INTEGER,
	sandbox TEXT, notes_dropped INTEGER, abandoned INTEGER,
	arguments_sha256 BLOB, arguments TEXT
);
CREATE TABLE lost (at_us INTEGER NOT NULL, rows INTEGER NOT NULL);
`

// A file is a history file that is open for writing.
type file struct {
	*conn
	path  string
	info  fs.FileInfo // of the file that was opened
	plain insert      // of many rows, as is
	many  insert
	one   insert
}

// openFile opens the file at path; where there is none it makes one. It says which file
// it was also where that is of no use.
func openFile(path string) (_ *file, opened fs.FileInfo, err error) {
	if err := os.MkdirAll(filepath.Dir(path), 0o700); err != nil {
		return nil, nil, err
	}
	door, err := openDoor(path, false)
	if err != nil {
		return nil, nil, err
	}
	defer door.leave()
	if err := createFile(path); err != nil {
		return nil, nil, err
	}
	f := &file{path: path}
	if f.info, err = os.Stat(path); err != nil {
		return nil, nil, err
	}
	if f.conn, err = openConn(path, "mode=rw"); err != nil {
		return nil, f.info, err
	}
	if err = f.prepare(); err != nil {
		f.close()
		return nil, f.info, fmt.Errorf("open %s: %w", path, err)
	}
	return f, f.info, nil
}

// createFile makes an empty file that only its owner can read. One that is there is not
// so much as opened: to close it again would take the locks of POSIX off it that another
// connection of this process may hold.
func createFile(path string) error {
	if _, err := os.Stat(path); err == nil {
		return nil
	}
	f, err := os.OpenFile(path, os.O_RDWR|os.O_CREATE|os.O_EXCL, 0o600)
	if errors.Is(err, fs.ErrExist) {
		return nil
	}
	if err != nil {
		return err
	}
	return f.Close()
}

// prepare gets a file that was opened ready for rows.
func (f *file) prepare() error {
	found, err := f.version()
	if err == nil && found == 0 {
		err = f.create()
	}
	for tries := 0; code(err) == lib.SQLITE_BUSY && tries < maxTries; tries++ {
		time.Sleep(patience) // SQLite itself does not wait where the mode of the log is changed
		err = f.create()
	}
	if err != nil {
		return err
	}
	if err := f.check(); err != nil {
		return err
	}
	if _, err := f.exec("PRAGMA synchronous=NORMAL; PRAGMA journal_size_limit=8388608"); err != nil {
		return err
	}
	return errors.Join(
		f.plain.prepare(f.conn, manyRows, true), f.many.prepare(f.conn, manyRows, false), f.one.prepare(f.conn, 1, false))
}

// version returns the version of a file, 0 of one that is empty. What it reads is of one
// moment: another process may be making the file.
func (c *conn) version() (_ int64, err error) {
	if _, err := c.exec("SAVEPOINT version"); err != nil {
		return 0, err
	}
	defer func() {
		_, ended := c.exec("RELEASE version")
		err = errors.Join(err, ended)
	}()
	var found [3]int64
	for i, query := range [...]string{"PRAGMA application_id", "PRAGMA user_version", "SELECT count(*) FROM sqlite_schema"} {
		if found[i], err = c.number(query); err != nil {
			return 0, err
		}
	}
	switch {
	case found == [3]int64{}:
		return 0, nil
	case found[0] != applicationID:
		return 0, ErrForeign
	case found[1] > version:
		return 0, ErrLaterVersion
	}
	return found[1], nil
}

// How often, and how far apart, it is tried to make the tables of a new file, which
// several processes may want to do at once.
const (
	maxTries = 100
	patience = 20 * time.Millisecond
)

// create makes the tables, unless another process does.
func (f *file) create() error {
	// The mode of the log cannot be changed in a transaction; pages that become free
	// can be given back only where this was said before the first table.
	if _, err := f.exec("PRAGMA auto_vacuum=INCREMENTAL; PRAGMA journal_mode=WAL"); err != nil {
		return err
	}
	return f.transaction(func() error {
		found, err := f.version()
		if err != nil || found != 0 {
			return err
		}
		_, err = f.exec(fmt.Sprintf("%sPRAGMA application_id=%d; PRAGMA user_version=%d", schema, applicationID, version))
		return err
	})
}

// maxCheck is how large a file may be to be read whole when it is opened, in bytes: a
// tenth of a second or so.
const maxCheck = 16 << 20

// check looks for damage. That of larger files shows when it is met.
func (f *file) check() error {
	if f.info.Size() > maxCheck {
		return nil
	}
	return f.each(context.Background(), "PRAGMA quick_check(1)", nil, func(row *statement) error {
		if said := row.text(0); said != "ok" {
			return fmt.Errorf("%w: %s", errDamaged, strings.TrimSpace(said))
		}
		return nil
	})
}

// transaction calls f within a transaction that writes.
func (c *conn) transaction(f func() error) error {
	if _, err := c.exec("BEGIN IMMEDIATE"); err != nil {
		return err
	}
	err := f()
	if err == nil {
		_, err = c.exec("COMMIT")
	}
	if err != nil {
		_, _ = c.exec("ROLLBACK") // fails where SQLite has done so already
	}
	return err
}

// inPlace reports whether the file is still the one at its path.
func (f *file) inPlace() bool {
	info, err := os.Stat(f.path)
	return err == nil && os.SameFile(info, f.info)
}

func (f *file) close() {
	f.plain.close()
	f.many.close()
	f.one.close()
	f.conn.close()
}

// write writes the rows of a batch in one transaction, and how many were lost before.
func (f *file) write(batch []*chunk, lost uint64) error {
	return f.transaction(func() error {
		for _, c := range batch {
			if err := f.insert(c.rows()); err != nil {
				return err
			}
		}
		if lost == 0 {
			return nil
		}
		_, err := f.exec("INSERT INTO lost (at_us, rows) VALUES (?, ?)", time.Now().UnixMicro(), int64(lost))
		return err
	})
}

// insert inserts rows, as many with one statement as there are at least.
func (f *file) insert(rows []item) error {
	for len(rows) > 0 {
		with := &f.one
		if len(rows) >= manyRows {
			with = &f.many
			if allPlain(rows[:manyRows]) {
				with = &f.plain
			}
		}
		if err := with.run(rows[:with.rows]); err != nil {
			return err
		}
		rows = rows[with.rows:]
	}
	return nil
}

func allPlain(rows []item) bool {
	for i := range rows {
		if !plain(&rows[i].record) {
			return false
		}
	}
	return true
}

// setAside renames a file, with the log that belongs to it, to a name with the time in it.
// The error is [fs.ErrNotExist] where the file is no longer the one that was opened.
func setAside(path string, opened fs.FileInfo, now time.Time) (aside string, err error) {
	door, err := openDoor(path, true)
	if err != nil {
		return "", err
	}
	defer door.leave()
	if there, err := os.Stat(path); err != nil {
		return "", err
	} else if !os.SameFile(there, opened) {
		return "", fs.ErrNotExist
	}
	aside = path + now.UTC().Format(".damaged-20060102T150405.000Z")
	if err := os.Rename(path, aside); err != nil {
		return "", err
	}
	for _, suffix := range []string{"-wal", "-shm"} {
		_ = os.Rename(path+suffix, aside+suffix) // there may be none
	}
	return aside, nil
}
