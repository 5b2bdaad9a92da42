package sqlite

import (
	"log/slog"
	"time"

	"github.com/sluice-dev/sluice/executor/history"
)

// Options configure a [Store]. The zero value of each field takes its default, a
// negative number switches the limit off.
type Options struct {
	// Age is how long a row is kept, Rows how many are, and Size how large the file may
	// become, in bytes, without the log beside it (some MiB). Whichever is reached
	// first counts; the oldest rows go. They default to 30 days, 1 000 000 and 256 MiB.
	Age  time.Duration
	Rows int
	Size int64

	// Arguments is what is kept of the arguments of a call. Defaults to a hash and a
	// preview.
	Arguments history.Arguments

	// Redact are keys of arguments whose values the previews mask, beside those that
	// look secret: see [history.Redactor]. Defaults to none.
	Redact []string

	// Pending is how many records may wait in memory to be written, and PendingBytes
	// how many bytes of arguments with them; what exceeds either is dropped and
	// counted. Default to 16384 and 16 MiB; they cannot be switched off.
	Pending      int
	PendingBytes int64

	// Logger takes what happens to the file, once for each change. Defaults to
	// discarding it.
	Logger *slog.Logger
}

func (o Options) withDefaults() Options {
	o.Age = orDefault(o.Age, 30*24*time.Hour)
	o.Rows = orDefault(o.Rows, 1_000_000)
	o.Size = orDefault(o.Size, 256<<20)
	o.Pending = max(orDefault(o.Pending, 16384), 1)
	o.PendingBytes = max(orDefault(o.PendingBytes, 16<<20), 1)
	if o.Logger == nil {
		o.Logger = slog.New(slog.DiscardHandler)
	}
	return o
}

// orDefault returns value, standard where it is 0, and 0 where it is negative.
func orDefault[T ~int | ~int64](value, standard T) T {
	if value == 0 {
		return standard
	}
	return max(value, 0)
}
