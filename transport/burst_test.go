package transport_test

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"math/rand/v2"
	"runtime"
	"slices"
	"strconv"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"
	"weak"

	"github.com/sluice-dev/sluice/executor"
	"github.com/sluice-dev/sluice/tools"
	"github.com/sluice-dev/sluice/transport"
)

// A bursty is a peer of a stream, within a bubble, that sends messages several at a time.
type bursty struct {
	t    *testing.T
	in   chan [][]byte // nil in one stands for the end, and no bytes for a panic
	out  chan [][]byte // what was written at once
	open chan struct{} // closed while the peer takes what is written; guarded by mu
	mu   sync.Mutex

	left   [][]byte // owned by Read
	closed chan struct{}
	once   sync.Once

	engine  *executor.Engine
	served  chan struct{}
	err     error // of Serve, or what it panicked with
	release chan struct{}
	sent    int
}

// newBursty connects to a server with a tool "do" that is quick.
func newBursty(t *testing.T, adjust ...func(*executor.Options)) *bursty {
	b := &bursty{
		t: t, in: make(chan [][]byte), out: make(chan [][]byte, 1024), open: make(chan struct{}),
		closed: make(chan struct{}), served: make(chan struct{}), release: make(chan struct{}),
	}
	close(b.open)
	f := newFixture(t, adjust...)
	b.engine = f.engine
	do := tools.Func("do", "Do as told.", func(ctx context.Context, in struct {
		What string `json:"what"`
	}) (string, error) {
		switch in.What {
		case "hold":
			<-b.release
		case "rest":
			time.Sleep(3 * time.Millisecond)
		case "wait":
			<-ctx.Done()
			return "", ctx.Err()
		case "exit":
			runtime.Goexit()
		case "panic":
			panic("as told")
		}
		return in.What, nil
	})
	do.Limits.Timeout = 50 * time.Millisecond
	do.Limits.Breaker.Off, do.Limits.RepeatFailures = true, -1
	if err := f.registry.Add(do); err != nil {
		t.Fatal(err)
	}
	go func() {
		defer close(b.served)
		defer func() {
			if value := recover(); value != nil {
				b.err = fmt.Errorf("panic: %v", value)
			}
		}()
		b.err = f.server.Serve(t.Context(), b, transport.Peer{Transport: "memory", Grace: time.Minute})
	}()
	t.Cleanup(func() {
		b.Close(0, "")
		<-b.served
	})
	b.warm()
	return b
}

// warm has the tool be quick.
func (b *bursty) warm() {
	for range 64 {
		b.answered(b.send("be quick"), b.receive())
	}
}

// send sends calls of the tool at once, and returns their ids.
func (b *bursty) send(what ...string) (ids []string) {
	var messages []string
	for _, each := range what {
		id := strconv.Itoa(b.sent)
		b.sent++
		ids = append(ids, id)
		messages = append(messages, callMessage(id, "do", `{"what":"`+each+`"}`, ""))
	}
	b.sendAll(messages...)
	return ids
}

func (b *bursty) sendAll(messages ...string) {
	var all [][]byte
	for _, message := range messages {
		all = append(all, []byte(expand(message)))
	}
	b.in <- all
}

// receive returns what was written at once.
func (b *bursty) receive() [][]byte {
	select {
	case messages := <-b.out:
		return messages
	case <-time.After(time.Minute): // virtual: everybody waits
		b.t.Error("no answer came")
		return nil
	}
}

// answered fails the test unless the messages are the answers to the calls, in any order.
func (b *bursty) answered(ids []string, messages [][]byte) {
	b.t.Helper()
	var got []string
	for _, message := range messages {
		got = append(got, idOf(b.t, message))
	}
	slices.Sort(got)
	ids = slices.Sorted(slices.Values(ids))
	if !slices.Equal(got, ids) {
		b.t.Errorf("%q were answered, not %q", got, ids)
	}
}

func idOf(t *testing.T, message []byte) string {
	var m struct {
		ID any `json:"id"`
	}
	if err := json.Unmarshal(message, &m); err != nil {
		t.Fatal(err)
	}
	return fmt.Sprint(m.ID)
}

