package bridge

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/sluice-dev/sluice/tools/upstream"
)

// An end is one side of a stream in memory.
type end struct {
	in, out chan string
	closed  chan struct{} // by either side
}

func pair() (here, there *end) {
	a, b, closed := make(chan string), make(chan string), make(chan struct{})
	return &end{a, b, closed}, &end{b, a, closed}
}

func (e *end) Read(ctx context.Context) ([]byte, error) {
	select {
	case text := <-e.in:
		return []byte(text), nil
	case <-e.closed:
		return nil, io.EOF
	case <-ctx.Done():
		return nil, context.Cause(ctx)
	}
}

func (e *end) Write(ctx context.Context, text []byte) error {
	select {
	case e.out <- string(text):
		return nil
	case <-e.closed:
		return io.ErrClosedPipe
	case <-ctx.Done():
		return context.Cause(ctx)
	}
}

func (e *end) Close(int, string) error {
	select {
	case <-e.closed:
	default:
		close(e.closed)
	}
	return nil
}

// A scene is a bridge with both its ends in the hands of a test.
type scene struct {
	*testing.T
	client *end
	dials  chan chan any // each dial waits for what it gets: an error, or the stream
	done   chan error
	stop   context.CancelFunc
}

var errRefused = errors.New("refused for good")

func play(t *testing.T, test func(*scene)) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		client, ours := pair()
		asked, stop := context.WithCancel(t.Context())
		s := &scene{t, client, make(chan chan any), make(chan error, 1), stop}
		go func() {
			s.done <- Run(asked, t.Context(), ours, Options{
				Dial: func(ctx context.Context) (upstream.Stream, error) {
					got := make(chan any)
					select {
					case s.dials <- got:
					case <-ctx.Done():
						return nil, ctx.Err()
					}
					switch got := (<-got).(type) {
					case error:
						return nil, got
					case *end:
						return got, nil
					}
					return nil, nil
				},
				Final:    func(err error) bool { return errors.Is(err, errRefused) },
				Patience: 30 * time.Second, Grace: 5 * time.Second, Logger: slog.New(slog.DiscardHandler),
			})
		}()
		test(s)
		stop()
		time.Sleep(time.Minute) // it ends whatever the client does
	})
}

// accept takes the next attempt to connect.
func (s *scene) accept() *end {
	server, theirs := pair()
	<-s.dials <- theirs
	return server
}

func (s *scene) send(e *end, text string) {
	s.Helper()
	if err := e.Write(s.Context(), []byte(text)); err != nil {
		s.Fatalf("%s: %v", text, err)
	}
}

func (s *scene) want(e *end, want string) {
	s.Helper()
	got, err := e.Read(s.Context())
	if err != nil || !strings.Contains(string(got), want) || !json.Valid(got) {
		s.Errorf("got %s, %v, want %s", got, err, want)
	}
}

// shake opens a connection and has a legacy client greet over it.
func (s *scene) shake() *end {
	server := s.accept()
	for _, text := range []string{
		`{"jsonrpc":"2.0","id":0,"method":"initialize","params":{"protocolVersion":"2025-06-18"}}`,
		`{"jsonrpc":"2.0","method":"notifications/initialized"}`,
	} {
		s.send(s.client, text)
		s.want(server, text)
	}
	answer := `{"jsonrpc":"2.0","id":0,"result":{"protocolVersion":"2025-06-18"}}`
	s.send(server, answer)
	s.want(s.client, answer)
	return server
}

const call = `{"jsonrpc":"2.0","id":"a-1","method":"tools/call","params":{"name":"x","_meta":{"progressToken":1.0}}}`

// Messages pass as they are, both ways, in order.
func TestMessagesPassAsTheyAre(t *testing.T) {
	play(t, func(s *scene) {
		server := s.shake()
		for _, text := range []string{
			call, `{"id":1.0,"method":"ping" , "extra":"\u0061"}`, `[{"id":7,"method":"ping"},{"method":"n"}]`,
			`{"jsonrpc":"2.0","method":"notifications/cancelled","params":{"requestId":"a-1"}}`, `no JSON`, `{"id":9,"result":{}}`,
		} {
			s.send(s.client, text)
			if got, err := server.Read(s.Context()); string(got) != text {
				s.Errorf("%s arrived as %s, %v", text, got, err)
			}
			s.send(server, text)
			if got, err := s.client.Read(s.Context()); string(got) != text {
				s.Errorf("%s came back as %s, %v", text, got, err)
			}
		}
	})
}

