package websocket

import (
	"sync"
	"sync/atomic"
	"time"
)

// A guest is what let a connection in.
type guest struct {
	pass   pass
	origin string // empty where it is no page
}

// guests are the connections that are served and may be, and the rules by which they may.
//
// A request is judged by the rules as they are when it comes, which takes no lock, and
// once more when its connection enters: they may have changed in between.
type guests struct {
	rules atomic.Pointer[rules] // stored under mu

	mu     sync.Mutex // guards all below
	inside map[*Stream]guest
	ends   map[*Stream]*time.Timer // of those whose credentials expire
}

// enter reports whether the connection may be served; then it must leave in the end.
// Else it has been closed.
func (g *guests) enter(s *Stream, who guest) bool {
	if !g.add(s, who) {
		s.revoke()
		return false
	}
	return true
}

func (g *guests) add(s *Stream, who guest) bool {
	g.mu.Lock()
	defer g.mu.Unlock()
	if !g.rules.Load().admit(who) {
		return false
	}
	if g.inside == nil {
		g.inside = map[*Stream]guest{}
	}
	g.inside[s] = who
	if end := who.pass.expires; !end.IsZero() {
		if g.ends == nil {
			g.ends = map[*Stream]*time.Timer{}
		}
		g.ends[s] = time.AfterFunc(time.Until(end), s.expire)
	}
	return true
}

func (g *guests) leave(s *Stream) {
	g.mu.Lock()
	defer g.mu.Unlock()
	delete(g.inside, s)
	if timer := g.ends[s]; timer != nil {
		timer.Stop()
		delete(g.ends, s)
	}
}

// follow puts other rules in place, has the connections that these do not admit closed,
// and returns how many there are.
func (g *guests) follow(r *rules) (closed int) {
	g.mu.Lock()
	defer g.mu.Unlock()
	g.rules.Store(r)
	for s, who := range g.inside {
		if !r.admit(who) {
			closed++
			delete(g.inside, s)
			go s.revoke() // it leaves when its Serve has returned, which is waited for
		}
	}
	return closed
}

// expire closes a connection whose credentials have ended.
func (s *Stream) expire() {
	s.fail(codePolicy, "the token of this connection has expired; connect with a new one")
}

// revoke closes a connection that is no longer welcome.
func (s *Stream) revoke() {
	s.fail(codePolicy, "the token or the origin of this connection is no longer accepted")
}
