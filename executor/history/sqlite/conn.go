package sqlite

import (
	"context"
	"database/sql/driver"
	"errors"
	"fmt"
	"net/url"
	"path/filepath"
	"strings"

	driversqlite "modernc.org/sqlite"
	codes "modernc.org/sqlite/lib"
)

// conn is a connection to a file, used without database/sql: one goroutine at a time has
// it, and a pool would cost more than a row.
type conn struct {
	driver.Conn
}

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
	c, err := (&driversqlite.Driver{}).Open(name.String())
	if err != nil {
		return nil, err
	}
	opened := &conn{c}
	// The log and its index are left in place by the connection that is closed last. It
	// would delete them by name, and under that name may stand those of another file by
	// then.
	if _, err = c.(driversqlite.FileControl).FileControlPersistWAL("main", 1); err == nil {
		_, err = opened.exec(fmt.Sprintf("PRAGMA busy_timeout=%d", busyMillis))
	}
	if err != nil {
		opened.close()
		return nil, err
	}
	return opened, nil
}

// close closes the connection. What it says is of no use: all that was committed is safe.
func (c *conn) close() { _ = c.Close() }

// exec runs statements, and returns how many rows the last one has changed.
func (c *conn) exec(query string, args ...any) (rows int64, err error) {
	result, err := c.Conn.(driver.ExecerContext).ExecContext(context.Background(), query, named(args))
	if err != nil {
		return 0, err
	}
	return result.RowsAffected()
}

// each calls f with each row of a query; the row is f's until it returns.
func (c *conn) each(ctx context.Context, query string, args []any, f func([]driver.Value) error) error {
	rows, err := c.Conn.(driver.QueryerContext).QueryContext(ctx, query, named(args))
	if err != nil {
		return err
	}
	defer rows.Close()
	row := make([]driver.Value, len(rows.Columns()))
	for {
		if err := rows.Next(row); err != nil {
			return ignoreEOF(err)
		}
		if err := f(row); err != nil {
			return err
		}
	}
}

// number returns the one number that a query has for its result; 0 where it has none.
func (c *conn) number(query string, args ...any) (n int64, err error) {
	err = c.each(context.Background(), query, args, func(row []driver.Value) error {
		n = integer(row[0])
		return nil
	})
	return n, err
}

func named(args []any) []driver.NamedValue {
	values := make([]driver.NamedValue, len(args))
	for i, arg := range args {
		if n, ok := arg.(int); ok {
			arg = int64(n) // the driver takes no other
		}
		values[i] = driver.NamedValue{Ordinal: i + 1, Value: arg}
	}
	return values
}

// code returns SQLite's primary result code of an error; 0 where it is none.
func code(err error) int {
	var failure *driversqlite.Error
	if !errors.As(err, &failure) {
		return 0
	}
	return failure.Code() & 0xff
}

// isDamaged reports whether a file is no database, or a broken one.
func isDamaged(err error) bool {
	return code(err) == codes.SQLITE_CORRUPT || code(err) == codes.SQLITE_NOTADB || errors.Is(err, errDamaged)
}

// keepsFile reports whether a connection is as good as before in spite of an error.
func keepsFile(err error) bool {
	return code(err) == codes.SQLITE_BUSY || code(err) == codes.SQLITE_FULL
}

// needsWriting reports whether a file could not be read since that takes writing to it.
func needsWriting(err error) bool {
	return code(err) == codes.SQLITE_CANTOPEN || code(err) == codes.SQLITE_READONLY
}
