package audit

import (
	"os"
	"regexp"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/go-json-experiment/json"

	"github.com/sluice-dev/sluice/executor/history"
)

// full is an entry in which everything is set.
func full(event Event) Entry {
	return Entry{
		Time: noon.Add(1234567 * time.Nanosecond), Event: event, Arguments: [32]byte{1}, Policy: "rate",
		RetryAfter: 1500 * time.Microsecond, Stack: "goroutine 1\n", lines: 7,
		Call: history.Record{
			ID: "c1", Tool: "t", Caller: "ada", Transport: "stdio", Priority: "normal",
			Queued: noon, Started: noon.Add(time.Second), Finished: noon.Add(2 * time.Second),
			Outcome: history.OutcomeFailed, Kind: "timeout", Reason: "too \"long\"\n", Cached: history.CacheMiss,
			BytesIn: 3, BytesOut: 4, CPU: time.Millisecond, PeakMemory: 5, Sandbox: "landlock", Abandoned: true,
		},
	}
}

var everyEvent = []Event{
	EventOpened, EventContinued, EventAllowed, EventRefused, EventStarted, EventFinished, EventPanicked, EventDropped, EventClosed,
}

// TestLines holds the text of each line.
func TestLines(t *testing.T) {
	t.Parallel()
	const start = `{"chain":"x","seq":0,"prev":"` + "0000000000000000000000000000000000000000000000000000000000000000" +
		`","time":"2026-07-28T12:00:00.001234Z","event":"`
	const request = `","call_id":"c1","tool":"t","caller":"ada","transport":"stdio","priority":"normal","bytes_in":3,"arguments_sha256":"01` +
		"00000000000000000000000000000000000000000000000000000000000000" + `"`
	for event, want := range map[Event]string{
		EventOpened:    `","format":1,"host":"h","pid":9,"version":"v1"`,
		EventContinued: `","format":1,"host":"h","pid":9,"version":"v1"`,
		EventAllowed:   request,
		EventRefused:   request + `,"policy":"rate","kind":"timeout","reason":"too \"long\"\n","retry_after_ms":1.5,"duration_ms":2000`,
		EventStarted:   `","call_id":"c1","tool":"t","caller":"ada","wait_ms":1000`,
		EventFinished: `","call_id":"c1","tool":"t","caller":"ada","outcome":"failed","kind":"timeout","reason":"too \"long\"\n","cached":"miss",` +
			`"wait_ms":1000,"duration_ms":2000,"bytes_out":4,"cpu_ms":1,"peak_memory_bytes":5,"sandbox":"landlock","abandoned":true`,
		EventPanicked: `","call_id":"c1","tool":"t","caller":"ada","stack":"goroutine 1\n"`,
		EventDropped:  `","lines":7`,
		EventClosed:   `"`,
	} {
		c, e := chain{id: "x"}, full(event)
		got := string(c.append(nil, &e, &process{"h", 9, "v1"}))
		if want = start + string(event) + want + `,"hash":"`; !strings.HasPrefix(got, want) || len(got) != len(want)+64+len("\"}\n") {
			t.Errorf("got  %s\nwant %s", got, want)
		}
	}
}

// TestLinesAreBounded checks that what strangers choose can neither break nor blow up
// a line.
func TestLinesAreBounded(t *testing.T) {
	t.Parallel()
	for _, event := range everyEvent {
		e := full(event)
		e.Call.Tool = strings.Repeat("\xff", 1<<20)
		e.Call.Caller = strings.Repeat("\u2028\n\"", 1<<20)
		e.Stack = strings.Repeat("\x01", 1<<20)
		c := newChain()
		text := c.append(nil, &e, &process{})
		if l, ok := parse(text[:len(text)-1]); !ok || l.changed || len(text) > maxLine/2 || strings.Count(string(text), "\n") != 1 {
			t.Errorf("%s: %d bytes: %.300s", event, len(text), text)
		}
	}
}

var row = regexp.MustCompile("(?m)^\\| `([a-z_0-9]+)` \\| ([a-z, ]+) \\|")

// TestDocumentedFields holds the page to the lines: each field of each event is in its
// table, in the same order, and nothing else.
func TestDocumentedFields(t *testing.T) {
	t.Parallel()
	page, err := os.ReadFile("../../docs/audit.md")
	if err != nil {
		t.Fatal(err)
	}
	documented := map[Event][]string{}
	for _, m := range row.FindAllStringSubmatch(string(page), -1) {
		for _, event := range strings.Split(m[2], ", ") {
			documented[Event(event)] = append(documented[Event(event)], m[1])
		}
	}
	for _, event := range everyEvent {
		e, c := full(event), chain{id: "x"}
		var members map[string]any
		text := c.append(nil, &e, &process{"h", 9, "v1"})
		if err := json.Unmarshal(text, &members); err != nil {
			t.Fatal(err)
		}
		names := slices.Collect(func(yield func(string) bool) {
			for name := range members {
				yield(name)
			}
		})
		slices.SortFunc(names, func(a, b string) int {
			return strings.Index(string(text), `"`+a+`":`) - strings.Index(string(text), `"`+b+`":`)
		})
		if want := slices.Concat(documented["every"], documented[event], []string{"hash"}); !slices.Equal(names, want) {
			t.Errorf("%s has %q, documented are %q", event, names, want)
		}
		delete(documented, event)
	}
	delete(documented, "every")
	delete(documented, "last")
	if len(documented) > 0 {
		t.Errorf("documented, but no event: %v", documented)
	}
}
