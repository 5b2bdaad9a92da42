package websocket

import (
	"bufio"
	"encoding/binary"
	"errors"
	"io"
	"net"
	"net/http"
	"strings"
	"sync"
	"testing"
	"time"
)

// The opcodes of RFC 6455, section 11.8.
const (
	opMore, opText, opBinary = 0, 1, 2
	opClose, opPing, opPong  = 8, 9, 10
	bitFin, bitRSV1, bitMask = 0x80, 0x40, 0x80
	closedWithout            = -1 // for a code: the connection ended without a close frame
	request                  = "GET /mcp HTTP/1.1\r\nHost: localhost\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n"
	handshake                = request + "Sec-WebSocket-Version: 13\r\nSec-WebSocket-Key: AAAAAAAAAAAAAAAAAAAAAA==\r\n"
	authorized               = "Authorization: Bearer " + plannerSecret + "\r\n"
	patience                 = time.Minute // of a test with a real socket; a busy machine takes its time
)

// A rawClient speaks bytes.
type rawClient struct {
	net.Conn
	br *bufio.Reader
}

// upgradeRaw sends a handshake with the given header lines, for /mcp unless there is
// another target, and returns the answer.
func upgradeRaw(t testing.TB, conn net.Conn, header string, target ...string) (*rawClient, *http.Response) {
	t.Helper()
	t.Cleanup(func() { conn.Close() })
	text := handshake + header + "\r\n"
	if len(target) > 0 {
		text = strings.Replace(text, pathMCP, target[0], 1)
	}
	if _, err := io.WriteString(conn, text); err != nil {
		t.Fatal(err)
	}
	c := &rawClient{conn, bufio.NewReader(conn)}
	resp, err := http.ReadResponse(c.br, nil)
	if err != nil {
		t.Fatal(err)
	}
	return c, resp
}

// connect opens a connection to the server at url.
func connect(t testing.TB, url string) net.Conn {
	t.Helper()
	conn, err := net.Dial("tcp", strings.TrimSuffix(strings.TrimPrefix(url, "ws://"), pathMCP))
	if err != nil {
		t.Fatal(err)
	}
	conn.SetDeadline(time.Now().Add(patience))
	return conn
}

// dialRaw connects to the server at url, as planner.
func dialRaw(t testing.TB, url string) *rawClient {
	t.Helper()
	c, resp := upgradeRaw(t, connect(t, url), authorized)
	if resp.StatusCode != http.StatusSwitchingProtocols {
		t.Fatalf("the server answers %s", resp.Status)
	}
	return c
}

// frame returns a masked frame; the mask is zero, so the payload is as it was.
func frame(first byte, payload string) []byte {
	return append(frameHeader(first, uint64(len(payload))), payload...)
}

// frameHeader returns the header of a masked frame of any length.
func frameHeader(first byte, length uint64) []byte {
	head := []byte{first}
	switch {
	case length < 126:
		head = append(head, bitMask|byte(length))
	case length < 1<<16:
		head = binary.BigEndian.AppendUint16(append(head, bitMask|126), uint16(length))
	default:
		head = binary.BigEndian.AppendUint64(append(head, bitMask|127), length)
	}
	return append(head, 0, 0, 0, 0)
}

// read returns the next frame.
func (c *rawClient) read() (opcode byte, payload []byte, err error) {
	head := make([]byte, 10)
	if _, err := io.ReadFull(c.br, head[:2]); err != nil {
		return 0, nil, err
	}
	first, length := head[0], uint64(head[1])
	switch length {
	case 126:
		_, err = io.ReadFull(c.br, head[:2])
		length = uint64(binary.BigEndian.Uint16(head))
	case 127:
		_, err = io.ReadFull(c.br, head[:8])
		length = binary.BigEndian.Uint64(head)
	}
	if err != nil {
		return 0, nil, err
	}
	payload = make([]byte, length)
	_, err = io.ReadFull(c.br, payload)
	return first & 0x0f, payload, err
}

// closed reads to the close frame, returns its code and hangs up.
func (c *rawClient) closed() int {
	defer c.Close()
	for {
		opcode, payload, err := c.read()
		switch {
		case err != nil:
			return closedWithout
		case opcode == opClose && len(payload) >= 2:
			return int(binary.BigEndian.Uint16(payload))
		}
	}
}

// A memoryListener accepts connections that are made in memory, which a synctest
// bubble sees.
type memoryListener struct {
	conns  chan net.Conn
	once   sync.Once
	closed chan struct{}
}

func newMemoryListener() *memoryListener {
	return &memoryListener{conns: make(chan net.Conn), closed: make(chan struct{})}
}

func (l *memoryListener) Accept() (net.Conn, error) {
	select {
	case conn := <-l.conns:
		return conn, nil
	case <-l.closed:
		return nil, errors.New("the listener is closed")
	}
}

func (l *memoryListener) Close() error {
	l.once.Do(func() { close(l.closed) })
	return nil
}

func (l *memoryListener) Addr() net.Addr { return &net.UnixAddr{Name: "memory", Net: "memory"} }

// dial connects to the listener.
func (l *memoryListener) dial() net.Conn {
	client, server := net.Pipe()
	l.conns <- server
	return client
}

// serveInMemory serves the handler until the test ends, and upgrades one connection.
func serveInMemory(t testing.TB, h *Handler) (*memoryListener, *rawClient) {
	t.Helper()
	l := newMemoryListener()
	server := NewServer(h)
	go server.Serve(l)
	t.Cleanup(func() { server.Close() })
	c, resp := upgradeRaw(t, l.dial(), authorized)
	if resp.StatusCode != http.StatusSwitchingProtocols {
		t.Fatalf("the server answers %s", resp.Status)
	}
	return l, c
}