// mute has the peer take nothing, until the function that it returns is called.
func (b *bursty) mute() (listen func()) {
	b.mu.Lock()
	defer b.mu.Unlock()
	open := make(chan struct{})
	b.open = open
	return func() { close(open) }
}

func (b *bursty) Ready() bool { return len(b.left) > 0 }

func (b *bursty) Read(ctx context.Context) ([]byte, error) {
	if len(b.left) == 0 {
		select {
		case b.left = <-b.in:
		case <-b.closed:
			return nil, io.ErrClosedPipe
		}
	}
	data := b.left[0]
	b.left = b.left[1:]
	switch {
	case data == nil:
		return nil, io.EOF
	case len(data) == 0:
		panic("cannot read")
	}
	return data, nil
}

func (b *bursty) Write(ctx context.Context, msg []byte) error {
	return b.WriteBatch(ctx, [][]byte{msg})
}

func (b *bursty) WriteBatch(ctx context.Context, msgs [][]byte) error {
	b.mu.Lock()
	open := b.open
	b.mu.Unlock()
	select {
	case <-open:
	case <-b.closed:
		return io.ErrClosedPipe
	}
	var batch [][]byte
	for _, msg := range msgs {
		batch = append(batch, bytes.Clone(msg))
	}
	b.out <- batch
	return nil
}

func (b *bursty) Close(int, string) error {
	b.once.Do(func() { close(b.closed) })
	return nil
}

func TestBurstIsAnsweredAtOnce(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		b := newBursty(t)
		for _, n := range []int{1, 2, 10, 32} {
			b.answered(b.send(slices.Repeat([]string{"be quick"}, n)...), b.receive())
		}
		ids := b.send(slices.Repeat([]string{"be quick"}, 40)...)
		b.answered(ids[:32], b.receive())
		b.answered(ids[32:], b.receive())
	})
}

// A call waits for few of the messages that came with it.
func TestBurstAmongOtherMessages(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		b := newBursty(t)
		messages := []string{callMessage("call", "do", `{"what":"be quick"}`, "")}
		for i := range 500 {
			messages = append(messages, fmt.Sprintf(`{"jsonrpc":"2.0","id":%d,"method":"ping"}`, i))
		}
		b.sendAll(messages...)
		var order []string
		for len(order) < len(messages) && !t.Failed() {
			for _, message := range b.receive() {
				order = append(order, idOf(t, message))
			}
		}
		if at := slices.Index(order, "call"); at < 0 || at > 100 {
			t.Errorf("the call is answered after %d of 500 pings", at)
		}
	})
}

// A call that takes long keeps neither the others from their answers nor the next messages
// from being read.
func TestBurstIsPassed(t *testing.T) {
	for _, what := range []string{"hold", "wait", "rest"} {
		t.Run(what, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				b := newBursty(t)
				defer close(b.release)
				for n := range 3 {
					b.warm()
					time.Sleep(time.Second) // so that nothing ticks
					started := time.Now()
					ids := b.send(slices.Insert(slices.Repeat([]string{"be quick"}, n+1), 1, what)...)
					var got [][]byte
					for len(got) < n+1 {
						got = append(got, b.receive()...)
					}
					b.answered(slices.Delete(slices.Clone(ids), 1, 2), got)
					b.sendAll(`{"jsonrpc":"2.0","id":"ping","method":"ping","params":{$META}}`)
					b.answered([]string{"ping"}, b.receive())
					if took := time.Since(started); took > 2*time.Millisecond {
						t.Errorf("it took %v to be passed", took)
					}
					if what == "hold" {
						b.release <- struct{}{}
					}
					b.answered(ids[1:2], b.receive())
				}
			})
		})
	}
}

// A tool is quick no more when a call of it hangs, before that ends: reading would wait for
// the next ones too.
func TestHangingCallsAreNoBurst(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		b := newBursty(t)
		defer close(b.release)
		b.send("hold")
		time.Sleep(2 * time.Millisecond)
		started := time.Now()
		b.send("hold")
		b.sendAll(`{"jsonrpc":"2.0","id":"ping","method":"ping","params":{$META}}`)
		b.answered([]string{"ping"}, b.receive())
		if took := time.Since(started); took > 0 {
			t.Errorf("a ping behind a second call that hangs took %v", took)
		}
	})
}

