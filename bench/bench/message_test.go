package main

import (
	"bufio"
	"encoding/json"
	"strings"
	"testing"
)

func TestAppendCall(t *testing.T) {
	t.Parallel()
	for _, what := range []load{echo(64), countdown(100, 0)} {
		message := what.append(nil, 42)
		var call struct {
			ID     int
			Method string
			Params struct {
				Name      string
				Arguments map[string]any
				Meta      map[string]any `json:"_meta"`
			}
		}
		if err := json.Unmarshal(message, &call); err != nil {
			t.Fatalf("%s: %v", message, err)
		}
		if call.ID != 42 || call.Method != "tools/call" || call.Params.Name != what.tool || len(call.Params.Arguments) == 0 {
			t.Errorf("the call is %+v", call)
		}
		if _, asked := call.Params.Meta["progressToken"]; asked != what.progress {
			t.Errorf("a progress token is %v, want %v", asked, what.progress)
		}
		if message[len(message)-1] != '\n' {
			t.Error("the message is no line")
		}
	}
}

func TestCheck(t *testing.T) {
	t.Parallel()
	what := say("hello")
	for message, want := range map[string]string{
		`{"jsonrpc":"2.0","id":7,"result":{"content":[{"type":"text","text":"hello"}]}}`: "",
		`{"id": 7,"result":{"text":"hello"}}`:                                            "",
		`{"result":{"text":"hello"},"id":7}`:                                             "",
		`{"id":7,"result":{"text":"hello you"}}`:                                         "not the answer",
		`{"id":7,"error":{"code":-32603}}`:                                               "not the answer",
		`{"id":"7","result":{"text":"hello"}}`:                                           "not sent",
		`{"error":"hello"}`:                                                              "not an answer",
		``:                                                                               "not an answer",
	} {
		id, err := what.check([]byte(message))
		switch {
		case want == "" && (err != nil || id != 7):
			t.Errorf("%s: %d, %v", message, id, err)
		case want != "" && (err == nil || !strings.Contains(err.Error(), want)):
			t.Errorf("%s: %v, want %q", message, err, want)
		}
	}
}

func TestHolds(t *testing.T) {
	t.Parallel()
	long := strings.Repeat("0123456789abcdef", 4)
	for _, c := range []struct {
		message, part string
		want          bool
	}{
		{"abc", "b", true}, {"abc", "d", false}, {"", "a", false}, {"abc", "", true}, {"ab", "abc", false},
		{"x" + long + "y", long, true},
		{long[:63] + "x " + long, long, true}, // the first has the same beginning
		{long[16:] + long, long + "x", false},
		{long + long[:40], long + long, false},
	} {
		if got := holds([]byte(c.message), []byte(c.part)); got != c.want {
			t.Errorf("%q in %q: %v", c.part, c.message, got)
		}
	}
}

func TestIsNotification(t *testing.T) {
	t.Parallel()
	if !isNotification([]byte(`{"jsonrpc":"2.0","method":"notifications/progress","params":{}}`)) {
		t.Error("progress is not seen")
	}
	answer := `{"jsonrpc":"2.0","id":1,"result":{"content":[{"type":"text","text":"x"}]},"said":"\"method\":\"notifications/"}`
	if isNotification([]byte(answer)) || isNotification([]byte(`{`)) {
		t.Error("an answer is taken for progress")
	}
}

func TestAwait(t *testing.T) {
	t.Parallel()
	link := func(text string) *lines { return &lines{out: bufio.NewReader(strings.NewReader(text))} }
	const progress = `{"jsonrpc":"2.0","method":"notifications/progress"}` + "\n"
	if got, err := await(link(progress+progress+`{"id":3}`+"\n"), 3); err != nil || string(got) != `{"id":3}`+"\n" {
		t.Errorf("got %q, %v", got, err)
	}
	if _, err := await(link(`{"id":4}`+"\n"), 3); err == nil {
		t.Error("another call's answer was taken")
	}
	if _, err := await(link(progress), 3); err == nil {
		t.Error("the end was taken for an answer")
	}
}

// TestLongLines reads lines that the buffer does not hold.
func TestLongLines(t *testing.T) {
	t.Parallel()
	long := strings.Repeat("x", 1000)
	l := &lines{out: bufio.NewReaderSize(strings.NewReader("a\n"+long+"\nb\n"), 16)}
	for _, want := range []string{"a\n", long + "\n", "b\n"} {
		if got, err := l.read(); err != nil || string(got) != want {
			t.Errorf("got %.20q, %v, want %.20q", got, err, want)
		}
	}
}

func TestCursor(t *testing.T) {
	t.Parallel()
	for page, want := range map[string]string{
		`{"id":1,"result":{"tools":[],"nextCursor":"YWJj"}}`: "YWJj",
		`{"id":1,"result":{"tools":[]}}`:                     "",
	} {
		if got := cursorOf([]byte(page)); got != want {
			t.Errorf("%s: %q, want %q", page, got, want)
		}
	}
}
