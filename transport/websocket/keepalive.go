package websocket

import (
	"context"
	"time"
)

const (
	// pongWait is how long the pong may take. With the default interval and the wait
	// of Close, a peer that has gone is found within 30 seconds.
	pongWait = 9 * time.Second
	// maxPings is how many pings of the peer are answered within pingWindow. The
	// next closes the connection.
	maxPings   = 100
	pingWindow = 10 * time.Second
	// manyBytes is how much the network may hold in front of a ping without making
	// the pong late.
	manyBytes = 64 << 10
)

// keepAlive asks whether the peer is there, and does so again after the interval. It
// runs on the goroutine of a timer, so that an idle connection holds none.
func (s *Stream) keepAlive() {
	if !s.alive() {
		s.fail(codePolicy, "no pong")
	}
	if s.fault.Load() == nil {
		s.ping.Reset(s.limits.pingInterval)
	}
}

// alive pings the peer until there is a pong or reason to give it up. A pong can only
// be missed while a Read waits, since then all that has come has been read; a moment
// in which none does proves nothing, and the next ping has to tell. A peer that shows no sign of life is given up
// after pongWait; one that sends something else, or that may not have come to the
// ping yet, when one message could have been transferred before it.
func (s *Stream) alive() bool {
	busy := s.wire.sent.Swap(0) > manyBytes
	for waited := pongWait; ; waited += pongWait {
		before := s.wire.reads.Load()
		if s.pong() {
			return true
		}
		now := s.wire.reads.Load()
		if waits := now%2 == 1; !waits {
			return true
		}
		silent := now == before && !busy
		if silent || waited >= messageTimeout+pongWait {
			return false
		}
	}
}

// pong sends a ping and returns false if the answer stays away. If the ping cannot
// be sent it returns true: a message is being written, which has a timeout of its
// own, or the connection has ended, which Read sees.
func (s *Stream) pong() bool {
	if !s.writing.TryLock() {
		return true
	}
	s.writing.Unlock()
	ctx, cancel := context.WithTimeout(context.Background(), pongWait)
	defer cancel()
	err := s.conn.Ping(ctx)
	return err == nil || ctx.Err() == nil
}

// A flood counts the pings of a peer, window by window.
type flood struct {
	since time.Time
	pings int
}

// over counts a ping at now and says whether it is one too many.
func (f *flood) over(now time.Time) bool {
	if now.Sub(f.since) > pingWindow {
		f.since, f.pings = now, 0
	}
	f.pings++
	return f.pings > maxPings
}

// pinged is called for every ping that arrives, by the goroutine that reads. It
// returns whether to answer.
func (s *Stream) pinged(context.Context, []byte) bool {
	if !s.flood.over(time.Now()) {
		return true
	}
	s.failReading(codePolicy, "too many pings")
	return false
}
