package executor

import (
	"context"
	"encoding/binary"
	"encoding/json"
	"fmt"
	"strings"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"github.com/sluice-dev/sluice/executor/history"
	"github.com/sluice-dev/sluice/tools"
)

// counting is a tool that says which of its calls this is.
func counting(limits tools.Limits) *tools.Tool {
	var calls atomic.Int32
	return tool("t", func(context.Context, *tools.Call) (*tools.Result, error) {
		return tools.TextResult(fmt.Sprint(calls.Add(1))), nil
	}, limits)
}

// ask calls the tool t and returns the text of its result and what the cache did, as
// the result and the record agree on.
func ask(t *testing.T, e *Engine, caller, arguments string) string {
	t.Helper()
	result, err := e.Execute(t.Context(), &Request{Tool: "t", Caller: caller, Arguments: json.RawMessage(arguments)})
	if err != nil {
		t.Fatal(err)
	}
	list := records(e)
	how, _ := result.Meta[cacheMeta].(string)
	if recorded := string(list[len(list)-1].Cached); recorded != how {
		t.Errorf("the result says %q, the record %q", how, recorded)
	}
	return result.Content[0].(tools.Text).Text + " " + how
}

// TestCache checks which calls are answered from the cache.
func TestCache(t *testing.T) {
	t.Parallel()
	type call struct {
		after             time.Duration
		caller, arguments string
		want              string
	}
	for _, test := range []struct {
		name   string
		opts   Options
		limits tools.Limits
		calls  []call
	}{
		{"not declared", Options{}, tools.Limits{}, []call{{0, "", "", "1 "}, {0, "", "", "2 "}}},
		{"same arguments", Options{}, tools.Limits{Cache: &tools.Cache{}}, []call{
			{0, "ada", `{"a":1,"b":"c"}`, "1 miss"}, {0, "ada", `{"b":"\u0063", "a":1.0}`, "1 hit"}, {0, "ada", `{"a":2}`, "2 miss"}}},
		{"other caller", Options{}, tools.Limits{Cache: &tools.Cache{}}, []call{
			{0, "ada", ``, "1 miss"}, {0, "bob", ``, "2 miss"}, {0, "", ``, "3 miss"}, {0, "ada", ``, "1 hit"}}},
		{"shared", Options{}, tools.Limits{Cache: &tools.Cache{Shared: true}}, []call{
			{0, "ada", `null`, "1 miss"}, {0, "bob", `{}`, "1 hit"}}},
		{"large numbers", Options{}, tools.Limits{Cache: &tools.Cache{}}, []call{
			{0, "", `{"id":9007199254740993}`, "1 miss"}, {0, "", `{"id":9007199254740992}`, "2 miss"}}},
		{"default time", Options{}, tools.Limits{Cache: &tools.Cache{}}, []call{
			{0, "", ``, "1 miss"}, {time.Minute - 1, "", ``, "1 hit"}, {1, "", ``, "2 miss"}}},
		{"own time", Options{}, tools.Limits{Cache: &tools.Cache{TTL: time.Hour}}, []call{
			{0, "", ``, "1 miss"}, {time.Hour - 1, "", ``, "1 hit"}, {1, "", ``, "2 miss"}}},
		{"no time", Options{}, tools.Limits{Cache: &tools.Cache{TTL: -1}}, []call{{0, "", ``, "1 miss"}, {0, "", ``, "2 miss"}}},
		{"no entries", Options{CacheEntries: -1}, tools.Limits{Cache: &tools.Cache{}}, []call{{0, "", ``, "1 miss"}, {0, "", ``, "2 miss"}}},
		{"no bytes", Options{CacheBytes: -1}, tools.Limits{Cache: &tools.Cache{}}, []call{{0, "", ``, "1 miss"}, {0, "", ``, "2 miss"}}},
		{"two entries", Options{CacheEntries: 2}, tools.Limits{Cache: &tools.Cache{}}, []call{
			{0, "a", ``, "1 miss"}, {0, "b", ``, "2 miss"}, {0, "a", ``, "1 hit"}, {0, "c", ``, "3 miss"}, {0, "a", ``, "1 hit"}, {0, "b", ``, "4 miss"}}},
		{"bytes for two", Options{CacheBytes: 2 * (1 + entryOverhead + blockOverhead)}, tools.Limits{Cache: &tools.Cache{}}, []call{
			{0, "a", ``, "1 miss"}, {0, "b", ``, "2 miss"}, {0, "a", ``, "1 hit"}, {0, "c", ``, "3 miss"}, {0, "a", ``, "1 hit"}, {0, "b", ``, "4 miss"}}},
		{"bytes for less than one", Options{CacheBytes: entryOverhead}, tools.Limits{Cache: &tools.Cache{}}, []call{{0, "", ``, "1 miss"}, {0, "", ``, "2 miss"}}},
	} {
		t.Run(test.name, func(t *testing.T) {
			t.Parallel()
			synctest.Test(t, func(t *testing.T) {
				e := newEngine(t, test.opts, counting(test.limits))
				for i, c := range test.calls {
					time.Sleep(c.after)
					if got := ask(t, e, c.caller, c.arguments); got != c.want {
						t.Errorf("call %d: %s, want %s", i+1, got, c.want)
					}
				}
			})
		})
	}
}

