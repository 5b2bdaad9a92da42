package main

import (
	"os"
	"slices"
	"time"
)

// A watch takes the figures of a server while it is loaded.
type watch struct {
	*running
	clients []*client
	counts  *counter // may be nil

	begun  time.Time
	before usage
	took   time.Duration
	used   usage
	most   float64
}

// usage is what was used up to a time, or between two.
type usage struct {
	server, client time.Duration // of processors
	allocated      allocated
}

// These bound how long a server is driven, whatever the length: the first calls of a
// process are not like the others, and a few calls say little.
const (
	warmUp = 300 * time.Millisecond
	enough = 100 // calls
	tries  = 5   // lengths to wait for as many
)

// drive runs the clients and takes the figures between the warm-up and the end.
func (w *watch) drive(length time.Duration) error {
	failed := make(chan error, len(w.clients))
	for _, c := range w.clients {
		go func() { failed <- c.run() }()
	}
	err := w.observe(length, failed)
	for _, c := range w.clients {
		close(c.stop)
		c.link.close()
	}
	_ = w.in.Close()
	if err != nil {
		return err
	}
	for range w.clients {
		if err := <-failed; err != nil {
			return err
		}
	}
	return nil
}

func (w *watch) observe(length time.Duration, failed <-chan error) (err error) {
	if err := pause(warmUp, failed); err != nil {
		return err
	}
	if w.before, err = w.usage(); err != nil {
		return err
	}
	w.begun = time.Now()
	w.clients[0].measured.Store(true)
	for !w.done(length) {
		if err := pause(length/8, failed); err != nil {
			return err
		}
		if w.most, err = w.peak(); err != nil {
			return err
		}
	}
	w.clients[0].measured.Store(false)
	w.took = time.Since(w.begun)
	after, err := w.usage()
	w.used = usage{after.server - w.before.server, after.client - w.before.client, after.allocated.since(w.before.allocated)}
	return err
}

func (w *watch) done(length time.Duration) bool {
	took, calls := time.Since(w.begun), w.calls()
	return calls >= enough && took >= length || calls > 0 && took >= tries*length
}

func (w *watch) calls() (n int) {
	for _, c := range w.clients {
		n += int(c.calls.Load())
	}
	return n
}

// pause waits, unless a client fails meanwhile.
func pause(length time.Duration, failed <-chan error) error {
	select {
	case err := <-failed:
		return err
	case <-time.After(length):
		return nil
	}
}

func (w *watch) usage() (u usage, err error) {
	if w.counts != nil {
		if u.allocated, err = w.counts.read(); err != nil {
			return u, err
		}
	}
	if u.server, err = w.cpu(); err != nil {
		return u, err
	}
	self, err := newGauge(os.Getpid())
	if err != nil {
		return u, err
	}
	u.client, err = self.cpu()
	return u, err
}

// sample works out the figures once the clients have ended.
func (w *watch) sample() sample {
	var latencies []time.Duration
	progress := 0
	for _, c := range w.clients {
		progress += c.progress
		latencies = append(latencies, c.latencies...)
	}
	calls := len(latencies)
	if calls == 0 {
		return sample{peak: w.most}
	}
	slices.Sort(latencies)
	n := float64(calls)
	return sample{
		rate:      n / w.took.Seconds(),
		p50:       quantile(latencies, 0.5),
		p99:       quantile(latencies, 0.99),
		cpu:       w.used.server / time.Duration(calls),
		clientCPU: w.used.client / time.Duration(calls),
		peak:      w.most,
		progress:  float64(progress) / n,
		allocated: allocated{w.used.allocated.objects / n, w.used.allocated.bytes / n},
	}
}
