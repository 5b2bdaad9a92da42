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

// untilStopped returns a context that ends when the process is asked to stop (SIGINT,
// SIGTERM, SIGHUP) or parent ends, and one that ends when it is asked a second time.
// Release gives the signals back.
func untilStopped(parent context.Context) (asked, forced context.Context, release func()) {
	asked, ask := context.WithCancelCause(parent)
	forced, force := context.WithCancelCause(context.WithoutCancel(parent))
	signals := make(chan os.Signal, 2)
	signal.Notify(signals, os.Interrupt, syscall.SIGTERM)
	if !signal.Ignored(syscall.SIGHUP) { // as nohup has it
		signal.Notify(signals, syscall.SIGHUP) // the terminal is gone
	}
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
