package main

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"slices"
	"strconv"
	"sync"
	"time"
)

// A nap holds a slot of the starter config for a tenth of a second and costs the machine
// next to nothing, so that the slots are what is short: they serve so many a second.
var nap = load{tool: "countdown", arguments: `{"from":1,"interval_ms":100}`, answer: []byte(`"Counted down from 1."`)}

const napsPerSecond = slots * 10

// mix is the part that each class has in the calls; that of the highest class is half of
// what can be served where ten times as many come.
var mix = map[string]float64{"interactive": 0.05, "normal": 0.35, "batch": 0.6}

// overload has as many calls come over WebSocket as can be served, and then ten times as
// many, in three classes. The first of those take all slots at about the same time, so
// that these come free together ever after: an interactive call then waits for as long as
// another runs, at worst, and takes twice its time.
func overload(ctx context.Context, f *fleet, o options) (budgets []budget, failed error) {
	r, err := of(f.socket, sluice).start(ctx)
	if err != nil {
		return nil, err
	}
	defer func() { failed = errors.Join(failed, r.kill()) }()
	at, err := r.target()
	if err != nil {
		return nil, err
	}
	length := min(2*o.length, 4*time.Second)
	usual, err := surgeAt(ctx, at, 1, length)
	if err != nil {
		return nil, err
	}
	over, err := surgeAt(ctx, at, 10, length)
	if err != nil {
		return nil, err
	}
	offered, refused := over.sum()
	people, before := over["interactive"], usual["interactive"]
	return []budget{
		{what: "Calls served under ten times the load, of the usual", value: over.served(length) / usual.served(length), limit: 0.9, atLeast: true, unit: times,
			note: fmt.Sprintf("%d calls came in %v, %d were refused, each with a reason and a time to come again", offered, length, refused)},
		{what: "p99 of interactive calls under ten times the load, of the usual", value: float64(people.p99()) / float64(before.p99()), limit: 2, unit: times,
			note: fmt.Sprintf("%s in place of %s, of which the tool takes 100 ms; %d of %d were served", milliseconds(float64(people.p99())), milliseconds(float64(before.p99())), len(people.latencies), people.sent)},
	}, nil
}

// A surge is the calls of each class.
type surge map[string]*class

func (s surge) sum() (sent, refused int) {
	for _, class := range s {
		sent += class.sent
		refused += class.sent - len(class.latencies)
	}
	return sent, refused
}

// served returns how many calls a second were served while they came.
func (s surge) served(length time.Duration) float64 {
	n := 0
	for _, class := range s {
		n += class.inTime
	}
	return float64(n) / length.Seconds()
}

// surgeAt has so many times the calls come that can be served, each class on a connection
// of its own, and waits until all are answered.
func surgeAt(ctx context.Context, at target, factor float64, length time.Duration) (surge, error) {
	all, failed := surge{}, make(chan error, 2*len(mix))
	var running sync.WaitGroup
	for name, part := range mix {
		s, err := at.open(ctx, 0)
		if err != nil {
			return nil, err
		}
		defer s.close()
		k := &class{link: s, name: name, begun: time.Now(), length: length, sendTimes: make(chan time.Time, 1<<20)}
		all[name] = k
		running.Go(func() { failed <- k.send(factor * part * napsPerSecond) })
		running.Go(func() { failed <- k.receive() })
	}
	running.Wait()
	close(failed)
	var joined error
	for err := range failed {
		joined = errors.Join(joined, err)
	}
	return all, joined
}

// A class is the calls of one priority.
type class struct {
	link      link
	name      string
	begun     time.Time
	length    time.Duration
	sendTimes chan time.Time // of each call, in the order of their ids; closed behind the last

	sent      int
	inTime    int // served before no more came
	latencies []time.Duration
}

func (k *class) p99() time.Duration { return quantile(k.latencies, 0.99) }

// send sends calls at an even rate, whatever becomes of them.
func (k *class) send(perSecond float64) error {
	defer close(k.sendTimes)
	var message []byte
	for id := 1; ; id++ {
		due := k.begun.Add(time.Duration(float64(id) / perSecond * float64(time.Second)))
		if due.Sub(k.begun) > k.length {
			return nil
		}
		time.Sleep(time.Until(due))
		message = k.append(message[:0], id)
		k.sendTimes <- time.Now()
		if err := k.link.write(message); err != nil {
			return err
		}
	}
}

func (k *class) append(dst []byte, id int) []byte {
	dst = nap.append(dst, id)
	dst = append(dst[:len(dst)-len("}}\n")], `,"_meta":{"dev.sluice/priority":"`...)
	return append(append(dst, k.name...), "\"}}}\n"...)
}

// receive takes the answers until each call has one.
func (k *class) receive() error {
	var sent []time.Time
	last := func(id int) error {
		for len(sent) < id {
			at, more := <-k.sendTimes
			if !more {
				return fmt.Errorf("an answer to call %d, which was not sent", id)
			}
			sent = append(sent, at)
		}
		return nil
	}
	for answered := 0; ; answered++ {
		if answered == len(sent) {
			at, more := <-k.sendTimes
			if !more {
				break
			}
			sent = append(sent, at)
		}
		message, err := k.link.read()
		if err != nil {
			return err
		}
		id, err := idOf(message)
		if err == nil {
			err = last(id)
		}
		if err == nil {
			err = k.take(message, sent[id-1])
		}
		if err != nil {
			return err
		}
	}
	k.sent = len(sent)
	slices.Sort(k.latencies)
	return nil
}

// take notes an answer. A refusal must say why and when to come again.
func (k *class) take(message []byte, sent time.Time) error {
	now := time.Now()
	if holds(message, nap.answer) {
		k.latencies = append(k.latencies, now.Sub(sent))
		if now.Sub(k.begun) <= k.length {
			k.inTime++
		}
		return nil
	}
	_, after, told := bytes.Cut(message, []byte(`"retryAfterMs":`))
	digits := after[:max(bytes.IndexAny(after, ",}"), 0)]
	if wait, err := strconv.Atoi(string(digits)); !told || err != nil || wait <= 0 ||
		!holds(message, []byte(`"overloaded"`)) || !holds(message, []byte("the server is busy and ")) || !holds(message, []byte("Try again in ")) {
		return fmt.Errorf("a refusal that does not say why and for how long: %.300s", message)
	}
	return nil
}
