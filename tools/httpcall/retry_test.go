package httpcall

import (
	"context"
	"errors"
	"io"
	"net/http"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/sluice-dev/sluice/tools"
)

// failing is a handler that fails a number of times first, and counts.
func failing(times int, status int, head http.Header, calls *int) http.HandlerFunc {
	return func(w http.ResponseWriter, r *http.Request) {
		if *calls++; *calls > times {
			_, _ = io.Copy(w, r.Body)
			return
		}
		for name, values := range head {
			w.Header()[name] = values
		}
		if status == 0 {
			panic(http.ErrAbortHandler) // closes the connection
		}
		w.WriteHeader(status)
	}
}

func hint(b bool) *tools.ToolAnnotations { return &tools.ToolAnnotations{IdempotentHint: &b} }

func TestRetries(t *testing.T) {
	t.Parallel()
	yes := true
	readOnly := &tools.ToolAnnotations{ReadOnlyHint: &yes}
	for _, c := range []struct {
		name          string
		spec          Spec
		times, status int
		calls         int
		want          string
	}{
		{"GET", Spec{}, 2, 503, 3, "The server answered 200 OK"},
		{"GET too often", Spec{}, 3, 503, 3, "answered 503 Service Unavailable"},
		{"no answer", Spec{}, 2, 0, 3, "The server answered 200 OK"},
		{"no answer to the end", Spec{}, 9, 0, 3, "closed the connection without an answer"},
		{"429", Spec{}, 1, 429, 2, "The server answered 200 OK"},
		{"502", Spec{}, 1, 502, 2, "The server answered 200 OK"},
		{"504", Spec{}, 1, 504, 2, "The server answered 200 OK"},
		{"500", Spec{}, 1, 500, 1, "answered 500"},
		{"404", Spec{}, 1, 404, 1, "answered 404"},
		{"PUT", Spec{Method: "PUT", Body: "{a}"}, 1, 503, 2, "body"},
		{"DELETE", Spec{Method: "DELETE"}, 1, 503, 2, "The server answered 200 OK"},
		{"POST", Spec{Body: "{a}"}, 1, 503, 1, "answered 503"},
		{"POST without an answer", Spec{Body: "{a}"}, 1, 0, 1, "closed the connection"},
		{"PATCH", Spec{Method: "PATCH", Body: "{a}"}, 1, 503, 1, "answered 503"},
		{"POST of a tool that is idempotent", Spec{Body: "{a}", Definition: tools.Definition{Annotations: hint(true)}}, 2, 503, 3, "body"},
		{"POST of a tool that only reads", Spec{Body: "{a}", Definition: tools.Definition{Annotations: readOnly}}, 2, 503, 3, "body"},
		{"GET of a tool that is not", Spec{Definition: tools.Definition{Annotations: hint(false)}}, 1, 503, 1, "answered 503"},
		{"switched off", Spec{Retries: -1}, 1, 503, 1, "answered 503"},
		{"once", Spec{Retries: 1}, 2, 503, 2, "answered 503"},
		{"four times", Spec{Retries: 4}, 4, 503, 5, "The server answered 200 OK"},
	} {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			synctest.Test(t, func(t *testing.T) {
				calls := 0
				c.spec.URL = "http://a.example/"
				e := newTestEndpoint(t, c.spec)
				connect(t, e, failing(c.times, c.status, nil, &calls))
				result, err := e.callWith(t.Context(), `{"a": "body"}`)
				if got := outcome(result, err); !strings.Contains(got, c.want) || calls != c.calls {
					t.Errorf("got %q after %d requests, want %q after %d", got, calls, c.want, c.calls)
				}
			})
		})
	}
}

// TestNoRetryOfABody holds that what began to come is not asked for again.
func TestNoRetryOfABody(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		calls := 0
		e := newTestEndpoint(t, Spec{URL: "http://a.example/"})
		connect(t, e, func(w http.ResponseWriter, r *http.Request) {
			calls++
			w.Header().Set("Content-Length", "10")
			_, _ = io.WriteString(w, "12345")
			_ = http.NewResponseController(w).Flush()
			panic(http.ErrAbortHandler)
		})
		result, err := e.callWith(t.Context(), "{}")
		if got := outcome(result, err); !strings.Contains(got, "before the end of its answer") || calls != 1 {
			t.Errorf("got %q after %d requests", got, calls)
		}
	})
}

