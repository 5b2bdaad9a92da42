package sqlite

import (
	"context"
	"fmt"
	"io/fs"
	"iter"
	"math"
	"os"
	"slices"
	"strings"
	"time"

	"github.com/google/uuid"

	"github.com/sluice-dev/sluice/executor/history"
)

// pageRows is how many rows are read at once. Between pages no lock is held, however
// slowly they are consumed: a reader keeps the log from being emptied.
const pageRows = 512

// Query yields the entries that the filter wants, the one that was written last first. What
// this store has appended is written before, or yielded first where it cannot be. The error is
// [fs.ErrNotExist] where there is no file yet.
func (s *Store) Query(ctx context.Context, filter history.Filter) iter.Seq2[history.Entry, error] {
	return func(yield func(history.Entry, error) bool) {
		if err := s.query(ctx, filter, yield); err != nil {
			yield(history.Entry{}, err)
		}
	}
}

func (s *Store) query(ctx context.Context, filter history.Filter, yield func(history.Entry, error) bool) error {
	held, err := s.held(ctx, &filter)
	if err != nil {
		return err
	}
	q := quota{left: filter.Limit, yield: yield, taken: map[string]bool{}}
	for _, e := range held {
		if !q.take(e) {
			return nil
		}
		q.taken[e.ID] = true // it may be written at this moment
	}
	c, err := s.openReader()
	if err != nil && len(held) > 0 {
		return nil // there is no file that could be read, and what there is was yielded
	}
	if err != nil {
		return err
	}
	defer c.close()
	for at := int64(math.MaxInt64); ; {
		entries, last, err := c.page(ctx, &filter, at)
		if err != nil {
			return err
		}
		for _, e := range entries {
			if !q.take(e) {
				return nil
			}
		}
		if at = last; len(entries) < pageRows {
			return nil
		}
	}
}

// held returns what the filter wants of what cannot be written, the newest first.
func (s *Store) held(ctx context.Context, filter *history.Filter) ([]history.Entry, error) {
	a, err := s.ask(ctx)
	if err != nil {
		return nil, err
	}
	slices.Reverse(a.held)
	return slices.DeleteFunc(a.held, func(e history.Entry) bool { return !filter.Match(&e) }), nil
}

// A quota yields so many entries.
type quota struct {
	left  int // 0 for any number, from the beginning
	yield func(history.Entry, error) bool
	taken map[string]bool // ids that are not to be yielded again
}

// take yields an entry; false where it was the last.
func (q *quota) take(e history.Entry) bool {
	if q.taken[e.ID] {
		return true
	}
	q.left--
	return q.yield(e, nil) && q.left != 0
}

// openReader opens the file for reading.
func (s *Store) openReader() (*conn, error) {
	door, err := openDoor(s.path, false)
	if err != nil {
		return nil, err
	}
	defer door.leave()
	if _, err := os.Stat(s.path); err != nil {
		return nil, err
	}
	// A reader takes part in the locks of the log, for which it has to write. Where it
	// must not, it can read only a file that nobody writes.
	var c *conn
	for _, mode := range []string{"mode=rw", "mode=ro", "mode=ro&immutable=1"} {
		if c, err = s.openReaderAs(mode); !needsWriting(err) {
			break
		}
	}
	return c, err
}

func (s *Store) openReaderAs(mode string) (*conn, error) {
	c, err := openConn(s.path, mode)
	if err != nil {
		return nil, err
	}
	var found int64
	if _, err = c.exec("PRAGMA query_only=1"); err == nil {
		found, err = c.version()
	}
	if err == nil && found == 0 { // made, but not yet written
		err = &fs.PathError{Op: "open", Path: s.path, Err: fs.ErrNotExist}
	}
	if err != nil {
		c.close()
		return nil, err
	}
	return c, nil
}

// page returns the last rows before a number that the filter wants, and the number of the
// first of these.
func (c *conn) page(ctx context.Context, filter *history.Filter, before int64) (entries []history.Entry, first int64, err error) {
	var w where
	w.filter(filter)
	w.add("seq < ?", before)
	return c.rows(ctx, &w, "seq DESC", pageRows)
}

// rows returns the first rows of an order, and the number of the last of these.
func (c *conn) rows(ctx context.Context, w *where, order string, limit int) (entries []history.Entry, last int64, err error) {
	query := fmt.Sprintf("SELECT seq, %s FROM calls%s ORDER BY %s LIMIT %d", strings.Join(columns, ", "), w, order, limit)
	err = c.each(ctx, query, w.args, func(row *statement) error {
		last = row.number(0)
		entries = append(entries, scan(row, 1))
		return nil
	})
	return entries, last, err
}

// where is the condition of a query.
type where struct {
	conditions []string
	args       []any
}

func (w *where) add(condition string, args ...any) {
	w.conditions = append(w.conditions, condition)
	w.args = append(w.args, args...)
}

// String returns the clause, empty where there is no condition.
func (w *where) String() string {
	if len(w.conditions) == 0 {
		return ""
	}
	return " WHERE " + strings.Join(w.conditions, " AND ")
}

// filter says in SQL what [history.Filter.Match] does in Go.
func (w *where) filter(f *history.Filter) {
	for _, equal := range []struct{ column, value string }{
		{"tool", f.Tool}, {"caller", f.Caller}, {"outcome", string(f.Outcome)}, {"kind", string(f.Kind)},
	} {
		if equal.value != "" {
			w.add(equal.column+" = ?", equal.value)
		}
	}
	w.span("queued_us", f.Since, f.Until)
	if f.Text != "" {
		w.text(f.Text)
	}
}

func (w *where) span(column string, since, until time.Time) {
	if !since.IsZero() {
		w.add(column+" >= ?", since.Add(time.Microsecond-1).UnixMicro())
	}
	if !until.IsZero() {
		w.add(column+" < ?", until.Add(time.Microsecond-1).UnixMicro())
	}
}

// text looks for a text in the columns that a person would look at.
func (w *where) text(text string) {
	like := "%" + strings.NewReplacer(`\`, `\\`, `%`, `\%`, `_`, `\_`).Replace(text) + "%"
	var parts []string
	var args []any
	for _, column := range []string{"tool", "caller", "kind", "reason", "arguments"} {
		parts = append(parts, column+` LIKE ? ESCAPE '\'`)
		args = append(args, like)
	}
	parts = append(parts, "id = ?", "lower(hex(arguments_sha256)) = lower(?)")
	var id any = text
	if parsed, err := uuid.Parse(text); err == nil {
		id = parsed[:]
	}
	w.add("("+strings.Join(parts, " OR ")+")", append(args, id, text)...)
}
