package main

import (
	"bufio"
	"context"
	"encoding/binary"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"runtime"
	"strings"
	"sync"
	"time"
)

// socket is the client's side of a WebSocket connection (RFC 6455), without what a
// library does for its users: a message is one frame and one system call, and its
// masking key is 0, so that masking it changes nothing. It makes the client cheaper
// than the floor.
type socket struct {
	conn net.Conn
	in   *bufio.Reader
	long []byte // the message that was read

	mu  sync.Mutex // guards what follows; a pong is written by the reader
	out []byte
}

// The opcodes of frames that servers send.
const (
	opContinue = 0x0
	opText     = 0x1
	opClose    = 0x8
	opPing     = 0x9
	opPong     = 0xA
)

const (
	final  = 0x80 // in the first byte of a frame: it ends its message
	masked = 0x80 // in the second
)

// dial connects from one of the machine's addresses and upgrades the connection.
func (t target) dial(ctx context.Context, from int) (*socket, error) {
	address := strings.TrimSuffix(strings.TrimPrefix(t.url, "ws://"), "/mcp")
	conn, err := homes[from%len(homes)].DialContext(ctx, "tcp", address)
	if err != nil {
		return nil, err
	}
	s := &socket{conn: conn, in: bufio.NewReader(conn)}
	if err := s.upgrade(address, t.token); err != nil {
		s.close()
		return nil, err
	}
	return s, nil
}

// homes are dialers at several loopback addresses: one address has too few ports for
// the connections that linger when 10^5 were closed, and Sluice lets 2000 connect from
// one. Where the system has only 127.0.0.1 there is one.
var homes = func() (dialers []*net.Dialer) {
	addresses := 8
	if runtime.GOOS == "darwin" {
		addresses = 1
	}
	for i := range addresses {
		local := &net.TCPAddr{IP: net.IPv4(127, 0, 0, byte(1+i))}
		dialers = append(dialers, &net.Dialer{LocalAddr: local, Timeout: 30 * time.Second, KeepAlive: -1})
	}
	return dialers
}()

func (s *socket) upgrade(host, token string) error {
	request := "GET /mcp HTTP/1.1\r\nHost: " + host + "\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n" +
		"Sec-WebSocket-Version: 13\r\nSec-WebSocket-Key: c2x1aWNlLWJlbmNobWFyaw==\r\nSec-WebSocket-Protocol: mcp\r\n"
	if token != "" {
		request += "Authorization: Bearer " + token + "\r\n"
	}
	if _, err := io.WriteString(s.conn, request+"\r\n"); err != nil {
		return err
	}
	response, err := http.ReadResponse(s.in, nil)
	if err != nil {
		return err
	}
	if response.StatusCode != http.StatusSwitchingProtocols {
		return fmt.Errorf("the upgrade was answered %s", response.Status)
	}
	return nil
}

func (s *socket) write(message []byte) error {
	return s.writeFrame(opText, message[:len(message)-1]) // without the newline
}

func (s *socket) writeFrame(op byte, payload []byte) error {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.out = appendFrame(s.out[:0], op, payload)
	_, err := s.conn.Write(s.out)
	return err
}

func appendFrame(dst []byte, op byte, payload []byte) []byte {
	dst = append(dst, final|op)
	switch n := len(payload); {
	case n < 126:
		dst = append(dst, masked|byte(n))
	case n < 1<<16:
		dst = binary.BigEndian.AppendUint16(append(dst, masked|126), uint16(n))
	default:
		dst = binary.BigEndian.AppendUint64(append(dst, masked|127), uint64(n))
	}
	return append(append(dst, 0, 0, 0, 0), payload...)
}

// read returns the next message and answers the pings before it.
func (s *socket) read() ([]byte, error) {
	s.long = s.long[:0]
	for {
		first, n, err := s.header()
		if err != nil {
			return nil, err
		}
		switch op := first & 0xF; op {
		case opText, opContinue:
			if err := s.payload(n); err != nil {
				return nil, err
			}
			if first&final != 0 {
				return s.long, nil
			}
		default:
			if err := s.control(op, n); err != nil {
				return nil, err
			}
		}
	}
}

// largest is more than any message here has.
const largest = 8 << 20

// header reads the start of a frame: its first byte, and the length of its payload.
func (s *socket) header() (first byte, n uint64, err error) {
	var b [8]byte
	if _, err := io.ReadFull(s.in, b[:2]); err != nil {
		return 0, 0, err
	}
	first, n = b[0], uint64(b[1])
	switch n {
	case 126:
		_, err = io.ReadFull(s.in, b[:2])
		n = uint64(binary.BigEndian.Uint16(b[:2]))
	case 127:
		_, err = io.ReadFull(s.in, b[:8])
		n = binary.BigEndian.Uint64(b[:8])
	}
	if err == nil && n > largest {
		err = fmt.Errorf("a frame of %d bytes", n)
	}
	return first, n, err
}

// payload appends the payload of a frame to what was read of its message.
func (s *socket) payload(n uint64) error {
	start := len(s.long)
	if need := start + int(n); need > cap(s.long) {
		s.long = append(make([]byte, 0, need), s.long...)
	}
	s.long = s.long[:start+int(n)]
	_, err := io.ReadFull(s.in, s.long[start:])
	return err
}

// control reads a control frame and answers a ping.
func (s *socket) control(op byte, n uint64) error {
	var b [125]byte
	if n > uint64(len(b)) {
		return errors.New("a control frame that is too long")
	}
	if _, err := io.ReadFull(s.in, b[:n]); err != nil {
		return err
	}
	switch op {
	case opPing:
		return s.writeFrame(opPong, b[:n])
	case opPong:
		return nil
	case opClose:
		return fmt.Errorf("%w: %q", errClosed, b[:n])
	}
	return fmt.Errorf("a frame of the unknown kind %d", op)
}

var errClosed = errors.New("the server has closed the connection")

func (s *socket) close() { _ = s.conn.Close() }

// leave closes the connection in order: with code 1000, and the server's answer.
func (s *socket) leave() error {
	defer s.close()
	if err := s.writeFrame(opClose, []byte{1000 >> 8, 1000 & 0xFF}); err != nil {
		return err
	}
	for {
		if _, err := s.read(); err != nil {
			if errors.Is(err, errClosed) {
				return nil
			}
			return err
		}
	}
}
