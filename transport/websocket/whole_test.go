package websocket

import (
	"bufio"
	"bytes"
	"context"
	"errors"
	"io"
	"math/rand/v2"
	"net"
	"slices"
	"strings"
	"sync"
	"testing"
)

// TestWhole checks that a message is whole where it has come in one frame, and only there,
// and that it is then taken as it was sent.
func TestWhole(t *testing.T) {
	t.Parallel()
	const most = 1 << 15
	random := rand.New(rand.NewPCG(3, 4))
	for range 200 {
		var sent []byte
		var ends []int
		for range 50 {
			kinds := []byte{wholeText, wholeText, wholeText, bitFin | opPing, opText, bitFin | opBinary}
			size := []int{0, 125, 126, 3000, 1 << 16}[random.IntN(5)]
			sent = append(sent, maskedFrame(random, kinds[random.IntN(len(kinds))], random.IntN(size+1))...)
			ends = append(ends, len(sent))
		}
		d := &drip{from: bytes.NewReader(sent)}
		for range 1 + random.IntN(5) {
			d.sizes = append(d.sizes, 1+random.IntN(1<<(1+random.IntN(17))))
		}
		s := &Stream{wire: &wire{Conn: d}, limits: limits{maxMessage: most}}
		s.wire.buffer = bufio.NewReaderSize(s.wire, readBuffer)
		start := 0
		for _, end := range ends {
			reads := d.reads
			if s.Ready() {
				if !s.take() || d.reads != reads {
					t.Fatalf("with reads of %v: a frame that was ready was not there", d.sizes)
				}
				if got := *s.message; sent[start] != wholeText || len(got) > most || !bytes.Equal(got, payloadOf(sent[start:end])) {
					t.Fatalf("with reads of %v: %d bytes were taken of a frame of %d, %x", d.sizes, len(got), end-start, sent[start])
				}
				s.giveBack()
			} else {
				if s.take() {
					t.Fatal("a frame was taken that was not ready")
				}
				if _, err := io.ReadFull(s.wire.buffer, make([]byte, end-start)); err != nil {
					t.Fatal(err)
				}
				if d.reads == reads && sent[start] == wholeText && len(payloadOf(sent[start:end])) <= most {
					t.Fatalf("with reads of %v: a frame of %d bytes was there and not ready", d.sizes, end-start)
				}
			}
			start = end
		}
	}
}

// maskedFrame returns a frame with a random mask and payload.
func maskedFrame(random *rand.Rand, first byte, length int) []byte {
	f := frame(first, string(make([]byte, length)))
	for i := len(f) - length - maskSize; i < len(f); i++ {
		f[i] = byte(random.Uint32())
	}
	return f
}

// payloadOf takes the mask off byte by byte.
func payloadOf(f []byte) []byte {
	head := map[byte]int{126: 8, 127: 14}[f[1]&^bitMask]
	if head == 0 {
		head = 6
	}
	payload := bytes.Clone(f[head:])
	for i := range payload {
		payload[i] ^= f[head-maskSize+i%maskSize]
	}
	return payload
}

// What is not as it should be is for the library to judge, which it is though it stands
// among what has come at once; what came before is served. (Not before a message that is too
// long: that closes the connection as soon as its header is there, see gauge.)
func TestBreachesWithinABurst(t *testing.T) {
	t.Parallel()
	unmasked := frame(wholeText, "{}")
	unmasked = append([]byte{unmasked[0], 2}, unmasked[6:]...)
	for name, test := range map[string]struct {
		frame []byte
		code  int
	}{
		"not UTF-8":     {frame(wholeText, "a\xff"), codeBadText},
		"not masked":    {unmasked, codeProtocolError},
		"reserved bits": {frame(wholeText|bitRSV1, "{}"), codeProtocolError},
		"closed":        {closeFrame(1000, ""), 1000},
	} {
		url := startServer(t, newTestHandler(t, Options{}))
		c, _ := upgradeRaw(t, connect(t, url), authorized)
		if _, err := c.Write(append(append(textFrame("one"), textFrame("two")...), test.frame...)); err != nil {
			t.Fatal(err)
		}
		for _, want := range []string{text("one"), text("two"), closed(test.code)} {
			if got := c.event(); got != want {
				t.Errorf("%s: got %s, want %s", name, got, want)
			}
		}
	}
}

// A connection is closed while messages come all the time: closing reads them too, to find the
// peer's answer to it, and only one may.
func TestCloseWithinBursts(t *testing.T) {
	t.Parallel()
	for range 20 {
		ended := make(chan error, 1)
		url := startServer(t, newTestHandler(t, Options{Serve: func(ctx context.Context, s *Stream, _ Peer) {
			var closing sync.WaitGroup
			defer closing.Wait()
			for n := 0; ; n++ {
				ahead := s.Ready()
				msg, err := s.Read(ctx)
				if err != nil {
					ended <- err
					return
				}
				if ahead && string(msg) != "as it was sent" {
					t.Errorf("read %q", msg)
				}
				if n == 100 {
					closing.Go(func() { s.Close(codePolicy, "enough") })
				}
			}
		}}))
		c := dialTest(t, url)
		var writing sync.WaitGroup
		writing.Go(func() {
			burst := slices.Repeat([][]byte{[]byte("as it was sent")}, 20)
			for c.WriteBatch(t.Context(), burst) == nil {
			}
		})
		if _, err := c.Read(t.Context()); err == nil { // and answers that it is closed
			t.Error("the client was sent something")
		}
		if err := <-ended; !errors.Is(err, net.ErrClosed) {
			t.Errorf("the server reads %v", err)
		}
		c.Close(1000, "")
		writing.Wait()
	}
}

func BenchmarkTake(b *testing.B) {
	messages := bytes.Repeat(frame(wholeText, strings.Repeat("x", 256)), 30)
	from := bytes.NewReader(nil)
	s := &Stream{wire: &wire{Conn: &drip{from: from, sizes: []int{len(messages)}}}, limits: limits{maxMessage: 1 << 20}}
	s.wire.buffer = bufio.NewReaderSize(s.wire, len(messages))
	b.ReportAllocs()
	for b.Loop() {
		if s.wire.buffer.Buffered() == 0 {
			from.Reset(messages)
			s.wire.buffer.Peek(1)
		}
		if !s.take() {
			b.Fatal("not there")
		}
		s.giveBack()
	}
}
