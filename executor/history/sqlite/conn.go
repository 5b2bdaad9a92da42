package sqlite

import (
	"context"
	"encoding/binary"
	"errors"
	"fmt"
	"math/bits"
	"net/url"
	"path/filepath"
	"strings"
	"time"

	"modernc.org/libc"
	lib "modernc.org/sqlite/lib"
)

func init() { lib.PatchIssue199() } // what the library wants before its first use

// conn is a connection to a file, on SQLite's own interface: by the way of database/sql,
// or of the driver below it, the values of a row cost more than the row. One goroutine at a
// time has it, so it is opened without a mutex.
type conn struct {
	tls  *libc.TLS
	db   uintptr
	outs uintptr // where SQLite puts two pointers that it returns
}

// ptrSize is the size of a pointer, in bytes.
const ptrSize = bits.UintSize / 8

// busyMillis is how long a statement waits for the lock of another connection.
const busyMillis = 2000

// openConn opens an existing file; mode is one of SQLite's URI parameters. It takes no
// lock.
func openConn(path, mode string) (*conn, error) {
	location := filepath.ToSlash(path)
	if !strings.HasPrefix(location, "/") {
		location = "/" + location // C:/...
	}
	name := url.URL{Scheme: "file", Path: location, RawQuery: mode}
	c := &conn{tls: libc.NewTLS()}
	err := c.open(name.String())
	if err == nil {
		err = c.persistLog()
	}
	if err == nil {
		_, err = c.exec(fmt.Sprintf("PRAGMA busy_timeout=%d", busyMillis))
	}
	if err != nil {
		c.close()
		return nil, err
	}
	return c, nil
}

func (c *conn) open(name string) (err error) {
	if c.outs, err = c.alloc(2 * ptrSize); err != nil {
		return err
	}
	uri, err := libc.CString(name)
	if err != nil {
		return err
	}
	defer libc.Xfree(c.tls, uri)
	rc := lib.Xsqlite3_open_v2(c.tls, uri, c.outs, lib.SQLITE_OPEN_READWRITE|lib.SQLITE_OPEN_NOMUTEX|lib.SQLITE_OPEN_URI, 0)
	c.db = c.out(0)
	return c.failure(rc)
}

// persistLog has the log and its index left in place by the connection that is closed
// last. It would delete them by name, and under that name may stand those of another file
// by then.
func (c *conn) persistLog() error {
	schema, err := libc.CString("main")
	if err != nil {
		return err
	}
	defer libc.Xfree(c.tls, schema)
	binary.NativeEndian.PutUint32(libc.GoBytes(c.outs, 4), 1)
	return c.failure(lib.Xsqlite3_file_control(c.tls, c.db, schema, lib.SQLITE_FCNTL_PERSIST_WAL, c.outs))
}

// alloc returns memory that SQLite may keep a pointer to.
func (c *conn) alloc(bytes int) (uintptr, error) {
	p := lib.Xsqlite3_malloc(c.tls, int32(bytes))
	if p == 0 {
		return 0, &codeError{code: lib.SQLITE_NOMEM, text: "out of memory"}
	}
	return p, nil
}

// out returns a pointer that SQLite has returned.
func (c *conn) out(i int) uintptr {
	at := libc.GoBytes(c.outs+uintptr(i*ptrSize), ptrSize)
	if ptrSize == 4 {
		return uintptr(binary.NativeEndian.Uint32(at))
	}
	return uintptr(binary.NativeEndian.Uint64(at))
}

// close closes the connection. What it says is of no use: all that was committed is safe.
func (c *conn) close() {
	lib.Xsqlite3_close_v2(c.tls, c.db)
	lib.Xsqlite3_free(c.tls, c.outs)
	c.tls.Close()
}

// exec runs statements, each with the same arguments, and returns how many rows the last
// one has changed.
func (c *conn) exec(query string, args ...any) (rows int64, err error) {
	err = c.run(query, args, func(*statement) error { return nil })
	return lib.Xsqlite3_changes64(c.tls, c.db), err
}

// each calls f with each row of a query.
func (c *conn) each(ctx context.Context, query string, args []any, f func(row *statement) error) error {
	stop := c.interruptWith(ctx)
	defer stop()
	err := c.run(query, args, func(row *statement) error {
		if ctx.Err() != nil {
			return context.Cause(ctx)
		}
		return f(row)
	})
	if code(err) == lib.SQLITE_INTERRUPT {
		return context.Cause(ctx)
	}
	return err
}

// run runs statements, one behind the other, and calls f with each of their rows.
func (c *conn) run(query string, args []any, f func(row *statement) error) error {
	for strings.TrimSpace(query) != "" {
		s, tail, err := c.prepare(query)
		if err != nil {
			return err
		}
		err = s.run(args, f)
		s.close()
		if err != nil {
			return err
		}
		query = tail
	}
	return nil
}

// interruptEvery is how often a query is interrupted until it ends: SQLite forgets what
// comes between two steps.
const interruptEvery = 10 * time.Millisecond

// interruptWith interrupts what the connection does once ctx is done, until stop is called.
func (c *conn) interruptWith(ctx context.Context) (stop func()) {
	ended, done := make(chan struct{}), make(chan struct{})
	cancel := context.AfterFunc(ctx, func() {
		defer close(done)
		tls := libc.NewTLS()
		defer tls.Close()
		for {
			lib.Xsqlite3_interrupt(tls, c.db)
			select {
			case <-ended:
				return
			case <-time.After(interruptEvery):
			}
		}
	})
	return func() {
		close(ended)
		if !cancel() {
			<-done // the connection may be closed then
		}
	}
}

// number returns the one number that a query has for its result; 0 where it has none.
func (c *conn) number(query string, args ...any) (n int64, err error) {
	err = c.run(query, args, func(row *statement) error {
		n = row.number(0)
		return nil
	})
	return n, err
}

// codeError is an error of SQLite's.
type codeError struct {
	code int // which may be an extended one
	text string
}

func (e *codeError) Error() string { return fmt.Sprintf("sqlite: %s (%d)", e.text, e.code) }

// failure returns the error that a result code stands for; nil where it is none.
func (c *conn) failure(rc int32) error {
	if rc == lib.SQLITE_OK {
		return nil
	}
	text := libc.GoString(lib.Xsqlite3_errstr(c.tls, rc))
	if c.db != 0 {
		text = libc.GoString(lib.Xsqlite3_errmsg(c.tls, c.db))
	}
	return &codeError{code: int(rc), text: text}
}

// code returns SQLite's primary result code of an error; 0 where it is none.
func code(err error) int {
	var failure *codeError
	if !errors.As(err, &failure) {
		return 0
	}
	return failure.code & 0xff
}

// isDamaged reports whether a file is no database, or a broken one.
func isDamaged(err error) bool {
	return code(err) == lib.SQLITE_CORRUPT || code(err) == lib.SQLITE_NOTADB || errors.Is(err, errDamaged)
}

// keepsFile reports whether a connection is as good as before in spite of an error.
func keepsFile(err error) bool {
	return code(err) == lib.SQLITE_BUSY || code(err) == lib.SQLITE_FULL
}

// needsWriting reports whether a file could not be read since that takes writing to it.
func needsWriting(err error) bool {
	return code(err) == lib.SQLITE_CANTOPEN || code(err) == lib.SQLITE_READONLY
}
