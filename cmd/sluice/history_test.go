package main

import (
	"context"
	"encoding/json"
	"log/slog"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/sluice-dev/sluice/cmd/sluice/internal/config"
	"github.com/sluice-dev/sluice/executor"
	"github.com/sluice-dev/sluice/executor/history"
	"github.com/sluice-dev/sluice/executor/history/sqlite"
)

// somePast is a history of four calls, an hour apart, the last one just now.
func somePast(t *testing.T) (db string) {
	t.Helper()
	db = filepath.Join(t.TempDir(), "sluice.db")
	store := sqlite.New(db, sqlite.Options{})
	for i, r := range []history.Record{
		{ID: "a", Tool: "sort", Caller: "ada", Outcome: history.OutcomeOK},
		{ID: "b", Tool: "wc", Caller: "bob", Outcome: history.OutcomeToolError},
		{ID: "c", Tool: "sort", Caller: "bob", Outcome: history.OutcomeFailed, Kind: executor.KindOverloaded, Reason: "the queue is full"},
		{ID: "d", Tool: "sort", Caller: "ada\x1b[31m", Outcome: history.OutcomeOK, Waits: history.Waits{Server: 50 * time.Millisecond}},
	} {
		r.Queued = time.Now().Add(time.Duration(i-3) * time.Hour)
		r.Finished = r.Queued.Add(1500 * time.Millisecond)
		if r.Kind == "" {
			r.Started = r.Queued.Add(50 * time.Millisecond)
		}
		store.Append(r, []byte(`{"path":"/srv/`+r.ID+`.txt","password":"canary"}`))
	}
	if err := store.Close(); err != nil {
		t.Fatal(err)
	}
	return db
}

// printedIDs are those of a command's JSON lines.
func printedIDs(t *testing.T, out string) string {
	t.Helper()
	var ids []string
	for line := range strings.Lines(out) {
		var call callLine
		if err := json.Unmarshal([]byte(line), &call); err != nil {
			t.Fatalf("%v in %s", err, line)
		}
		ids = append(ids, call.ID)
	}
	return strings.Join(ids, "")
}

func TestHistoryFilters(t *testing.T) {
	t.Parallel()
	db := somePast(t)
	for _, test := range []struct{ flags, want string }{
		{"", "dcba"}, {"--limit 2", "dc"}, {"--limit 0", "dcba"},
		{"--tool sort", "dca"}, {"--caller bob", "cb"}, {"--text B.TXT", "b"}, {"--text c", "cb"},
		{"--outcome ok", "da"}, {"--outcome tool_error", "b"}, {"--outcome failed", "c"}, {"--outcome overloaded", "c"}, {"--outcome timeout", ""},
		{"--since 90m", "dc"}, {"--until 90m", "ba"}, {"--since 150m --until 30m", "cb"},
		{"--since 2020-01-01", "dcba"}, {"--until 2020-01-01", ""},
	} {
		args := append([]string{"history", "--json", "--db", db}, strings.Fields(test.flags)...)
		code, out, errOut := runCommand(t, args...)
		if code != exitOK || printedIDs(t, out) != test.want || errOut != "" {
			t.Errorf("%s: got %d, %q, %s", test.flags, code, printedIDs(t, out), errOut)
		}
		if strings.Contains(out, "canary") {
			t.Errorf("%s: a secret is in %s", test.flags, out)
		}
	}
}

func TestHistoryTable(t *testing.T) {
	t.Parallel()
	code, out, errOut := runCommand(t, "history", "--db", somePast(t))
	lines := strings.Split(out, "\n")
	if code != exitOK || errOut != "" || len(lines) != 6 {
		t.Fatalf("got %d, %s and:\n%s", code, errOut, out)
	}
	for i, want := range [][]string{
		{"TIME", "TOOL", "CALLER", "OUTCOME", "WAIT", "RUN", "ARGUMENTS"},
		{time.Now().Format("01-02"), "sort", "ada␛[31m", " ok ", "50.0ms", "1.4s", `{"path":"/srv/d.txt","password":"***"}`},
		{"sort", "bob", "overloaded", "1.5s", " - ", "the queue is full"},
		{"wc", "tool error"},
	} {
		for _, text := range want {
			if !strings.Contains(lines[i], text) {
				t.Errorf("no %q in %s", text, lines[i])
			}
		}
	}
	if strings.Contains(out, "\x1b") || strings.Contains(out, "canary") {
		t.Errorf("got %q", out)
	}
}

