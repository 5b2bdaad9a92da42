package websocket

import (
	"errors"
	"runtime"
	"slices"
	"strings"
	"testing"
	"time"
)

func TestBreachesOfTheProtocol(t *testing.T) {
	t.Parallel()
	const max = 1000
	for _, test := range []struct {
		name string
		send []byte
		code int
	}{
		{"unknown opcode", frame(bitFin|3, "{}"), 1002},
		{"unknown control opcode", frame(bitFin|11, ""), 1002},
		{"reserved bit", frame(bitFin|bitRSV1|opText, "{}"), 1002},
		{"not masked", []byte{bitFin | opText, 2, '{', '}'}, 1002},
		{"control frame too long", frame(bitFin|opPing, strings.Repeat("x", 126)), 1002},
		{"control frame in fragments", frame(opPing, "x"), 1002},
		{"continuation of nothing", frame(bitFin|opMore, "{}"), 1002},
		{"message within a message", append(frame(opText, "{"), frame(bitFin|opText, "}")...), 1002},
		{"close code that may not be sent", frame(bitFin|opClose, "\x03\xed"), 1002},
		{"close payload of one byte", frame(bitFin|opClose, "\x03"), 1002},
		{"negative length", frameHeader(bitFin|opText, 1<<63), 1002},
		{"text is not UTF-8", frame(bitFin|opText, "\"\xff\""), 1007},
		{"text is not UTF-8, across fragments", append(frame(opText, "\xc3"), frame(bitFin|opMore, "(")...), 1007},
		{"too long", frame(bitFin|opText, strings.Repeat("x", max+1)), 1009},
		{"too long in fragments", append(frame(opText, strings.Repeat("x", max)), frame(bitFin|opMore, "x")...), 1009},
		{"too long, binary", frame(bitFin|opBinary, strings.Repeat("x", max+1)), 1009},
		{"endless fragments", endless(max), 1009},
	} {
		t.Run(test.name, func(t *testing.T) {
			t.Parallel()
			c, ended := servedRaw(t, Options{MaxMessage: max})
			c.Write(test.send)
			if code := c.closed(); code != test.code {
				t.Errorf("closed with %d, want %d", code, test.code)
			}
			var fault *CloseError
			if err := <-ended; !errors.As(err, &fault) || fault.Code != test.code || fault.Remote {
				t.Errorf("Read returns %v, want code %d", err, test.code)
			}
		})
	}
}

// endless is one byte a fragment, past the limit.
func endless(max int) []byte {
	all := frame(opText, "x")
	for range max + 1 {
		all = append(all, frame(opMore, "x")...)
	}
	return all
}

// servedRaw serves a connection by reading it to its end, and returns what it ends
// with.
func servedRaw(t *testing.T, opts Options) (*rawClient, <-chan error) {
	ended := make(chan error, 1)
	opts.Serve = readToTheEnd(ended)
	return dialRaw(t, startServer(t, newTestHandler(t, opts))), ended
}

func TestFramesThatAreFine(t *testing.T) {
	t.Parallel()
	c := dialRaw(t, startServer(t, newTestHandler(t, Options{MaxMessage: 1000})))
	fragments := frame(opText, "\xc3") // a character across fragments, with a ping between
	fragments = append(fragments, frame(bitFin|opPing, "hello")...)
	fragments = append(fragments, frame(opMore, "")...)
	fragments = append(fragments, frame(bitFin|opMore, "\xbc")...)
	for _, test := range []struct {
		name   string
		send   []byte
		opcode byte
		want   string
	}{
		{"text", frame(bitFin|opText, "{}"), opText, "{}"},
		{"as long as may be", frame(bitFin|opText, strings.Repeat("x", 1000)), opText, strings.Repeat("x", 1000)},
		{"binary", frame(bitFin|opBinary, "{}"), opText, "skipped: the message is binary; send text frames"},
		{"ping", frame(bitFin|opPing, "hello"), opPong, "hello"},
		{"pong that nobody asked for", append(frame(bitFin|opPong, "x"), frame(bitFin|opText, "{}")...), opText, "{}"},
		{"pong to a ping between fragments", fragments, opPong, "hello"},
		{"and the message", nil, opText, "ü"},
	} {
		c.Write(test.send)
		opcode, payload, err := c.read()
		if err != nil || opcode != test.opcode || string(payload) != test.want {
			t.Fatalf("%s: got opcode %d, %q and %v", test.name, opcode, payload, err)
		}
	}
}

func TestAHugeHeaderIsEnough(t *testing.T) {
	t.Parallel()
	c, ended := servedRaw(t, Options{})
	var before, after runtime.MemStats
	runtime.ReadMemStats(&before)
	c.Write(frameHeader(bitFin|opText, 1<<62))
	if code := c.closed(); code != 1009 {
		t.Errorf("closed with %d, want 1009", code)
	}
	wantCode(t, <-ended, 1009)
	runtime.ReadMemStats(&after)
	if grown := int64(after.Sys) - int64(before.Sys); grown > 64<<20 {
		t.Errorf("the process grew by %d bytes", grown)
	}
}

// However the bytes of frames are cut into reads, the gauge finds the one that is
// too long.
func TestGauge(t *testing.T) {
	t.Parallel()
	const max = 70_000
	var fine []byte
	for _, length := range []int{0, 1, 125, 126, 65_535, 65_536, max} {
		fine = append(fine, frame(bitFin|opText, strings.Repeat("\xff", length))...)
		fine = append(fine, bitFin|opText, 3, 0xff, 0xff, 0xff) // not masked, as a server's are
	}
	for _, size := range []int{1, 3, 7, 1024, len(fine)} {
		over := 0
		g := &gauge{max: max, over: func() { over++ }}
		for part := range slices.Chunk(fine, size) {
			g.see(part)
		}
		if over != 0 {
			t.Errorf("in pieces of %d bytes: a frame that is fine is found too long", size)
		}
		for part := range slices.Chunk(frameHeader(opBinary, max+1), size) {
			g.see(part)
		}
		if over != 1 {
			t.Errorf("in pieces of %d bytes: a frame that is too long is found %d times", size, over)
		}
	}
}

func TestOneByteFragments(t *testing.T) {
	t.Parallel()
	const count = 300_000
	h := newTestHandler(t, Options{PingInterval: time.Hour}) // a busy machine takes its time for them
	c := dialRaw(t, startServer(t, h))
	all := frame(opText, "x")
	for range count - 2 {
		all = append(all, frame(opMore, "x")...)
	}
	c.Write(append(all, frame(bitFin|opMore, "x")...))
	if opcode, payload, err := c.read(); opcode != opText || len(payload) != count || err != nil {
		t.Errorf("got opcode %d, %d bytes and %v", opcode, len(payload), err)
	}
}
