package main

import (
	"sync"
	"sync/atomic"
)

// each runs f for 0 to n-1 on a number of goroutines and returns the first error.
func each(workers, n int, f func(i int) error) error {
	var next atomic.Int64
	var running sync.WaitGroup
	failed := make(chan error, workers)
	for range workers {
		running.Go(func() {
			for {
				i := int(next.Add(1)) - 1
				if i >= n || len(failed) > 0 {
					return
				}
				if err := f(i); err != nil {
					failed <- err
					return
				}
			}
		})
	}
	running.Wait()
	select {
	case err := <-failed:
		return err
	default:
		return nil
	}
}