// What is lost with a connection is answered, once, and the client goes on over the next.
func TestLostConnection(t *testing.T) {
	play(t, func(s *scene) {
		server := s.shake()
		for _, text := range []string{
			call,
			`{"jsonrpc":"2.0","id":2,"method":"tools/list"}`,
			`{"jsonrpc":"2.0","id":3,"method":"tools/call","params":{"name":"x","_meta":{"io.modelcontextprotocol/protocolVersion":"2026-07-28"}}}`,
			`{"jsonrpc":"2.0","id":4,"method":"tools/call","params":{}}`,
			`{"jsonrpc":"2.0","method":"notifications/cancelled","params":{"requestId":4}}`,
			`{"jsonrpc":"2.0","id":5,"method":"logging/setLevel","params":{"level":"error"}}`,
		} {
			s.send(s.client, text)
			s.want(server, text)
		}
		s.send(server, `{"jsonrpc":"2.0","id":5,"result":{}}`)
		s.want(s.client, `"id":5`)
		server.Close(1001, "")
		s.want(s.client, `{"jsonrpc":"2.0","id":"a-1","result":{"content":[{"type":"text","text":"The connection to the server was lost`)
		s.want(s.client, `{"jsonrpc":"2.0","id":2,"error":{"code":-31001,"message":"The connection`)
		s.want(s.client, `{"jsonrpc":"2.0","id":3,"result":{"resultType":"complete","content":`)
		synctest.Wait()
		s.send(s.client, `{"jsonrpc":"2.0","id":6,"method":"ping"}`) // nobody waits
		s.want(s.client, `"id":6,"error":{"code":-31001,"message":"The server was not reached: EOF.`)
		(<-s.dials) <- errors.New("no route")
		synctest.Wait()
		s.send(s.client, `{"jsonrpc":"2.0","id":7,"method":"ping"}`)
		s.want(s.client, `no route`)

		server = s.accept()
		s.want(server, `{"jsonrpc":"2.0","id":"sluice-connect-initialize","method":"initialize","params":{"protocolVersion":"2025-06-18"}}`)
		s.send(server, `{"jsonrpc":"2.0","id":"sluice-connect-initialize","result":{"protocolVersion":"2025-06-18"}}`)
		s.want(server, `notifications/initialized`)
		s.want(server, `{"jsonrpc":"2.0","id":"sluice-connect-logging/setLevel","method":"logging/setLevel","params":{"level":"error"}}`)
		s.want(s.client, `notifications/tools/list_changed`)
		s.send(server, `{"jsonrpc":"2.0","id":"sluice-connect-logging/setLevel","result":{}}`) // not for the client
		s.send(s.client, call)
		s.want(server, call)
		s.send(server, `{"jsonrpc":"2.0","id":"a-1","result":{}}`)
		s.want(s.client, `"a-1"`)
	})
}

// Those who have lost a server at one moment do not come back to it at one moment.
func TestClientsComeBackApart(t *testing.T) {
	var waits [2][]time.Duration
	t.Run("both", func(t *testing.T) {
		for i := range waits {
			t.Run("", func(t *testing.T) {
				play(t, func(s *scene) {
					s.shake().Close(1001, "")
					for range 10 {
						lost := time.Now()
						attempt := <-s.dials
						waits[i] = append(waits[i], time.Since(lost))
						attempt <- errors.New("no route")
					}
				})
			})
		}
	})
	for n, one := range waits[0] {
		if other := waits[1][n]; one == other || max(one, other) > min(30*time.Second, time.Second<<n/2) {
			t.Errorf("attempt %d came after %v of one and %v of the other", n, one, other)
		}
	}
}

