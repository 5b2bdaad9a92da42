package sqlite

import (
	"context"
	"fmt"
	"time"
)

// A LostError says that records could not be written before the end.
type LostError struct {
	// Rows is how many.
	Rows int
	// Err is why.
	Err error
}

// Error gives both.
func (e *LostError) Error() string {
	return fmt.Sprintf("%d records of the history are lost: %v", e.Rows, e.Err)
}

// Unwrap returns the cause.
func (e *LostError) Unwrap() error { return e.Err }

// Lost returns how many calls in a span of time left no row since they came too fast, or
// the file could not be written; zero times do not bound it. Of rows that are lost for good,
// such as those of a process that was killed, nothing is known.
func (s *Store) Lost(ctx context.Context, since, until time.Time) (rows uint64, err error) {
	c, err := s.openReader()
	if err != nil {
		return 0, err
	}
	defer c.close()
	var w where
	w.span("at_us", since, until)
	err = c.each(ctx, "SELECT coalesce(sum(rows), 0) FROM lost"+w.String(), w.args, func(row *statement) error {
		rows = uint64(row.number(0))
		return nil
	})
	return rows, err
}