// TestCacheKeepsOnlySuccess checks that no failure and nothing that is not whole is
// given to a later call.
func TestCacheKeepsOnlySuccess(t *testing.T) {
	t.Parallel()
	large := tools.TextResult(strings.Repeat("x", 101))
	for _, test := range []struct {
		name    string
		handler handlerFunc
		limits  tools.Limits
	}{
		{"error", func(context.Context, *tools.Call) (*tools.Result, error) { return nil, context.Canceled }, tools.Limits{}},
		{"tool's error", func(context.Context, *tools.Call) (*tools.Result, error) { return nil, tools.Errorf("no") }, tools.Limits{}},
		{"IsError", returning(tools.ErrorResult("no")), tools.Limits{}},
		{"panic", func(context.Context, *tools.Call) (*tools.Result, error) { panic("no") }, tools.Limits{}},
		{"too large", returning(large), tools.Limits{ResultBytes: 100}},
		{"cut", returning(large), tools.Limits{ResultBytes: 100, Truncate: true}},
	} {
		t.Run(test.name, func(t *testing.T) {
			t.Parallel()
			var calls atomic.Int32
			test.limits.Cache = &tools.Cache{}
			e := newEngine(t, Options{}, tool("t", func(ctx context.Context, call *tools.Call) (*tools.Result, error) {
				calls.Add(1)
				return test.handler(ctx, call)
			}, test.limits))
			for range 2 {
				_, _ = e.Execute(t.Context(), &Request{Tool: "t"})
			}
			if m := e.Metrics(); calls.Load() != 2 || m.CacheEntries != 0 || m.CacheBytes != 0 || m.Total.CacheMisses != 2 {
				t.Errorf("called %d times; %+v", calls.Load(), m)
			}
		})
	}
}

// TestCacheTooLarge checks that a result with no room in the cache drives out no other.
func TestCacheTooLarge(t *testing.T) {
	t.Parallel()
	e := newEngine(t, Options{CacheBytes: 2000}, tool("t", func(_ context.Context, call *tools.Call) (*tools.Result, error) {
		return tools.TextResult(string(call.Arguments)), nil
	}, tools.Limits{Cache: &tools.Cache{}}))
	large := fmt.Sprintf(`{"x":%q}`, strings.Repeat("x", 2000))
	for _, c := range []struct{ arguments, want string }{{`{}`, "{} miss"}, {large, large + " miss"}, {large, large + " miss"}, {`{}`, "{} hit"}} {
		if got := ask(t, e, "", c.arguments); got != c.want {
			t.Errorf("%.20s: %s", c.arguments, got)
		}
	}
}

// TestCacheOfRegisteredAnew checks that a tool never answers from the results of one
// that had its name, not even of a call that was in flight when it came.
func TestCacheOfRegisteredAnew(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		limits := tools.Limits{Cache: &tools.Cache{Shared: true}}
		release := make(chan struct{})
		e := newEngine(t, Options{}, tool("t", until(release), limits))
		old := start(e, t.Context(), "t")
		synctest.Wait()
		e.opts.Registry.Remove("t")
		if err := e.opts.Registry.Add(counting(limits)); err != nil {
			t.Fatal(err)
		}
		for _, want := range []string{"1 miss", "1 hit"} {
			if got := ask(t, e, "", ""); got != want {
				t.Errorf("%s, want %s", got, want)
			}
		}
		close(release)
		if err := <-old; err != nil {
			t.Error(err)
		}
		if got := ask(t, e, "", ""); got != "1 hit" {
			t.Errorf("after the old call: %s", got)
		}
	})
}