// A server that comes back with another revision is none that the client could speak to.
func TestServerThatSpeaksAnotherRevisionNow(t *testing.T) {
	play(t, func(s *scene) {
		s.shake().Close(1001, "")
		for range 2 {
			server := s.accept()
			s.want(server, `initialize`)
			s.send(server, `{"jsonrpc":"2.0","id":"sluice-connect-initialize","result":{"protocolVersion":"2024-11-05"}}`)
			if _, err := server.Read(s.Context()); err == nil {
				s.Error("the connection goes on")
			}
		}
		synctest.Wait()
		s.send(s.client, call)
		s.want(s.client, `spoke revision 2025-06-18 and now speaks`)
	})
}

// The first connection is tried for a while, and the client told that there is none.
func TestNeverConnected(t *testing.T) {
	for name, test := range map[string]struct {
		err         error
		least, most time.Duration
	}{
		"unreachable": {errors.New("no route"), 30 * time.Second, 30 * time.Second},
		"refused":     {errRefused, 0, 0},
	} {
		t.Run(name, func(t *testing.T) {
			play(t, func(s *scene) {
				begun := time.Now()
				go func() {
					_ = s.client.Write(s.Context(), []byte(`{"jsonrpc":"2.0","id":0,"method":"initialize","params":{}}`))
				}()
				ended := make(chan error)
				go func() {
					for {
						select {
						case dial := <-s.dials:
							synctest.Wait()
							dial <- test.err
						case err := <-s.done:
							ended <- err
							return
						}
					}
				}()
				s.want(s.client, `"id":0,"error":{"code":-31001,"message":"The server was not reached: `+test.err.Error()+`"`)
				if took := time.Since(begun); took < test.least || took > test.most {
					s.Errorf("it took %v", took)
				}
				if err := <-ended; !errors.Is(err, test.err) {
					s.Errorf("error %v", err)
				}
			})
		})
	}
}

// When the client leaves, what runs may go on for a while; what does not end is cut.
func TestEnd(t *testing.T) {
	for name, answer := range map[string]bool{"in time": true, "too late": false} {
		t.Run(name, func(t *testing.T) {
			play(t, func(s *scene) {
				server := s.shake()
				s.send(s.client, call)
				s.want(server, call)
				left := time.Now()
				s.stop()
				synctest.Wait()
				if answer {
					time.Sleep(time.Second)
					s.send(server, `{"jsonrpc":"2.0","id":"a-1","result":{}}`)
					s.want(s.client, `"a-1","result":{}`)
				} else {
					s.want(s.client, `"isError":true`)
				}
				if err := <-s.done; err != nil {
					s.Error(err)
				}
				if _, err := server.Read(s.Context()); err == nil {
					s.Error("the server is still connected")
				}
				if took := time.Since(left); (took == time.Second) != answer || took > 5*time.Second {
					s.Errorf("it took %v", took)
				}
			})
		})
	}
}

// A full is a client whose output takes nothing.
type full struct{ *end }

var errFull = errors.New("no space left on device")

func (full) Write(context.Context, []byte) error { return errFull }

func TestAnswersThatCannotBeWritten(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		client, ours := pair()
		server, theirs := pair()
		done := make(chan error, 1)
		go func() {
			done <- Run(t.Context(), t.Context(), full{ours}, Options{
				Dial:  func(context.Context) (upstream.Stream, error) { return theirs, nil },
				Final: func(error) bool { return true }, Patience: time.Minute, Grace: time.Minute,
				Logger: slog.New(slog.DiscardHandler),
			})
		}()
		for id := range 2 { // the second is never answered
			client.out <- fmt.Sprintf(`{"jsonrpc":"2.0","id":%d,"method":"ping"}`, id)
			<-server.in
		}
		start := time.Now()
		server.out <- `{"jsonrpc":"2.0","id":0,"result":{}}`
		err := <-done
		if _, ok := errors.AsType[*ClientError](err); !ok || !errors.Is(err, errFull) {
			t.Errorf("Run: %v", err)
		}
		if took := time.Since(start); took > time.Second {
			t.Errorf("it went on for %v", took)
		}
	})
}
