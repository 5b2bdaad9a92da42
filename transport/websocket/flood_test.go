package websocket

import (
	"io"
	"net"
	"net/http"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"
)

// Those who come when there is no room are told so, each of them, and who is inside does
// not notice.
func TestAFloodTouchesNobodyInside(t *testing.T) {
	t.Parallel()
	const inside, flood, at = 20, 1000, 25
	h := newTestHandler(t, Options{Caps: Caps{Connections: inside}})
	url := startServer(t, h)
	var streams []*Stream
	for range inside {
		streams = append(streams, dialTest(t, url))
	}
	over := make(chan struct{})
	var exchanged atomic.Int64
	var worst atomic.Int64
	var users sync.WaitGroup
	for _, s := range streams {
		users.Go(func() {
			for {
				started := time.Now()
				if exchangeAnywhere(t, s, "{}") != "{}" {
					return
				}
				exchanged.Add(1)
				for took := int64(time.Since(started)); ; {
					if old := worst.Load(); took <= old || worst.CompareAndSwap(old, took) {
						break
					}
				}
				select {
				case <-over:
					return
				default:
				}
			}
		})
	}
	var refused, hung atomic.Int64
	var attackers sync.WaitGroup
	for range at {
		attackers.Go(func() {
			for range flood / at {
				switch floodOnce(url) {
				case http.StatusServiceUnavailable:
					refused.Add(1)
				case 0:
					hung.Add(1)
				default:
					t.Error("let in, or refused for another reason")
				}
			}
		})
	}
	attackers.Wait()
	before := exchanged.Load()
	close(over)
	users.Wait()
	if refused.Load()+hung.Load() != flood || refused.Load() < flood*9/10 {
		t.Errorf("%d were told, %d were not", refused.Load(), hung.Load())
	}
	if before < inside {
		t.Errorf("%d exchanges while %d came", before, flood)
	}
	if took := time.Duration(worst.Load()); took > patience/12 { // far more than a busy machine needs
		t.Errorf("one exchange took %v", took)
	}
	eventually(t, func() bool { return h.lobby.inside() == inside }) // no refused one is kept
}

// floodOnce tries to get in and returns the status; 0 where there was no answer.
func floodOnce(url string) int {
	conn, err := net.Dial("tcp", strings.TrimSuffix(strings.TrimPrefix(url, "ws://"), pathMCP))
	if err != nil {
		return 0
	}
	defer conn.Close()
	conn.SetDeadline(time.Now().Add(patience))
	io.WriteString(conn, handshake+authorized+"\r\n")
	answer := make([]byte, 12)
	if _, err := io.ReadFull(conn, answer); err != nil {
		return 0
	}
	if string(answer) != "HTTP/1.1 503" {
		return 1
	}
	return http.StatusServiceUnavailable
}

// Hundreds who send a byte a second, be it of a header, of a body or of an upgrade, are
// gone when their time is over, and meanwhile others are served.
func TestSlowClientsAreCutAndOthersServed(t *testing.T) {
	for _, test := range []struct {
		name, at, drip string // what is sent at once, and what is sent slowly
		most           time.Duration
	}{
		{"a slow header", "", "GET /mcp HTTP/1.1\r\nHost: localhost\r\nX-Header: " + strings.Repeat("x", 100), 5 * time.Second},
		{"a slow upgrade", handshake, "X-Header: " + strings.Repeat("x", 100), 5 * time.Second},
		{"a slow body", "POST /ticket HTTP/1.1\r\nHost: localhost\r\nContent-Length: 1000\r\n" + authorized + "\r\n", strings.Repeat("x", 1000), 10 * time.Second},
		{"silence", "", "", 5 * time.Second},
	} {
		t.Run(test.name, func(t *testing.T) {
			inBubble(t, func(t *testing.T) {
				h := newTestHandler(t, Options{})
				l, c := serveInMemory(t, h)
				started := time.Now()
				var slow sync.WaitGroup
				for range 300 {
					conn := l.dial()
					slow.Go(func() {
						defer conn.Close()
						ended := make(chan struct{})
						go func() {
							io.Copy(io.Discard, conn)
							close(ended)
						}()
						dribble(conn, test.at, test.drip, ended)
						if took := time.Since(started); took > test.most+2*time.Second {
							t.Errorf("it was cut after %v", took)
						}
					})
				}
				for range 3 {
					c.Write(textFrame("{}"))
					if got := c.event(); got != text("{}") {
						t.Errorf("meanwhile: %s", got)
					}
					time.Sleep(time.Second)
				}
				slow.Wait()
				synctest.Wait()
				if got := h.inside(); got != 1 {
					t.Errorf("%d are inside", got)
				}
			})
		})
	}
}

// dribble sends a byte a second until the other side has had enough.
func dribble(conn net.Conn, at, drip string, ended <-chan struct{}) {
	io.WriteString(conn, at) // whether it is taken, ended tells
	for i := 0; ; i++ {
		select {
		case <-time.After(time.Second):
		case <-ended:
			return
		}
		if i < len(drip) {
			io.WriteString(conn, drip[i:i+1])
		}
	}
}