// TestCachedIsNobodysOwn checks that what a caller does to its result's lists does not
// reach others, nor the mark the handler's own result.
func TestCachedIsNobodysOwn(t *testing.T) {
	t.Parallel()
	own := tools.TextResult("hello")
	own.Meta = map[string]any{"example.com/n": 1}
	e := newEngine(t, Options{}, tool("t", returning(own), tools.Limits{Cache: &tools.Cache{}}))
	for i := range 3 {
		result, err := e.Execute(t.Context(), &Request{Tool: "t"})
		if err != nil || result.Content[0].(tools.Text).Text != "hello" || len(result.Meta) != 2 || result.Meta["example.com/n"] != 1 {
			t.Fatalf("call %d: %+v, %v", i, result, err)
		}
		result.Content[0] = tools.Text{Text: "changed"}
		clear(result.Meta)
	}
	if len(own.Meta) != 1 {
		t.Errorf("the handler's own result has %v", own.Meta)
	}
}

// TestCacheCounts checks the metrics and the record of a hit.
func TestCacheCounts(t *testing.T) {
	t.Parallel()
	e := newEngine(t, Options{}, counting(tools.Limits{Cache: &tools.Cache{}}))
	for range 3 {
		ask(t, e, "", "")
	}
	m := e.Metrics()
	if c := m.Tools["t"]; c.CacheHits != 2 || c.CacheMisses != 1 || c.Calls != 3 || c.Started != 1 || c.Refused != 0 || m.CacheEntries != 1 || m.CacheBytes == 0 {
		t.Errorf("%+v", m)
	}
	hit := records(e)[2]
	if !hit.Started.IsZero() || hit.Outcome != history.OutcomeOK || hit.BytesOut != 1 {
		t.Errorf("a hit is recorded as %+v", hit)
	}
}

// TestCacheDefaults checks how much is kept where nothing is said.
func TestCacheDefaults(t *testing.T) {
	t.Parallel()
	opts := Options{}.withDefaults()
	c := newCache(opts.CacheEntries, opts.CacheBytes, &room{}, opts.Logger)
	entry := &tools.Entry{Tool: &tools.Tool{Limits: tools.Limits{Cache: &tools.Cache{}}}}
	store := func(n int, result *tools.Result) {
		key := cacheKey{entry: entry}
		binary.LittleEndian.PutUint64(key.sum[:], uint64(n))
		c.store(key, result)
	}
	for n := range 10_001 {
		store(n, tools.TextResult(""))
	}
	if entries, _, _ := c.state(); entries != 10_000 {
		t.Errorf("%d small results are kept", entries)
	}
	large := tools.TextResult(strings.Repeat("x", 1<<20-entryOverhead-blockOverhead))
	for n := range 33 {
		store(n, large)
	}
	if entries, bytes, _ := c.state(); entries != 32 || bytes != 32<<20 {
		t.Errorf("%d large results are kept, of %d bytes", entries, bytes)
	}
}

// BenchmarkCache is a call that is answered from the cache, among 64 goroutines too.
func BenchmarkCache(b *testing.B) {
	e := newEngine(b, Options{History: history.NewMemory(0)}, counting(tools.Limits{Cache: &tools.Cache{TTL: time.Hour}}))
	req := &Request{Tool: "t", Arguments: json.RawMessage(`{"id":12345}`)}
	call := func() {
		if _, err := e.Execute(context.Background(), req); err != nil {
			b.Error(err)
		}
	}
	b.Run("alone", func(b *testing.B) {
		b.ReportAllocs()
		for b.Loop() {
			call()
		}
	})
	b.Run("parallel", func(b *testing.B) {
		b.ReportAllocs()
		b.SetParallelism(32)
		b.RunParallel(func(pb *testing.PB) {
			for pb.Next() {
				call()
			}
		})
	})
}
