package main

import (
	"bytes"
	"os"
	"strings"
	"testing"
	"time"
)

func TestMain(m *testing.M) {
	if len(os.Args) > 2 && os.Args[1] == roleArg {
		os.Exit(play(os.Args[2], os.Args[3:]))
	}
	os.Exit(m.Run())
}

// TestSoak is a run of a few seconds, with all that a long one has.
func TestSoak(t *testing.T) {
	if testing.Short() {
		t.Skip("builds programs and loads the machine")
	}
	r, err := soak(t.Context(), options{length: 5 * time.Second, seed: 1, sluice: "../.."}, t.TempDir())
	if err != nil {
		t.Fatal(err)
	}
	if err := r.failed(); err != nil {
		t.Error(err)
	}
	t.Log("\n" + r.text())
}

// talk is a session that has sent calls with these tags and hears messages.
func talk(tags ...string) *session {
	s := &session{ledger: newLedger(), calls: map[int]*call{}}
	for _, tag := range tags {
		c := s.begin(true)
		c.tag = tag
	}
	return s
}

// TestSessionFindsFaults sees each fault of a server found, and nothing where there is
// none.
func TestSessionFindsFaults(t *testing.T) {
	t.Parallel()
	answer := func(id, tag string) string {
		return `{"jsonrpc":"2.0","id":` + id + `,"result":{"content":[{"type":"text","text":"` + tag + `"}]}}`
	}
	progress := func(token, value string) string {
		return `{"jsonrpc":"2.0","method":"notifications/progress","params":{"progressToken":` + token + `,"progress":` + value + `}}`
	}
	for name, c := range map[string]struct {
		messages []string
		fault    string
	}{
		"in order":              {[]string{progress("1", "1"), progress("1", "2"), answer("1", "tag-a."), answer("2", "tag-b.")}, ""},
		"another's answer":      {[]string{answer("1", "tag-b.")}, "mixed up"},
		"no tag":                {[]string{answer("1", "nothing")}, "mixed up"},
		"twice":                 {[]string{answer("1", "tag-a."), answer("1", "tag-a.")}, "mixed up"},
		"unasked":               {[]string{answer("7", "tag-a.")}, "mixed up"},
		"another's progress":    {[]string{progress("9", "1")}, "mixed up"},
		"progress after answer": {[]string{answer("1", "tag-a."), progress("1", "1")}, "late"},
		"progress that stands":  {[]string{progress("1", "2"), progress("1", "2")}, "late"},
		"no JSON":               {[]string{`{"id":1`}, "broken"},
	} {
		s := talk("tag-a.", "tag-b.")
		for _, m := range c.messages {
			s.hear([]byte(m))
		}
		if found := s.ledger.faults; total(found) != map[bool]int{true: 1}[c.fault != ""] || c.fault != "" && found[c.fault] == 0 {
			t.Errorf("%s: found %v, want %q", name, found, c.fault)
		}
	}
}

func TestSettle(t *testing.T) {
	t.Parallel()
	s := talk("tag-a.", "tag-b.", "tag-c.")
	s.hear([]byte(`{"id":1,"result":{"isError":true,"_meta":{"dev.sluice/error":{"kind":"timeout"}}}}`))
	s.hear([]byte(`{"id":2,"error":{"code":-32602,"message":"no"}}`))
	s.hear([]byte(`{"id":3,"result":{"content":[{"text":"tag-c."}]}}`))
	if got := list(s.ledger.failed); got != "code -32602 1, timeout 1" || s.ledger.served != 1 || total(s.ledger.faults) != 0 {
		t.Errorf("failed %s, served %d, faults %v", got, s.ledger.served, s.ledger.faults)
	}
}

// TestVerdict sees that what is left behind fails a run.
func TestVerdict(t *testing.T) {
	t.Parallel()
	whole := func() *report {
		r := &report{ledger: newLedger(), seen: []vitals{{}}, baseline: vitals{heap: 4 << 20, goroutines: 40, files: 20, processes: 3}, took: time.Second}
		r.end = r.baseline
		r.ledger.served = 1
		return r
	}
	if err := whole().failed(); err != nil {
		t.Error(err)
	}
	for want, spoil := range map[string]func(r *report){
		"Go heap":          func(r *report) { r.end.heap += 3 << 20 },
		"goroutines":       func(r *report) { r.end.goroutines++ },
		"open files":       func(r *report) { r.end.files++ },
		"processes":        func(r *report) { r.end.processes++ },
		"is not connected": func(r *report) { r.end.processes-- },
		"abandoned":        func(r *report) { r.end.abandoned++ },
		"in flight":        func(r *report) { r.end.inFlight++ },
		"WebSocket":        func(r *report) { r.end.sockets++ },
		"lost 1":           func(r *report) { r.ledger.fault("lost", "x") },
		"outlived":         func(r *report) { r.survivors = 1 },
		"nothing":          func(r *report) { r.ledger.served = 0 },
	} {
		r := whole()
		spoil(r)
		if err := r.failed(); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%s: %v", want, err)
		}
		if !strings.Contains(r.text(), "| **lost**") {
			t.Errorf("the report has no calls that were lost:\n%s", r.text())
		}
	}
}

// TestMill sees that a server of the run answers, in its way.
func TestMill(t *testing.T) {
	t.Parallel()
	var out, log bytes.Buffer
	in := strings.NewReader(`{"jsonrpc":"2.0","id":1,"method":"tools/call","params":{"name":"echo","arguments":{"tag":"hi"}}}
{"jsonrpc":"2.0","id":2,"method":"tools/call","params":{"name":"fault","arguments":{"tag":"hi","mode":"crash"}}}
{"jsonrpc":"2.0","id":3,"method":"ping"}
`)
	if code := mill(in, &out, &log); code != 3 || strings.Count(out.String(), "\n") != 1 || !strings.Contains(out.String(), `"text":"hi"`) {
		t.Errorf("%d: %s", code, &out)
	}
}
