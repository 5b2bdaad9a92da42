package websocket

import (
	"bytes"
	"io"
	"math/rand/v2"
	"net"
	"testing"
)

// A drip gives at most so many bytes with each read, by turns.
type drip struct {
	net.Conn
	from  io.Reader
	sizes []int
	reads int
}

func (d *drip) Read(p []byte) (int, error) {
	size := d.sizes[d.reads%len(d.sizes)]
	d.reads++
	return d.from.Read(p[:min(size, len(p))])
}

// TestWireKeepsTheOrder reads what comes in pieces of any size into memory of any size.
func TestWireKeepsTheOrder(t *testing.T) {
	t.Parallel()
	random := rand.New(rand.NewPCG(1, 2))
	for range 200 {
		sent := make([]byte, 100_000)
		for i := range sent {
			sent[i] = byte(random.Uint32())
		}
		d := &drip{from: bytes.NewReader(sent), sizes: []int{len(sent)}}
		for range random.IntN(5) {
			d.sizes = append(d.sizes, 1+random.IntN(1<<(1+random.IntN(15))))
		}
		w := &wire{Conn: d}
		var got []byte
		for {
			p := make([]byte, 1+random.IntN(1<<(1+random.IntN(14))))
			n, err := w.Read(p)
			got = append(got, p[:n]...)
			if err != nil {
				break
			}
		}
		if !bytes.Equal(got, sent) {
			t.Fatalf("with reads of %v: %d bytes that are not the %d sent", d.sizes, len(got), len(sent))
		}
	}
}

// TestWireBorrowsForAGulp reads much at once where much comes, and waits for the next
// message without the memory for it where little does.
func TestWireBorrowsForAGulp(t *testing.T) {
	t.Parallel()
	const pong = 6
	d := &drip{from: zeros{}, sizes: []int{readBuffer, len(gulp{}), len(gulp{}) / 2, pong, pong}}
	w := &wire{Conn: d}
	read := func(total int) {
		for p := make([]byte, readBuffer); total > 0; {
			n, err := w.Read(p)
			if err != nil {
				t.Fatal(err)
			}
			total -= n
		}
	}
	read(readBuffer + len(gulp{}) + len(gulp{})/2)
	if d.reads != 3 || w.gulp == nil {
		t.Errorf("%d reads, want 3; memory for a gulp: %t, want true", d.reads, w.gulp != nil)
	}
	read(2 * pong) // the second waits without
	if d.reads != 5 || w.gulp != nil {
		t.Errorf("%d reads, want 5; memory for a gulp: %t, want false", d.reads, w.gulp != nil)
	}
}

type zeros struct{}

func (zeros) Read(p []byte) (int, error) { clear(p); return len(p), nil }
