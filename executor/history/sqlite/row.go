package sqlite

import (
	"encoding/hex"
	"slices"
	"strings"
	"time"

	"github.com/google/uuid"
	"modernc.org/libc"
	lib "modernc.org/sqlite/lib"

	"github.com/sluice-dev/sluice/executor/history"
)

// columns are those of a row, in the order in which bind and scan take them. Text that is
// empty and numbers that are 0 are NULL, which costs no space.
var columns = strings.Fields(`id tool caller transport priority queued_us started_us finished_us outcome kind reason
	wait_rate_us wait_flight_us wait_server_us wait_tool_us cached bytes_in bytes_out cpu_us peak_memory_bytes
	sandbox notes_dropped abandoned arguments_sha256 arguments`)

// rare are the columns that are NULL in the row of a call which was served at once, in this
// process.
var rare = strings.Fields(`kind reason wait_rate_us wait_flight_us wait_server_us wait_tool_us cached
	cpu_us peak_memory_bytes sandbox notes_dropped abandoned`)

// plain reports whether the rare columns of a row are NULL.
func plain(r *history.Record) bool {
	waits := max(r.Waits.Rate, r.Waits.Flight, r.Waits.Server, r.Waits.Tool)
	return r.Kind == "" && r.Reason == "" && waits < time.Microsecond && r.Cached == "" &&
		r.CPU < time.Microsecond && r.PeakMemory == 0 && r.Sandbox == "" && r.NotesDropped == 0 && !r.Abandoned
}

// manyRows is how many rows one statement inserts: a row costs nearly twice as much of the
// processor with 1, and no less with more than 32.
const manyRows = 32

// An insert is a statement that inserts so many rows: by a SELECT of all columns in the order
// of the table, for then SQLite puts each value at once where the row is made, and by VALUES
// it copies them there. The values stay bound from one run to the next, each text and blob
// in a slot of its own: most rows are much like others, and what is equal need not be bound
// again. A plain one inserts rows whose rare columns are NULL, and binds nothing there.
type insert struct {
	*statement
	rows   int
	plain  bool
	values []value
	slots  uintptr // memory of SQLite's
	memory []byte  // the same
}

// A value is what is bound in one place.
type value struct {
	kind   int32 // SQLite's code of its type; 0 for NULL
	number int64 // or the length of the text or blob
}

func (i *insert) prepare(c *conn, rows int, plain bool) (err error) {
	row := "SELECT NULL"
	for _, name := range columns {
		if plain && slices.Contains(rare, name) {
			row += ",NULL"
		} else {
			row += ",?"
		}
	}
	i.rows, i.plain, i.values = rows, plain, make([]value, rows*strings.Count(row, "?"))
	size := rows * slotsPerRow * maxName
	if i.slots, err = c.alloc(size); err != nil {
		return err
	}
	i.memory = libc.GoBytes(i.slots, size)
	i.statement, _, err = c.prepare("INSERT INTO calls (seq," + strings.Join(columns, ",") + ") " + row + strings.Repeat(" UNION ALL "+row, rows-1))
	if err != nil {
		lib.Xsqlite3_free(c.tls, i.slots)
	}
	return err
}

func (i *insert) run(rows []item) error {
	b := binder{insert: i}
	for n := range rows {
		b.row(&rows[n])
	}
	if b.failed != lib.SQLITE_OK {
		return i.failure(b.failed)
	}
	_, err := i.step()
	lib.Xsqlite3_reset(i.tls, i.at) // says again what the step has said
	return err
}

// close frees what prepare has made, if it has.
func (i *insert) close() {
	if i.statement == nil {
		return
	}
	i.statement.close() // before the memory that it has pointers to
	lib.Xsqlite3_free(i.tls, i.slots)
}

// maxName bounds the names in a row, which callers choose, and the previews, in bytes. It is
// the size of a slot, of which a row has slotsPerRow.
const (
	maxName     = 256
	slotsPerRow = 12
)

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
	if !b.plain {
		b.text(string(r.Kind), false)
		b.text(r.Reason, false)
		b.number(r.Waits.Rate.Microseconds())
		b.number(r.Waits.Flight.Microseconds())
		b.number(r.Waits.Server.Microseconds())
		b.number(r.Waits.Tool.Microseconds())
		b.text(string(r.Cached), false)
	}
	b.number(r.BytesIn)
	b.number(r.BytesOut)
	if !b.plain {
		b.number(r.CPU.Microseconds())
		b.number(r.PeakMemory)
		b.text(r.Sandbox, false)
		b.number(r.NotesDropped)
		b.flag(r.Abandoned)
	}
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