// TestRetryAfter holds that a server is left alone for as long as it asks, and that a
// call which has not that long says so.
func TestRetryAfter(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		name, header string
		deadline     time.Duration
		status       int
		calls        int
		atLeast      time.Duration
		want         string
	}{
		{"seconds", "3", 0, 429, 2, 3 * time.Second, "200 OK"},
		{"date", "date", 0, 503, 2, 4 * time.Second, "200 OK"},
		{"past", "Mon, 01 Jan 1990 00:00:00 GMT", 0, 503, 2, 0, "200 OK"},
		{"nonsense", "soon", 0, 503, 2, 0, "200 OK"},
		{"long", "120", 0, 503, 1, 0, "It asks to try again in 2m0s, and not before."},
		{"long of 429", "120", 0, 429, 1, 0, "It asks to try again in 2m0s, and not before."},
		{"longer than the call may take", "3", 2 * time.Second, 503, 1, 0, "It asks to try again in 3s"},
		{"huge", "4294967295", 0, 503, 1, 0, "It asks to try again in 8760h0m0s"},
	} {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			synctest.Test(t, func(t *testing.T) {
				ctx, calls, header := t.Context(), 0, c.header
				if c.deadline > 0 {
					var cancel context.CancelFunc
					ctx, cancel = context.WithTimeout(ctx, c.deadline)
					defer cancel()
				}
				if header == "date" {
					header = time.Now().Add(5 * time.Second).UTC().Format(http.TimeFormat)
				}
				e := newTestEndpoint(t, Spec{URL: "http://a.example/"})
				connect(t, e, failing(1, c.status, http.Header{"Retry-After": {header}}, &calls))
				start := time.Now()
				result, err := e.callWith(ctx, "{}")
				took := time.Since(start)
				if got := outcome(result, err); !strings.Contains(got, c.want) || calls != c.calls {
					t.Errorf("got %q after %d requests, want %q after %d", got, calls, c.want, c.calls)
				}
				if took < c.atLeast || took > c.atLeast+2*time.Second {
					t.Errorf("it took %v, want %v", took, c.atLeast)
				}
			})
		})
	}
}

// TestBackoff holds that the waits are random and grow.
func TestBackoff(t *testing.T) {
	t.Parallel()
	e := newTestEndpoint(t, Spec{URL: "http://a.example/", Retries: 9})
	for retries := range 5 {
		seen, most := map[time.Duration]bool{}, time.Duration(0)
		for range 200 {
			e.budget = budget{}
			wait, ok := e.again(t.Context(), retries, &answer{status: 503}, nil)
			if !ok {
				t.Fatal("no retry")
			}
			seen[wait] = true
			most = max(most, wait)
		}
		bound := backoff << retries
		if len(seen) < 150 || most > bound || most < bound/2 {
			t.Errorf("after %d retries: %d waits, at most %v of %v", retries, len(seen), most, bound)
		}
	}
}

// TestBudget holds that a server which is down is sent a tenth more than it is asked
// for, and not three times as much.
func TestBudget(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		requests := 0
		e := newTestEndpoint(t, Spec{URL: "http://a.example/"})
		connect(t, e, failing(1<<30, 503, nil, &requests))
		const calls = 1000
		for range calls {
			if _, err := e.callWith(t.Context(), "{}"); !errors.Is(err, tools.ErrUnreachable) {
				t.Fatal(err)
			}
		}
		if retries := requests - calls; retries < calls/share || retries > calls/share+reserve {
			t.Errorf("%d retries of %d calls", retries, calls)
		}
	})
}

// TestCancelWhileWaiting holds that a call which is over does not wait for its retry.
func TestCancelWhileWaiting(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		cause, calls := errors.New("over"), 0
		ctx, cancel := context.WithCancelCause(t.Context())
		e := newTestEndpoint(t, Spec{URL: "http://a.example/"})
		connect(t, e, failing(1, 503, http.Header{"Retry-After": {"5"}}, &calls))
		time.AfterFunc(time.Second, func() { cancel(cause) })
		start := time.Now()
		_, err := e.callWith(ctx, "{}")
		if took := time.Since(start); !errors.Is(err, cause) || took != time.Second || calls != 1 {
			t.Errorf("got %v after %v and %d requests", err, took, calls)
		}
	})
}

// TestSlowDrip holds that bytes which come one by one are no sign of life.
func TestSlowDrip(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		ctx, cancel := context.WithTimeout(t.Context(), time.Minute)
		defer cancel()
		var seen reports
		e := newTestEndpoint(t, Spec{URL: "http://a.example/"})
		connect(t, e, func(w http.ResponseWriter, r *http.Request) {
			for r.Context().Err() == nil {
				_, _ = io.WriteString(w, "x")
				_ = http.NewResponseController(w).Flush()
				select {
				case <-time.After(time.Second):
				case <-r.Context().Done():
				}
			}
		})
		start := time.Now()
		_, err := e.callWith(reporting(ctx, &seen), "{}")
		if took := time.Since(start); !errors.Is(err, context.DeadlineExceeded) || took != time.Minute || len(seen) != 0 {
			t.Errorf("got %v after %v with %d reports", err, took, len(seen))
		}
	})
}
