package upstream

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"sync"
	"sync/atomic"
	"time"

	"github.com/sluice-dev/sluice/tools"
)

// An Upstream keeps one MCP server connected, and its tools in a registry. All methods
// are safe for concurrent use. It must be closed.
type Upstream struct {
	spec     Spec
	open     func(context.Context) (Stream, error)
	registry *tools.Registry
	log      *slog.Logger
	murmur   *murmur

	ctx     context.Context // ends when the upstream is to end
	stop    context.CancelCauseFunc
	stale   chan struct{} // holds a token while the tools may be others than listed
	settled chan struct{} // closed when the first attempt to connect has ended
	ended   chan struct{} // closed when run has
	started sync.Once

	client  atomic.Pointer[Client] // nil while there is no connection
	legacy  bool                   // the server ends at a probe; run's own
	running tally                  // calls

	catalogue catalogue

	mu     sync.Mutex // guards what follows
	status Status
	stream Stream // what was opened last; nil where nothing is open
	killed bool   // what is opened from now on ends at once
}

// ErrRemoved is the cause with which the connection of an [Upstream] ends that is closed.
var ErrRemoved = errors.New("the server is not used any more")

var errStartTimeout = errors.New("the server did not list its tools in time")

// New returns an upstream that keeps the server's tools in the registry, once it is
// started. The error says what is wrong with the spec.
func New(spec Spec, registry *tools.Registry) (*Upstream, error) {
	if err := spec.check(); err != nil {
		return nil, fmt.Errorf("upstream %q: %w", spec.Name, err)
	}
	if spec.Logger == nil {
		spec.Logger = slog.New(slog.DiscardHandler)
	}
	spec.StartTimeout = orDuration(spec.StartTimeout, defaultStartTimeout)
	u := &Upstream{
		spec: spec, registry: registry, log: spec.Logger.With("upstream", spec.Name),
		stale: make(chan struct{}, 1), settled: make(chan struct{}), ended: make(chan struct{}),
		status: Status{Name: spec.Name, State: StateStarting, Since: time.Now()},
	}
	u.murmur = newMurmur(u.log)
	u.open = spec.opener(u.murmur)
	u.catalogue = catalogue{owner: u}
	u.ctx, u.stop = context.WithCancelCause(context.Background())
	return u, nil
}

// Start has the server connected to, in the background. After the first time, and after
// Close, it does nothing.
func (u *Upstream) Start() { u.started.Do(func() { go u.run() }) }

// Settled is closed when the server has listed its tools, or the first attempt to
// connect to it has failed: see [Upstream.Status].
func (u *Upstream) Settled() <-chan struct{} { return u.settled }

// Refresh has the tools listed anew, soon.
func (u *Upstream) Refresh() {
	select {
	case u.stale <- struct{}{}:
	default:
	}
}

// Withdraw takes the tools out of the registry, for good. Calls that run go on.
func (u *Upstream) Withdraw() { u.catalogue.close() }

// Close takes the tools out of the registry, lets calls that run go on until ctx is done,
// and ends the connection, and the program with it. When ctx is done it ends both at
// once. It may be called again.
func (u *Upstream) Close(ctx context.Context) {
	u.catalogue.close()
	u.started.Do(func() { close(u.ended) })
	select {
	case <-u.running.idle():
	case <-ctx.Done():
	}
	u.stop(ErrRemoved)
	select {
	case <-u.ended:
	case <-ctx.Done():
		u.kill()
		<-u.ended
	}
}

// kill ends the program, where it is one, at once, also where it is just being started.
func (u *Upstream) kill() {
	u.mu.Lock()
	defer u.mu.Unlock()
	u.killed = true
	end(u.stream)
}

// opened takes note of what was opened.
func (u *Upstream) opened(stream Stream) {
	u.mu.Lock()
	defer u.mu.Unlock()
	u.stream = stream
	if u.killed {
		end(stream)
	}
}

// end ends a program, where the stream is to one, at once.
func end(stream Stream) {
	if process, ok := stream.(interface{ Kill() }); ok {
		process.Kill()
	}
}

// run connects to the server again and again, until the upstream is closed.
func (u *Upstream) run() {
	defer close(u.ended)
	settle := sync.OnceFunc(func() { close(u.settled) })
	defer settle()
	for failures := 0; u.ctx.Err() == nil; {
		client, err := u.connect()
		if err == nil {
			up := time.Now()
			u.rose(client)
			settle()
			err = u.follow(client)
			if time.Since(up) >= steady {
				failures = 0
			}
		}
		if u.ctx.Err() != nil {
			break
		}
		failures++
		wait := Backoff(failures)
		u.fell(err, wait)
		settle()
		u.rest(wait)
	}
	u.change(func(s *Status) { s.State, s.Err = StateClosed, nil })
}

func (u *Upstream) rest(wait time.Duration) {
	timer := time.NewTimer(wait)
	defer timer.Stop()
	select {
	case <-timer.C:
	case <-u.ctx.Done():
	}
}