func TestHistoryStats(t *testing.T) {
	t.Parallel()
	db := somePast(t)
	code, out, errOut := runCommand(t, "history", "stats", "--db", db)
	if code != exitOK || errOut != "" {
		t.Fatalf("got %d, %s", code, errOut)
	}
	for _, want := range []string{"4 calls from ", "WAIT P50", "sort\n", "wc\n", "(all)\n", "33.3%", "100.0%",
		"1 waited for a slot of the server, 50.0ms in all", "1 failed: overloaded, before it was started"} {
		if !strings.Contains(out, want) {
			t.Errorf("no %q in:\n%s", want, out)
		}
	}
	code, out, _ = runCommand(t, "history", "stats", "--json", "--db", db, "--tool", "sort")
	var r statsReport
	if err := json.Unmarshal([]byte(out), &r); err != nil || code != exitOK {
		t.Fatalf("got %d, %v in %s", code, err, out)
	}
	sort := r.Tools[0]
	if len(r.Tools) != 1 || sort.Calls != 3 || sort.OK != 2 || sort.Refused["overloaded"] != 1 ||
		sort.Waited["server"] != (waitedStats{1, 50}) || sort.Run.P50 != 1450 || r.Total.Calls != 3 {
		t.Errorf("got %+v", r)
	}
	if _, out, _ = runCommand(t, "history", "stats", "--db", db, "--tool", "none"); out != "no call\n" {
		t.Errorf("got %q", out)
	}
}

func TestHistoryUsage(t *testing.T) {
	t.Parallel()
	none := filepath.Join(t.TempDir(), "none.db")
	text := writeFile(t, strings.Repeat("no database ", 1000))
	off := writeFile(t, "engine: {history: off}")
	for _, test := range []struct {
		args []string
		code int
		want string
	}{
		{[]string{"--db", none}, exitFailure, "there is no history yet at " + none + "\nhint: a history is begun with the first call"},
		{[]string{"stats", "--db", none}, exitFailure, "there is no history yet"},
		{[]string{"--db", text}, exitFailure, "not a database"},
		{[]string{"--since", "soon"}, exitUsage, "--since: \"soon\" is no time\nhint: write 90m"},
		{[]string{"--until", "25:00"}, exitUsage, "--until: \"25:00\" is no time"},
		{[]string{"--limit", "-1"}, exitUsage, "--limit is negative"},
		{[]string{"--config", off}, exitUsage, "keeps no history"},
		{[]string{"stat"}, exitUsage, "unknown command"},
		{[]string{"--db", somePast(t), "--tool", "none"}, exitOK, "no call like that"},
	} {
		code, out, errOut := runCommand(t, append([]string{"history"}, test.args...)...)
		if code != test.code || out != "" || !strings.Contains(errOut, test.want) {
			t.Errorf("%q: got %d, %q and:\n%s", test.args, code, out, errOut)
		}
	}
	if _, err := os.Stat(none); err == nil {
		t.Error("a file was made by looking for it")
	}
}

// TestHistoryFollow follows the file of a config from before it is there.
func TestHistoryFollow(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	path := filepath.Join(dir, "sluice.yaml")
	if err := os.WriteFile(path, []byte("engine: {history: {path: x.db}}\ntools: [{name: version, command: [go, version]}]"), 0o600); err != nil {
		t.Fatal(err)
	}
	p := start(t, "history", "--follow", "--json", "--config", path)
	for range 2 {
		if code, _, errOut := runCommand(t, "call", "version", "--config", path); code != exitOK {
			t.Fatalf("%d: %s", code, errOut)
		}
		p.until(`"tool":"version"`)
	}
}