// scan makes an entry of a row that has these columns from the first-th on.
func scan(row *statement, first int) (e history.Entry) {
	s := scanner{row, first}
	e.ID = s.id()
	e.Tool, e.Caller, e.Transport, e.Priority = s.text(), s.text(), s.text(), s.text()
	e.Queued, e.Started, e.Finished = s.time(), s.time(), s.time()
	e.Outcome, e.Kind, e.Reason = history.Outcome(s.text()), history.Kind(s.text()), s.text()
	e.Waits = history.Waits{Rate: s.span(), Flight: s.span(), Server: s.span(), Tool: s.span()}
	e.Cached, e.BytesIn, e.BytesOut = history.Cached(s.text()), s.number(), s.number()
	e.CPU, e.PeakMemory, e.Sandbox = s.span(), s.number(), s.text()
	e.NotesDropped, e.Abandoned = s.number(), s.number() != 0
	e.Hash, e.Preview = hex.EncodeToString(s.row.blob(s.next())), s.text()
	return e
}

// A binder binds the values of rows one by one.
type binder struct {
	*insert
	at     int   // how many are bound
	slot   int   // how many slots are used
	failed int32 // the first result code that is none of success
}

// bind binds a value where another is bound; p is where its text or blob is.
func (b *binder) bind(v value, p uintptr) {
	b.values[b.at] = v
	b.at++
	var rc int32
	switch v.kind {
	case 0:
		rc = lib.Xsqlite3_bind_null(b.tls, b.statement.at, int32(b.at))
	case lib.SQLITE_INTEGER:
		rc = lib.Xsqlite3_bind_int64(b.tls, b.statement.at, int32(b.at), v.number)
	case lib.SQLITE_TEXT:
		rc = lib.Xsqlite3_bind_text(b.tls, b.statement.at, int32(b.at), p, int32(v.number), lib.SQLITE_STATIC)
	default:
		rc = lib.Xsqlite3_bind_blob(b.tls, b.statement.at, int32(b.at), p, int32(v.number), lib.SQLITE_STATIC)
	}
	if b.failed == lib.SQLITE_OK {
		b.failed = rc
	}
}

func (b *binder) number(n int64) {
	v := value{lib.SQLITE_INTEGER, n}
	if n == 0 {
		v = value{}
	}
	if b.values[b.at] == v {
		b.at++
		return
	}
	b.bind(v, 0)
}

// text takes text; empty text that is not required is NULL.
func (b *binder) text(text string, required bool) {
	if len(text) > maxName {
		text = strings.ToValidUTF8(text[:maxName], "")
	}
	if text == "" && !required {
		b.slot++
		b.number(0)
		return
	}
	takeBytes(b, lib.SQLITE_TEXT, text)
}

// blob takes at most maxName bytes.
func (b *binder) blob(blob []byte) {
	if blob == nil {
		b.slot++
		b.number(0)
		return
	}
	takeBytes(b, lib.SQLITE_BLOB, blob)
}

// takeBytes takes what stands in a slot.
func takeBytes[T string | []byte](b *binder, kind int32, content T) {
	start := b.slot * maxName
	b.slot++
	v := value{kind, int64(len(content))}
	slot := b.memory[start : start+len(content)]
	if b.values[b.at] == v && string(slot) == string(content) {
		b.at++
		return
	}
	copy(slot, content)
	b.bind(v, b.slots+uintptr(start))
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

// id takes a UUID as its 16 bytes, and anything else as the text that it is.
func (b *binder) id(id string) {
	if parsed, ok := parseID(id); ok {
		b.blob(parsed[:])
	} else {
		b.text(id, true)
	}
}

// parseID reads a UUID in the one form in which it is given back: with the hyphens of RFC
// 9562, section 4, in lower case.
func parseID(id string) (parsed uuid.UUID, ok bool) {
	if len(id) != 36 {
		return parsed, false
	}
	for i, at := 0, 0; i < len(parsed); i++ {
		if at == 8 || at == 13 || at == 18 || at == 23 {
			if id[at] != '-' {
				return parsed, false
			}
			at++
		}
		high, low := digits[id[at]], digits[id[at+1]]
		if high|low > 0xf {
			return parsed, false
		}
		parsed[i] = high<<4 | low
		at += 2
	}
	return parsed, true
}

// digits are the values of the hexadecimal digits in lower case; 0xff for what is none.
var digits = func() (values [256]byte) {
	for c := range values {
		values[c] = 0xff
	}
	for value, c := range "0123456789abcdef" {
		values[c] = byte(value)
	}
	return values
}()

// A scanner is the columns of a row that are not scanned yet.
type scanner struct {
	row *statement
	at  int
}

func (s *scanner) next() int {
	s.at++
	return s.at - 1
}

func (s *scanner) text() string { return s.row.text(s.next()) }

func (s *scanner) number() int64 { return s.row.number(s.next()) }

func (s *scanner) span() time.Duration { return time.Duration(s.number()) * time.Microsecond }

func (s *scanner) time() time.Time {
	if us := s.number(); us != 0 {
		return time.UnixMicro(us)
	}
	return time.Time{}
}

func (s *scanner) id() string {
	at := s.next()
	if id, err := uuid.FromBytes(s.row.blob(at)); err == nil {
		return id.String()
	}
	return s.row.text(at)
}
