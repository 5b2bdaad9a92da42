package main

import (
	"context"
	"fmt"
	"math/rand/v2"
	"time"
)

// A habit is what some of the clients do, again and again. An error ends that turn, and
// is a fault: whatever the server may do has been dealt with.
type habit struct {
	name    string
	caller  string
	clients int
	turn    func(ctx context.Context, c *client) error
}

// habits are the clients of a run.
var habits = []habit{
	{"sound", "sound", 8, converse},
	{"brisk", "sound", 4, hurry},
	{"progress", "sound", 3, follow},
	{"unlucky", "unlucky", 8, suffer},
	{"fickle", "fickle", 4, waver},
	{"leaving", "fickle", 4, walkOut},
	{"garbage", "rude", 2, babble},
	{"raw", "rude", 1, breakFrames},
	{"slow", "rude", 2, dawdle},
	{"stranger", "rude", 2, intrude},
	{"crowd", "rude", 1, crowd},
	{"rotating", "rotating", 2, rotate},
	{"pinging", "sound", 1, ping},
}

// A client is one of those with a habit. It chooses by a source of its own.
type client struct {
	*soaker
	habit  habit
	name   string
	chance *rand.Rand
}

// live has a client follow its habit until ctx is done.
func (c *client) live(ctx context.Context) {
	for n := 0; ctx.Err() == nil && !c.ledger.full(); n++ {
		c.name = fmt.Sprintf("%s-%d", c.name[:c.stem()], n)
		if err := c.habit.turn(ctx, c); err != nil && ctx.Err() == nil {
			c.ledger.fault("turned away", "%s: %v", c.name, err)
			pause(ctx, 100*time.Millisecond)
		}
	}
}

// stem is how long the name is without the number of the turn.
func (c *client) stem() int {
	for i := len(c.name) - 1; i > 0; i-- {
		if c.name[i] == '-' {
			return i
		}
	}
	return len(c.name)
}

// connect opens a session, in either era.
func (c *client) connect(ctx context.Context) (*session, error) {
	return c.dial(ctx, c.habit.caller, c.name, c.chance.IntN(2) == 0)
}

// any chooses one.
func (c *client) any(from []string) string { return from[c.chance.IntN(len(from))] }

// upTo is a time that is shorter.
func (c *client) upTo(d time.Duration) time.Duration { return time.Duration(c.chance.Int64N(int64(d))) }

// sound are the tools with which nothing is wrong, as often as they are called.
var sound = []string{"say", "kept", "kept", "ask", "ask", "ask", "calm_echo", "calm_echo", "calm_echo"}

// converse makes calls of sound tools, several at a time, and has them all answered.
func converse(ctx context.Context, c *client) error {
	s, err := c.connect(ctx)
	if err != nil {
		return err
	}
	defer s.close()
	for range 5 + c.chance.IntN(40) {
		var calls []*call
		for range 1 + c.chance.IntN(6) {
			made, err := s.call(ctx, c.any(sound), true)
			if err != nil {
				return err
			}
			calls = append(calls, made)
		}
		for _, made := range calls {
			if err := s.await(made); err != nil {
				return nil // the ledger has it
			}
		}
		if ctx.Err() != nil {
			return nil
		}
	}
	return nil
}

// hurry keeps calls of quick tools in flight, each answer followed by the next call.
func hurry(ctx context.Context, c *client) error {
	s, err := c.connect(ctx)
	if err != nil {
		return err
	}
	defer s.close()
	quick := []string{"kept", "ask", "calm_echo"}
	var flying []*call
	for range 1 + c.chance.IntN(1000) {
		made, err := s.call(ctx, c.any(quick), true)
		if err != nil {
			return err
		}
		if flying = append(flying, made); len(flying) < 8 {
			continue
		}
		if s.await(flying[0]) != nil || ctx.Err() != nil {
			return nil
		}
		flying = flying[1:]
	}
	for _, made := range flying {
		if s.await(made) != nil {
			return nil
		}
	}
	return nil
}

// follow makes calls that report, and sees that they do.
func follow(ctx context.Context, c *client) error {
	s, err := c.connect(ctx)
	if err != nil {
		return err
	}
	defer s.close()
	for range 10 {
		made, err := s.call(ctx, "steps", true)
		if err != nil {
			return err
		}
		if s.await(made) != nil || ctx.Err() != nil {
			return nil
		}
		s.mu.Lock()
		if made.reports > 0 {
			c.ledger.count("calls with progress")
		}
		s.mu.Unlock()
	}
	return nil
}

// ping pings, and takes the times.
func ping(ctx context.Context, c *client) error {
	s, err := c.dial(ctx, c.habit.caller, c.name, false)
	if err != nil {
		return err
	}
	defer s.close()
	for ctx.Err() == nil {
		took, err := s.request(ctx, "ping", "{}")
		if err != nil {
			return nil
		}
		c.ledger.with(func() {
			if len(c.ledger.pings) < mostTimes {
				c.ledger.pings = append(c.ledger.pings, took)
			}
		})
		pause(ctx, 50*time.Millisecond)
	}
	return nil
}

// rotate calls with whatever token its caller has at the time; that a connection ends
// when its token is no longer good is as it should be.
func rotate(ctx context.Context, c *client) error {
	s, err := c.connect(ctx)
	if err != nil {
		c.ledger.count("old token refused")
		pause(ctx, 50*time.Millisecond)
		return nil
	}
	defer s.leave()
	for range 50 {
		made, err := s.call(ctx, "ask", false)
		if err != nil {
			c.ledger.count("closed as its token went: " + code(err))
			return nil
		}
		select {
		case <-made.answered:
		case <-s.ended:
			c.ledger.count("closed as its token went: " + code(s.why))
			return nil
		case <-time.After(patience):
			c.ledger.fault("lost", "%s: no answer", made.tag)
			return nil
		}
		pause(ctx, 20*time.Millisecond)
	}
	return nil
}