// A call that hangs keeps nothing of the others that came with it: their arguments may be long.
func TestBurstThatIsPassedKeepsNoMore(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var mu sync.Mutex
		arguments := map[string]weak.Pointer[byte]{}
		b := newBursty(t, func(o *executor.Options) {
			o.Before = append(o.Before, func(_ context.Context, x *executor.Execution) error {
				mu.Lock()
				defer mu.Unlock()
				arguments[string(x.Call.Arguments)] = weak.Make(&x.Call.Arguments[0])
				return nil
			})
		})
		defer close(b.release)
		b.send("a", "b", "hold", "c", "d")
		time.Sleep(10 * time.Millisecond)
		b.send("be quick")
		synctest.Wait()
		runtime.GC()
		runtime.GC()
		for _, what := range []string{"a", "b", "hold", "c", "d"} {
			kept := arguments[`{"what":"`+what+`"}`]
			if is, want := kept.Value() != nil, what == "hold"; is != want {
				t.Errorf("%s is kept: %v", what, is)
			}
		}
	})
}

// That a peer takes nothing says nothing about the tool.
func TestBurstThatCannotBeWrittenIsQuick(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		b := newBursty(t)
		listen := b.mute()
		ids := b.send("be quick")
		time.Sleep(10 * time.Millisecond) // it is passed
		listen()
		b.answered(ids, b.receive())
		if !b.engine.Job(t.Context(), &executor.Request{Tool: "do"}).Quick() {
			t.Error("the tool is not quick")
		}
	})
}

// While a tool is slow its calls are not run one after the other.
func TestSlowCallsAreNoBurst(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		b := newBursty(t)
		b.answered(b.send("rest"), b.receive())
		started := time.Now()
		ids := b.send(slices.Repeat([]string{"rest"}, 20)...)
		var got [][]byte
		for len(got) < len(ids) {
			got = append(got, b.receive()...)
		}
		b.answered(ids, got)
		if took := time.Since(started); took > 3*time.Millisecond {
			t.Errorf("20 calls of 3 ms took %v", took)
		}
	})
}

func TestBurstWhoseHandlerEndsTheGoroutine(t *testing.T) {
	for _, what := range []string{"exit", "panic"} {
		t.Run(what, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				b := newBursty(t)
				ids := b.send("be quick", what, "be quick", what, "be quick")
				var got [][]byte
				for len(got) < len(ids) {
					got = append(got, b.receive()...)
				}
				b.answered(ids, got)
				b.warm()
			})
		})
	}
}

// Serve returns when the stream has ended, though a handler of a burst hangs.
func TestBurstWhoseHandlerHangs(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		b := newBursty(t)
		defer close(b.release)
		ids := b.send("hold", "be quick")
		b.answered(ids[1:], b.receive())
		got := b.receive()
		b.answered(ids[:1], got)
		if !strings.Contains(string(got[0]), "timeout") {
			t.Errorf("it was answered %s", got[0])
		}
		b.in <- [][]byte{nil}
		if <-b.served; b.err != nil {
			t.Errorf("Serve: %v", b.err)
		}
	})
}

// A peer that does not take the answers of a burst is read all the same.
func TestBurstToAPeerThatTakesNothing(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		b := newBursty(t)
		listen := b.mute()
		var ids []string
		for range 5 {
			started := time.Now()
			ids = append(ids, b.send("be quick", "be quick")...)
			if took := time.Since(started); took > 2*time.Millisecond {
				t.Errorf("it was read after %v", took)
			}
		}
		synctest.Wait()
		listen()
		var got [][]byte
		for len(got) < len(ids) {
			got = append(got, b.receive()...)
		}
		b.answered(ids, got)
		b.answered(b.send("be quick"), b.receive())
	})
}