func TestMoments(t *testing.T) {
	t.Parallel()
	zone := time.FixedZone("", 3600)
	now := time.Date(2026, 7, 28, 14, 30, 0, 0, zone)
	at := func(year, month, day, hour, minute int) time.Time {
		return time.Date(year, time.Month(month), day, hour, minute, 0, 0, zone)
	}
	for text, want := range map[string]time.Time{
		"": {}, "90m": at(2026, 7, 28, 13, 0), "7d": at(2026, 7, 21, 14, 30), "1d12h": at(2026, 7, 27, 2, 30),
		"14:05": at(2026, 7, 28, 14, 5), "2026-07-01": at(2026, 7, 1, 0, 0), "2026-07-01 09:10": at(2026, 7, 1, 9, 10),
		"2026-07-01T09:10:00": at(2026, 7, 1, 9, 10), "2026-07-01T09:10:00Z": at(2026, 7, 1, 10, 10),
	} {
		if got, err := parseMoment(text, now); !got.Equal(want) || err != nil {
			t.Errorf("%s: got %v, %v, want %v", text, got, err, want)
		}
	}
}

func TestShortSpans(t *testing.T) {
	t.Parallel()
	for d, want := range map[time.Duration]string{
		-time.Second: "0µs", 0: "0µs", 999 * time.Microsecond: "999µs", 1234 * time.Microsecond: "1.2ms", 123456 * time.Microsecond: "123ms",
		1450 * time.Millisecond: "1.4s", 99 * time.Second: "99.0s", 100 * time.Second: "1m40s", 5 * time.Hour: "5h0m0s",
	} {
		if got := shortSpan(d); got != want {
			t.Errorf("%v: got %s, want %s", d, got, want)
		}
	}
}

// TestProbeLeavesNoHistory starts a server as clients do to see what it is.
func TestProbeLeavesNoHistory(t *testing.T) {
	home := t.TempDir()
	for _, name := range []string{"XDG_STATE_HOME", "HOME", "LocalAppData"} {
		t.Setenv(name, home)
	}
	p := start(t, "stdio")
	p.send(handshake...)
	p.until(`"id":"hello"`)
	p.stdin.Close()
	p.wantExit(exitOK)
	if found, _ := os.ReadDir(home); len(found) > 0 {
		t.Errorf("it left %v", found)
	}
	p = start(t, "stdio")
	p.send(handshake...)
	p.send(call(1, "echo", map[string]string{"text": "hi"}))
	p.until(`"id":1`)
	p.stdin.Close()
	p.wantExit(exitOK)
	code, out, errOut := runCommand(t, "history", "--json")
	if code != exitOK || strings.Count(out, `"tool":"echo"`) != 1 {
		t.Errorf("got %d, %s and:\n%s", code, errOut, out)
	}
}

// TestNoHomeIsSaidOnce serves where there is no place for a history.
func TestNoHomeIsSaidOnce(t *testing.T) {
	for _, name := range []string{"XDG_STATE_HOME", "HOME", "LocalAppData"} {
		t.Setenv(name, "")
	}
	log := newRecord()
	h, err := newHost(config.Starter(), slog.New(slog.NewTextHandler(log, nil)))
	if err != nil {
		t.Fatal(err)
	}
	for range 3 {
		if _, err := h.engine.Execute(t.Context(), &executor.Request{Tool: "echo", Arguments: json.RawMessage(`{"text":"hi"}`)}); err != nil {
			t.Error(err)
		}
	}
	h.await(context.Background(), slog.New(slog.DiscardHandler))
	if strings.Count(log.String(), "\n") != 1 || !strings.Contains(log.String(), "engine.history.path can name a file") {
		t.Errorf("the log says:\n%s", log)
	}
}
