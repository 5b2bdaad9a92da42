package main

import (
	"context"
	"fmt"
	"time"
)

// misfortunes are the tools that misbehave, and the extra arguments of those that have a
// choice of how.
var misfortunes = []struct {
	tool  string
	modes []string
}{
	{"crash", nil}, {"flood", nil}, {"hang", nil}, {"stubborn", nil}, {"leaver", nil}, {"noise", nil}, {"big", nil},
	{"bad_ask", endpointFaults}, {"bad_ask", endpointFaults}, {"wild_fault", millFaults}, {"wild_fault", millFaults}, {"wild_echo", nil},
	{"every_panic", nil}, {"every_stubborn", nil}, {"every_sleep", nil}, {"extra", nil}, {"no_such_tool", nil},
}

// suffer calls tools that misbehave, several at a time: each call is answered all the
// same.
func suffer(ctx context.Context, c *client) error {
	s, err := c.connect(ctx)
	if err != nil {
		return err
	}
	defer s.close()
	for range 1 + c.chance.IntN(10) {
		var calls []*call
		for range 1 + c.chance.IntN(4) {
			made, err := c.misfortune(ctx, s)
			if err != nil {
				return err
			}
			calls = append(calls, made)
		}
		for _, made := range calls {
			if s.await(made) != nil {
				return nil
			}
		}
		if ctx.Err() != nil {
			return nil
		}
	}
	return nil
}

// misfortune calls a tool that misbehaves.
func (c *client) misfortune(ctx context.Context, s *session) (*call, error) {
	m := misfortunes[c.chance.IntN(len(misfortunes))]
	return c.ask(ctx, s, m.tool, m.modes)
}

// ask calls a tool with the arguments that it takes.
func (c *client) ask(ctx context.Context, s *session, tool string, modes []string) (*call, error) {
	switch {
	case modes != nil:
		return s.call(ctx, tool, false, fmt.Sprintf(`"mode":%q`, c.any(modes)))
	case tool == "every_stubborn", tool == "every_sleep":
		return s.send(ctx, tool, false, fmt.Sprintf(`{"ms":%d}`, c.chance.IntN(3000)))
	case tool == "every_panic":
		return s.send(ctx, tool, false, `{}`)
	}
	return s.call(ctx, tool, false)
}

// linger calls a tool whose calls last.
func (c *client) linger(ctx context.Context, s *session) (*call, error) {
	tool := c.any([]string{"steps", "steps", "hang", "stubborn", "every_sleep", "bad_ask"})
	var modes []string
	if tool == "bad_ask" {
		modes = []string{"slow", "silent", "endless"}
	}
	return c.ask(ctx, s, tool, modes)
}

// waver takes calls back, some before they run, some while and some after.
func waver(ctx context.Context, c *client) error {
	s, err := c.connect(ctx)
	if err != nil {
		return err
	}
	defer s.close()
	for range 1 + c.chance.IntN(10) {
		made, err := c.linger(ctx, s)
		if err != nil {
			return err
		}
		pause(ctx, c.upTo(300*time.Millisecond))
		if err := s.cancel(ctx, made); err != nil {
			return err
		}
		if c.chance.IntN(5) == 0 {
			_ = s.cancel(ctx, &call{id: 1_000_000 + c.chance.IntN(1000), state: answered}) // of nothing
		}
		after, err := s.call(ctx, "ask", true)
		if err != nil {
			return err
		}
		if s.await(after) != nil || ctx.Err() != nil {
			return nil
		}
	}
	return nil
}

// walkOut leaves without a word, with calls in flight.
func walkOut(ctx context.Context, c *client) error {
	s, err := c.connect(ctx)
	if err != nil {
		return err
	}
	for range 1 + c.chance.IntN(8) {
		if _, err := c.linger(ctx, s); err != nil {
			break
		}
	}
	pause(ctx, c.upTo(500*time.Millisecond))
	s.leave()
	c.ledger.count("left with calls in flight")
	return nil
}
