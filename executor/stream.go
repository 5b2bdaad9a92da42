package executor

import (
	"context"
	"errors"
	"iter"
	"sync"

	"github.com/sluice-dev/sluice/tools"
)

// An Event is what [Engine.Stream] yields: progress, or at the end the result.
type Event struct {
	// Progress is set on each event but the last.
	Progress *tools.Progress
	// Result is set on the last event of a call that did not fail.
	Result *tools.Result
}

var errConsumerLeft = errors.New("the consumer of the stream has left")

// Stream runs one call, as Execute does, when the sequence is ranged over: it yields
// the call's progress and then its result, or its error with an empty event. Each
// range runs the call anew. To leave the loop, by a panic too, cancels the call and waits
// until it is answered: that is as long as its handler takes to stop, or
// [Options.AbandonGrace].
//
// A loop that is slow holds up nothing: it misses values between, never the result.
// The functions of req are called too.
func (e *Engine) Stream(ctx context.Context, req *Request) iter.Seq2[Event, error] {
	return func(yield func(Event, error) bool) {
		ctx, cancel := context.WithCancelCause(ctx)
		s := newStream(e, req)
		go s.run(ctx)
		defer func() {
			cancel(errConsumerLeft)
			<-s.ended
		}()
		for more := true; more; {
			more = s.next()
			if p := s.latest(); p != nil && !yield(Event{Progress: p}, nil) {
				return
			}
		}
		yield(Event{Result: s.result}, s.err)
	}
}

// stream stands between a call and the loop that hears of it.
type stream struct {
	engine *Engine
	req    Request
	news   chan struct{} // holds one where progress was set
	ended  chan struct{} // closed behind the writes of result and err
	result *tools.Result
	err    error

	mu       sync.Mutex      // guards progress
	progress *tools.Progress // the last that the loop has not seen
}

func newStream(e *Engine, req *Request) *stream {
	s := &stream{engine: e, req: *req, news: make(chan struct{}, 1), ended: make(chan struct{})}
	s.req.OnProgress = func(p tools.Progress) {
		if req.OnProgress != nil {
			req.OnProgress(p)
		}
		s.set(&p)
	}
	return s
}

func (s *stream) run(ctx context.Context) {
	defer close(s.ended)
	s.err = &Error{Kind: KindPanic, Tool: s.req.Tool, Err: errGoexit} // stands unless Execute returns
	s.result, s.err = s.engine.Execute(ctx, &s.req)
}

func (s *stream) set(p *tools.Progress) {
	s.mu.Lock()
	s.progress = p
	s.mu.Unlock()
	select {
	case s.news <- struct{}{}:
	default:
	}
}

// next waits for news of progress; it returns false at the end of the call.
func (s *stream) next() bool {
	select {
	case <-s.news:
		return true
	case <-s.ended:
		return false
	}
}

// latest takes what set has left, if anything.
func (s *stream) latest() *tools.Progress {
	s.mu.Lock()
	defer s.mu.Unlock()
	p := s.progress
	s.progress = nil
	return p
}
