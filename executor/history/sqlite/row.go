package sqlite

import (
	"context"
	"database/sql/driver"
	"encoding/hex"
	"strings"
	"time"

	"github.com/google/uuid"

	"github.com/sluice-dev/sluice/executor/history"
)

// columns are those of a row, in the order in which bind and scan take them. Text that is
// empty and numbers that are 0 are NULL, which costs no space.
var columns = strings.Fields(`id tool caller transport priority queued_us started_us finished_us outcome kind reason
	wait_rate_us wait_flight_us wait_server_us wait_tool_us cached bytes_in bytes_out cpu_us peak_memory_bytes
	sandbox notes_dropped abandoned arguments_sha256 arguments`)

// manyRows is how many rows one statement inserts: with 32 a row costs 3 us of the
// processor, with 1 it costs 4, and with more it gains nothing.
const manyRows = 32

// insert is a statement that inserts so many rows.
type insert struct {
	rows      int
	statement driver.Stmt
	args      []driver.NamedValue
}

func (i *insert) prepare(c *conn, rows int) (err error) {
	row := "(?" + strings.Repeat(",?", len(columns)-1) + ")"
	i.rows = rows
	i.args = make([]driver.NamedValue, rows*len(columns))
	for n := range i.args {
		i.args[n].Ordinal = n + 1
	}
	i.statement, err = c.Prepare("INSERT INTO calls (" + strings.Join(columns, ",") + ") VALUES " + row + strings.Repeat(","+row, rows-1))
	return err
}

func (i *insert) run(rows []item) error {
	for n := range rows {
		b := binder(i.args[n*len(columns):])
		b.row(&rows[n])
	}
	_, err := i.statement.(driver.StmtExecContext).ExecContext(context.Background(), i.args)
	return err
}

func (i *insert) close() {
	if i.statement != nil {
		_ = i.statement.Close()
	}
}

// maxName bounds the names in a row, which callers choose, in bytes.
const maxName = 256

// row takes the values of a row; scan is its inverse.
func (b *binder) row(it *item) {
	r := &it.record
	b.id(r.ID)
	b.text(r.Tool, true)
	b.text(r.Caller, false)
	b.text(r.Transport, false)
	b.text(r.Priority, false)
	b.number(queued(r).UnixMicro())
	b.time(r.Started)
	b.number(r.Finished.UnixMicro())
	b.text(string(r.Outcome), true)
	b.text(string(r.Kind), false)
	b.text(r.Reason, false)
	b.number(r.Waits.Rate.Microseconds())
	b.number(r.Waits.Flight.Microseconds())
	b.number(r.Waits.Server.Microseconds())
	b.number(r.Waits.Tool.Microseconds())
	b.text(string(r.Cached), false)
	b.number(r.BytesIn)
	b.number(r.BytesOut)
	b.number(r.CPU.Microseconds())
	b.number(r.PeakMemory)
	b.text(r.Sandbox, false)
	b.number(r.NotesDropped)
	b.flag(r.Abandoned)
	b.blob(it.hash)
	b.text(it.preview, false)
}

// queued is when a call came: what the rows are ordered by, so there must be a time.
func queued(r *history.Record) time.Time {
	if r.Queued.IsZero() {
		return r.Finished
	}
	return r.Queued
}

// scan makes an entry of the values of a row.
func scan(row []driver.Value) (e history.Entry) {
	s := scanner(row)
	e.ID = s.id()
	e.Tool, e.Caller, e.Transport, e.Priority = s.text(), s.text(), s.text(), s.text()
	e.Queued, e.Started, e.Finished = s.time(), s.time(), s.time()
	e.Outcome, e.Kind, e.Reason = history.Outcome(s.text()), history.Kind(s.text()), s.text()
	e.Waits = history.Waits{Rate: s.span(), Flight: s.span(), Server: s.span(), Tool: s.span()}
	e.Cached, e.BytesIn, e.BytesOut = history.Cached(s.text()), s.number(), s.number()
	e.CPU, e.PeakMemory, e.Sandbox = s.span(), s.number(), s.text()
	e.NotesDropped, e.Abandoned = s.number(), s.number() != 0
	e.Hash, e.Preview = hex.EncodeToString(s.blob()), s.text()
	return e
}

// A binder is the arguments of a statement that are not bound yet. What a place held
// before stays where it is equal: most rows are much like others, and a new interface value
// is an allocation.
type binder []driver.NamedValue

func (b *binder) next() *driver.Value {
	v := &(*b)[0].Value
	*b = (*b)[1:]
	return v
}

func (b *binder) text(text string, required bool) {
	v := b.next()
	if len(text) > maxName {
		text = strings.ToValidUTF8(text[:maxName], "")
	}
	if text == "" && !required {
		*v = nil
	} else if old, ok := (*v).(string); !ok || old != text {
		*v = text
	}
}

func (b *binder) number(n int64) {
	v := b.next()
	if n == 0 {
		*v = nil
	} else if old, ok := (*v).(int64); !ok || old != n {
		*v = n
	}
}

func (b *binder) time(t time.Time) {
	if t.IsZero() {
		b.number(0)
	} else {
		b.number(t.UnixMicro())
	}
}

func (b *binder) flag(set bool) {
	if set {
		b.number(1)
	} else {
		b.number(0)
	}
}

func (b *binder) blob(blob []byte) {
	if v := b.next(); blob == nil {
		*v = nil
	} else {
		*v = blob
	}
}

// id takes a UUID as its 16 bytes, and anything else as the text that it is.
func (b *binder) id(id string) {
	if parsed, err := uuid.Parse(id); err == nil && parsed.String() == id {
		b.blob(parsed[:])
	} else {
		b.text(id, true)
	}
}

// A scanner is the values of a row that are not scanned yet.
type scanner []driver.Value

func (s *scanner) next() driver.Value {
	v := (*s)[0]
	*s = (*s)[1:]
	return v
}

func (s *scanner) text() string {
	text, _ := s.next().(string)
	return text
}

func (s *scanner) number() int64 { return integer(s.next()) }

func (s *scanner) span() time.Duration { return time.Duration(s.number()) * time.Microsecond }

func (s *scanner) blob() []byte {
	blob, _ := s.next().([]byte)
	return blob
}

func (s *scanner) time() time.Time {
	if us, ok := s.next().(int64); ok {
		return time.UnixMicro(us)
	}
	return time.Time{}
}

func (s *scanner) id() string {
	switch id := s.next().(type) {
	case []byte:
		parsed, _ := uuid.FromBytes(id)
		return parsed.String()
	case string:
		return id
	}
	return ""
}

// integer returns the number that a value is; 0 where it is none.
func integer(v driver.Value) int64 {
	n, _ := v.(int64)
	return n
}
