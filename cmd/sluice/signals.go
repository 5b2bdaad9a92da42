package main

import (
	"context"
	"errors"
	"os"
	"os/signal"
	"syscall"
)

// The causes that the two contexts of untilStopped end with.
var (
	errStopAsked  = errors.New("the server was asked to stop")
	errStopForced = errors.New("the server was told to stop at once")
)

// untilStopped is untilSignalled for a command that SIGHUP stops.
func untilStopped(parent context.Context) (asked, forced context.Context, release func()) {
	return untilSignalled(parent, (*reloader)(nil).stopSignals())
}

// stopSignals are those that ask the process to stop. A reloader has SIGHUP for itself.
func (r *reloader) stopSignals() []os.Signal {
	stop := []os.Signal{os.Interrupt, syscall.SIGTERM}
	if r == nil && !signal.Ignored(syscall.SIGHUP) { // as nohup has it
		stop = append(stop, syscall.SIGHUP) // the terminal is gone
	}
	return stop
}

// untilSignalled returns a context that ends when the process gets one of the signals or
// parent ends, and one that ends when it gets a second one. Release gives the signals
// back.
func untilSignalled(parent context.Context, stop []os.Signal) (asked, forced context.Context, release func()) {
	asked, ask := context.WithCancelCause(parent)
	forced, force := context.WithCancelCause(context.WithoutCancel(parent))
	signals := make(chan os.Signal, 2)
	signal.Notify(signals, stop...)
	ended := make(chan struct{})
	watching := make(chan struct{})
	go func() {
		defer close(watching)
		for _, stop := range []func(){func() { ask(errStopAsked) }, func() { force(errStopForced) }} {
			select {
			case <-signals:
				stop()
			case <-ended:
				return
			}
		}
	}()
	return asked, forced, func() {
		signal.Stop(signals)
		close(ended)
		<-watching
		ask(nil)
		force(nil)
	}
}
