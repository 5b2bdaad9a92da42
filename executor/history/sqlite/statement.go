package sqlite

import (
	"fmt"

	"modernc.org/libc"
	lib "modernc.org/sqlite/lib"
)

// A statement is one that is compiled. Where it has rows, it is the row that was read last,
// whose columns are counted from 0.
type statement struct {
	*conn
	at uintptr
}

// prepare compiles the first statement of a query, and returns what stands behind it.
func (c *conn) prepare(query string) (_ *statement, tail string, err error) {
	text, err := libc.CString(query)
	if err != nil {
		return nil, "", err
	}
	defer libc.Xfree(c.tls, text)
	rc := lib.Xsqlite3_prepare_v2(c.tls, c.db, text, int32(len(query)), c.outs, c.outs+ptrSize)
	if err := c.failure(rc); err != nil {
		return nil, "", err
	}
	return &statement{c, c.out(0)}, query[c.out(1)-text:], nil
}

// close frees the statement. What it returns, the last step has said.
func (s *statement) close() { lib.Xsqlite3_finalize(s.tls, s.at) }

// run binds the arguments and calls f with each row.
func (s *statement) run(args []any, f func(row *statement) error) error {
	for i, arg := range args {
		if err := s.bind(i+1, arg); err != nil {
			return err
		}
	}
	for {
		more, err := s.step()
		if err != nil || !more {
			return err
		}
		if err := f(s); err != nil {
			return err
		}
	}
}

// step runs the statement up to its next row; more is false where there is none.
func (s *statement) step() (more bool, err error) {
	switch rc := lib.Xsqlite3_step(s.tls, s.at); rc {
	case lib.SQLITE_ROW:
		return true, nil
	case lib.SQLITE_DONE:
		return false, nil
	default:
		return false, s.failure(rc)
	}
}

// bind sets an argument, counted from 1.
func (s *statement) bind(i int, arg any) error {
	switch arg := arg.(type) {
	case int:
		return s.failure(lib.Xsqlite3_bind_int64(s.tls, s.at, int32(i), int64(arg)))
	case int64:
		return s.failure(lib.Xsqlite3_bind_int64(s.tls, s.at, int32(i), arg))
	case string:
		return s.bindCopy(lib.Xsqlite3_bind_text, i, arg)
	case []byte:
		return s.bindCopy(lib.Xsqlite3_bind_blob, i, string(arg))
	}
	return fmt.Errorf("sqlite: cannot bind %T", arg)
}

func (s *statement) bindCopy(bind func(*libc.TLS, uintptr, int32, uintptr, int32, uintptr) int32, i int, text string) error {
	p, err := libc.CString(text)
	if err != nil {
		return err
	}
	defer libc.Xfree(s.tls, p)
	return s.failure(bind(s.tls, s.at, int32(i), p, int32(len(text)), lib.SQLITE_TRANSIENT))
}

// number returns a column that is a number; 0 where it is NULL.
func (s *statement) number(i int) int64 { return lib.Xsqlite3_column_int64(s.tls, s.at, int32(i)) }

// text returns a column that is text; empty where it is NULL.
func (s *statement) text(i int) string {
	p := lib.Xsqlite3_column_text(s.tls, s.at, int32(i))
	return string(libc.GoBytes(p, int(lib.Xsqlite3_column_bytes(s.tls, s.at, int32(i)))))
}

// blob returns a column that is a blob, and nil where it is none. It is valid until the next
// row.
func (s *statement) blob(i int) []byte {
	if lib.Xsqlite3_column_type(s.tls, s.at, int32(i)) != lib.SQLITE_BLOB {
		return nil
	}
	p := lib.Xsqlite3_column_blob(s.tls, s.at, int32(i))
	return libc.GoBytes(p, int(lib.Xsqlite3_column_bytes(s.tls, s.at, int32(i))))
}
