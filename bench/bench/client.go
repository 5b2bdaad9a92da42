package main

import (
	"errors"
	"fmt"
	"sync/atomic"
	"time"
)

// A client keeps a number of calls in flight on one link and takes the time of each.
// It is raw: a message is made of bytes that stand ready, and of an answer only the id
// and the text are looked for, so that it costs less than any server.
type client struct {
	link     link
	load     load
	ids      chan int       // slots of calls that may be sent; as many as are in flight
	sent     []atomic.Int64 // when, by slot; 0 where none is in flight
	measured *atomic.Bool   // answers count while it is set
	stop     chan struct{}

	calls     atomic.Int64 // answered while measured
	progress  int          // notifications while measured
	latencies []time.Duration
}

func newClient(l link, what load, inFlight int, measured *atomic.Bool) *client {
	return &client{
		link: l, load: what, measured: measured,
		ids:  make(chan int, inFlight),
		sent: make([]atomic.Int64, inFlight),
		stop: make(chan struct{}),
	}
}

// run keeps the calls in flight until stop is closed and the link with it.
func (c *client) run() error {
	for slot := range cap(c.ids) {
		c.ids <- slot
	}
	failed := make(chan error, 1)
	go func() { failed <- c.send() }()
	err := c.receive()
	if c.stopped() {
		return <-failed
	}
	return err // the sender ends when it is stopped, at the latest
}

func (c *client) stopped() bool {
	select {
	case <-c.stop:
		return true
	default:
		return false
	}
}

// send sends a call for each slot that comes free. An id is a multiple of the number
// in flight plus the slot, so that the slot can be told from the answer.
func (c *client) send() error {
	var message []byte
	for round := 1; ; round++ {
		select {
		case <-c.stop:
			return nil
		case slot := <-c.ids:
			message = c.load.append(message[:0], round*cap(c.ids)+slot)
			c.sent[slot].Store(int64(time.Since(epoch)))
			if err := c.link.write(message); err != nil && !c.stopped() {
				c.link.close()
				return err
			}
		}
	}
}

var epoch = time.Now().Add(-time.Nanosecond) // no call is sent at 0

// receive frees the slot of each answer.
func (c *client) receive() error {
	for {
		message, err := c.link.read()
		if err != nil {
			return fmt.Errorf("the server is gone: %w", err)
		}
		measured := c.measured.Load()
		if isNotification(message) {
			if measured {
				c.progress++
			}
			continue
		}
		id, err := c.load.check(message)
		if err != nil {
			return err
		}
		slot := id % cap(c.ids)
		sent := c.sent[slot].Swap(0)
		if sent == 0 {
			return errors.New("a call was answered twice, or one that was not sent")
		}
		if measured {
			c.calls.Add(1)
			c.latencies = append(c.latencies, time.Since(epoch)-time.Duration(sent))
		}
		c.ids <- slot // there is room: the slot was in flight
	}
}