// What was gathered when the stream ends is run, and answered within the grace.
func TestBurstBeforeTheEnd(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		b := newBursty(t)
		b.in <- [][]byte{
			[]byte(expand(callMessage("a", "do", `{"what":"be quick"}`, ""))),
			[]byte(expand(callMessage("b", "do", `{"what":"rest"}`, ""))), nil,
		}
		<-b.served
		close(b.out)
		var got [][]byte
		for messages := range b.out {
			got = append(got, messages...)
		}
		if b.answered([]string{"a", "b"}, got); b.err != nil {
			t.Errorf("Serve: %v", b.err)
		}
	})
}

// A call is cancelled that stands in the same burst; it is not answered then.
func TestBurstWithACancellation(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		b := newBursty(t)
		b.sendAll(callMessage("a", "do", `{"what":"wait"}`, ""), callMessage("b", "do", `{"what":"be quick"}`, ""), cancelMessage("a"))
		b.answered([]string{"b"}, b.receive())
	})
}

// A panic of the stream is that of Serve, whatever goroutine reads.
func TestBurstAndAPanicOfTheStream(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		b := newBursty(t)
		b.in <- [][]byte{{}}
		if <-b.served; b.err == nil || !strings.Contains(b.err.Error(), "cannot read") {
			t.Errorf("Serve: %v", b.err)
		}
	})
}

// Whatever calls do, each is answered once, but for those that are cancelled.
func TestBurstsOfAllKinds(t *testing.T) {
	for seed := range uint64(24) {
		t.Run(fmt.Sprint(seed), func(t *testing.T) {
			t.Parallel()
			synctest.Test(t, func(t *testing.T) {
				b := newBursty(t, func(o *executor.Options) {
					if seed%2 > 0 {
						o.AbandonGrace = -1
					}
					if seed%3 > 0 {
						o.Concurrency = 2
					}
				})
				random := rand.New(rand.NewPCG(seed, 0))
				kinds := append(slices.Repeat([]string{"be quick"}, 100), "rest", "hold", "wait", "exit", "panic")
				answers := map[string]int{}
				var collected sync.WaitGroup
				over := make(chan struct{})
				collected.Go(func() {
					for {
						select {
						case messages := <-b.out:
							for _, message := range messages {
								answers[idOf(t, message)]++
							}
						case <-over:
							return
						}
					}
				})
				cancelled := map[string]bool{}
				var all []string
				for range 100 {
					var what []string
					for range 1 + random.IntN(40) {
						what = append(what, kinds[random.IntN(len(kinds))])
					}
					ids := b.send(what...)
					all = append(all, ids...)
					if random.IntN(4) == 0 {
						id := ids[random.IntN(len(ids))]
						cancelled[id] = true
						b.sendAll(cancelMessage(id))
					}
					time.Sleep(time.Duration(random.IntN(3)) * time.Millisecond)
				}
				time.Sleep(time.Minute)
				close(b.release)
				b.in <- [][]byte{nil}
				if <-b.served; b.err != nil && !errors.Is(b.err, io.EOF) {
					t.Errorf("Serve: %v", b.err)
				}
				synctest.Wait()
				close(over)
				collected.Wait()
				for _, id := range all {
					if n := answers[id]; n != 1 && (n != 0 || !cancelled[id]) {
						t.Errorf("call %s was answered %d times", id, n)
					}
				}
			})
		})
	}
}

// A connection has a goroutine of the engine's only while it is busy: not after a few calls,
// nor long after many.
func TestBurstGoesHome(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		b := newBursty(t)
		reads := func() int {
			synctest.Wait()
			all := make([]byte, 1<<20)
			return strings.Count(string(all[:runtime.Stack(all, true)]), "intake).resume")
		}
		for range 3 {
			time.Sleep(time.Second)
			for range 5 {
				b.answered(b.send("be quick"), b.receive())
			}
			if n := reads(); n != 0 {
				t.Errorf("after a few calls %d goroutines more than that of Serve", n)
			}
			for range 200 {
				b.answered(b.send("be quick"), b.receive())
			}
			if n := reads(); n != 1 {
				t.Errorf("after many calls %d goroutines more than that of Serve, want 1", n)
			}
			time.Sleep(time.Second)
			b.answered(b.send("be quick"), b.receive())
			if n := reads(); n != 0 {
				t.Errorf("after a rest %d goroutines more than that of Serve", n)
			}
		}
	})
}
