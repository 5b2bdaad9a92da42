package transport_test

import (
	"flag"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
)

var update = flag.Bool("update", false, "write what the server answers into the golden transcripts")

const transcripts = "../testdata/transcripts"

// TestTranscripts plays each golden transcript over every transport. Lines that
// begin with ">" are sent, lines that begin with "<" are what must come back, in
// this order; "@" names the revision that what follows is of.
func TestTranscripts(t *testing.T) {
	files, err := filepath.Glob(transcripts + "/*.txt")
	if err != nil || len(files) == 0 {
		t.Fatalf("no transcripts: %v", err)
	}
	for _, file := range files {
		name := strings.TrimSuffix(filepath.Base(file), ".txt")
		t.Run(name, func(t *testing.T) {
			if *update {
				play(t, file, memoryLink(t, newFixture(t).server))
				return
			}
			overAll(t, func(t *testing.T, f *fixture, l *link) { play(t, file, l) })
		})
	}
}

func play(t *testing.T, file string, l *link) {
	text, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	lines := strings.Split(string(text), "\n")
	for i, line := range lines {
		switch {
		case strings.HasPrefix(line, "> "):
			l.send(line[2:])
		case strings.HasPrefix(line, "<"):
			got := "< " + settled(l.recv())
			if got != line && !*update {
				t.Fatalf("%s:%d:\ngot  %s\nwant %s", filepath.Base(file), i+1, got, line)
			}
			lines[i] = got
		}
	}
	// Nothing may follow what the transcript ends with.
	l.send(`{"jsonrpc":"2.0","id":"fence","method":"ping"}`)
	l.want(`"id":"fence"`)
	if *update {
		if err := os.WriteFile(file, []byte(strings.Join(lines, "\n")), 0o644); err != nil {
			t.Fatal(err)
		}
	}
}

var uuid = regexp.MustCompile(`[0-9a-f]{8}-[0-9a-f]{4}-7[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}`)

// settled replaces what differs from run to run.
func settled(message string) string { return uuid.ReplaceAllString(message, "<id>") }
