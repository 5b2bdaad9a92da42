package sqlite

import (
	"fmt"
	"testing"
	"time"
)

// TestAppendNeverWaits appends while another connection holds the lock of the file.
func TestAppendNeverWaits(t *testing.T) {
	t.Parallel()
	s := newStore(t, Options{Pending: 3})
	appendCalls(t, s, 1)
	other, err := openConn(s.Path(), "mode=rw")
	if err != nil {
		t.Fatal(err)
	}
	defer other.close()
	if _, err := other.exec("BEGIN IMMEDIATE"); err != nil {
		t.Fatal(err)
	}
	start := time.Now()
	for i := range 100 {
		s.Append(call(fmt.Sprint("more ", i), 0), nil)
	}
	if took := time.Since(start); took > busyMillis*time.Millisecond/2 {
		t.Errorf("took %v", took)
	}
	if h := s.Health(); h.Dropped < 90 || h.Waiting > 3*2 {
		t.Errorf("%+v", h)
	}
	if _, err := other.exec("COMMIT"); err != nil {
		t.Fatal(err)
	}
	flush(t, s)
	if h := s.Health(); h.Written+h.Dropped != 101 || h.Waiting != 0 || h.Err != nil {
		t.Errorf("%+v", h)
	}
}

// TestPendingBounds checks what may wait in memory.
func TestPendingBounds(t *testing.T) {
	t.Parallel()
	for _, test := range []struct {
		opts Options
		args int // bytes
		want int // of 1000
	}{
		{Options{Pending: 700}, 10, 700},
		{Options{PendingBytes: 1000}, 99, 10}, // and a byte for the name
		{Options{PendingBytes: 10}, 1000, 1},
	} {
		opts := test.opts.withDefaults()
		p := newPending(&opts)
		r := call("a", 0)
		for range 1000 {
			p.add(&r, make([]byte, test.args))
		}
		if rows, dropped := p.count(); rows != test.want || dropped != uint64(1000-test.want) {
			t.Errorf("%+v: %d rows, %d dropped", test, rows, dropped)
		}
		if _, rows, dropped := p.take(); rows != test.want || dropped != uint64(1000-test.want) {
			t.Errorf("%+v: %d rows taken, %d dropped", test, rows, dropped)
		}
		if rows, dropped := p.count(); rows != 0 || dropped != 0 {
			t.Errorf("%+v: %d rows, %d dropped are left", test, rows, dropped)
		}
	}
}
