package upstream

import (
	"slices"
	"time"

	"github.com/sluice-dev/sluice/tools/internal/display"
)

// State is what an [Upstream] is doing.
type State string

// The states: starting until the first attempt to connect has ended, then up or down in
// turn, and closed at last.
const (
	StateStarting State = "starting"
	StateUp       State = "up"
	StateDown     State = "down"
	StateClosed   State = "closed"
)

// Status is what is known of an [Upstream] at one moment.
type Status struct {
	// Name is that of the spec.
	Name string
	// State is what it is doing, Since when.
	State State
	Since time.Time
	// Err is why it is down; nil in other states. It is for logs: it may hold what
	// callers must not see.
	Err error
	// Retry is when it is started again, while it is down.
	Retry time.Time
	// Starts is how often it was connected to.
	Starts int
	// Server is what the server said of itself when it was connected to last, its name
	// and instructions made visible.
	Server Server
	// Tools is how many of its tools are served.
	Tools int
	// Quarantined are the names, without the prefix, of those that are kept out until
	// their pins are changed.
	Quarantined []string
	// Dropped counts what the server sent and nobody had a use for, over all
	// connections but the present one's last moments.
	Dropped Stats
	// Stderr are the last lines that a program has written there.
	Stderr []string
}

// Status returns what is known now.
func (u *Upstream) Status() Status {
	u.mu.Lock()
	s := u.status
	u.mu.Unlock()
	s.Quarantined = slices.Clone(s.Quarantined)
	if client := u.client.Load(); client != nil {
		s.Dropped.add(client.Stats())
	}
	s.Stderr = u.murmur.lines()
	return s
}

func (s *Stats) add(other Stats) {
	s.Noise += other.Noise
	s.Unmatched += other.Unmatched
	s.Refused += other.Refused
}

func (u *Upstream) change(do func(*Status)) {
	u.mu.Lock()
	defer u.mu.Unlock()
	before := u.status.State
	do(&u.status)
	if u.status.State != before {
		u.status.Since = time.Now()
	}
}

// rose notes that the server is connected.
func (u *Upstream) rose(client *Client) {
	u.client.Store(client)
	server := client.Server()
	server.Info.Name, server.Instructions = display.OneLine(server.Info.Name), display.Visible(server.Instructions)
	u.change(func(s *Status) {
		s.State, s.Err, s.Retry, s.Server = StateUp, nil, time.Time{}, server
		s.Starts++
	})
	u.log.Info("the server is up", "revision", server.Revision, "tools", u.Status().Tools)
}

// fell notes that the server is not connected, for this reason and time.
func (u *Upstream) fell(err error, wait time.Duration) {
	u.change(func(s *Status) { s.State, s.Err, s.Retry = StateDown, err, time.Now().Add(wait) })
	u.log.Warn("the server is down", "error", err, "again_in", wait.Round(time.Millisecond), "stderr", u.murmur.lines())
}
