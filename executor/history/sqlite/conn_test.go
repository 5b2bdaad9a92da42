package sqlite

import (
	"context"
	"errors"
	"strings"
	"testing"
	"time"
)

// TestEndlessQueryIsInterrupted ends a query that finds nothing and never ends, before and
// while it runs; the connection is as good as before.
func TestEndlessQueryIsInterrupted(t *testing.T) {
	t.Parallel()
	s := newStore(t, Options{})
	appendCalls(t, s, 3)
	c, err := s.openReader()
	if err != nil {
		t.Fatal(err)
	}
	defer c.close()
	for _, after := range []time.Duration{0, time.Millisecond} {
		ctx, cancel := context.WithTimeout(t.Context(), after)
		defer cancel()
		const endless = "WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i+1 FROM n) SELECT i FROM n WHERE i < 0"
		if err := c.each(ctx, endless, nil, nil); !errors.Is(err, context.DeadlineExceeded) {
			t.Errorf("got %v", err)
		}
		if n, err := c.number("SELECT count(*) FROM calls"); n != 3 || err != nil {
			t.Errorf("%d rows, %v", n, err)
		}
	}
}

// TestStatements runs several at once, and reads what SQLite says of a broken one.
func TestStatements(t *testing.T) {
	t.Parallel()
	s := newStore(t, Options{})
	appendCalls(t, s, 3)
	c, err := openConn(s.Path(), "mode=rw")
	if err != nil {
		t.Fatal(err)
	}
	defer c.close()
	n, err := c.exec("DELETE FROM calls WHERE seq = ?; UPDATE calls SET tool = 'x' WHERE seq <> ? ;\n", 1)
	if n != 2 || err != nil {
		t.Errorf("%d rows changed, %v", n, err)
	}
	if _, err := c.exec("SELECT * FROM nowhere"); err == nil || !strings.Contains(err.Error(), "no such table: nowhere") || code(err) != 1 {
		t.Errorf("got %v", err)
	}
	if _, err := c.exec("SELECT ?", 1.5); err == nil {
		t.Error("a value was bound that cannot be read back")
	}
}
