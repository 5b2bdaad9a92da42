package main

import (
	"bytes"
	"context"
	"io"
	"os"
	"path/filepath"
	"strings"
	"testing"
)

func TestCallBuiltIn(t *testing.T) {
	t.Parallel()
	const meta = `"_meta":{"io.modelcontextprotocol/serverInfo":`
	for _, test := range []struct {
		name        string
		args        []string
		code        int
		out, errOut string // parts
	}{
		{"text", []string{"echo", "text=hi there"}, exitOK, "hi there\n", ""},
		{"a number that is text", []string{"echo", "text=42"}, exitOK, "42\n", ""},
		{"JSON", []string{"echo", `{"text":"hi"}`}, exitOK, "hi\n", ""},
		{"progress", []string{"countdown", "from=2", "interval_ms=0"}, exitOK, "Counted down from 2.\n", "progress 1/2 1 left\nprogress 2/2 0 left\n"},
		{"quiet", []string{"countdown", "from=2", "interval_ms=0", "--quiet"}, exitOK, "Counted down from 2.\n", ""},
		{"as JSON", []string{"echo", "text=hi", "--json"}, exitOK, `{"resultType":"complete","content":[{"type":"text","text":"hi"}],` + meta, ""},
		{"arguments that do not fit", []string{"countdown", "from=0"}, exitUsage, "", "/from: must be at least 1"},
		{"an argument that it does not take", []string{"echo", "text=hi", "loud=yes"}, exitUsage, "", "loud"},
		{"no argument", []string{"echo"}, exitUsage, "", `missing required property "text"`},
		{"as JSON, wrong arguments", []string{"countdown", "from=0", "--json"}, exitUsage, `"isError":true`, ""},
		{"a word that is no number", []string{"countdown", "from=x"}, exitUsage, "", "from must be an integer, not \"x\"\nhint: `sluice tools countdown` shows what it takes\n"},
		{"a priority", []string{"echo", "text=hi", "--priority", "batch"}, exitOK, "hi\n", ""},
		{"no priority", []string{"echo", "text=hi", "--priority", "high"}, exitUsage, "", "there is no priority \"high\"\nhint: choose interactive, normal or batch\n"},
		{"a mistyped tool", []string{"coutdown"}, exitUsage, "", "the server has no tool \"coutdown\"\nhint: did you mean countdown?\n"},
		{"an unknown tool", []string{"frobnicate"}, exitUsage, "", "hint: `sluice tools` lists them"},
	} {
		t.Run(test.name, func(t *testing.T) {
			t.Parallel()
			code, out, errOut := runCommand(t, append([]string{"call"}, test.args...)...)
			if code != test.code || !strings.Contains(out, test.out) || !strings.Contains(errOut, test.errOut) {
				t.Errorf("got %d\n%s\n%s\nwant %d\n%s\n%s", code, out, errOut, test.code, test.out, test.errOut)
			}
			if test.out == "" && out != "" || test.errOut == "" && errOut != "" {
				t.Errorf("more than wanted:\n%s\n%s", out, errOut)
			}
		})
	}
}

func TestCallJSONLines(t *testing.T) {
	t.Parallel()
	code, out, errOut := runCommand(t, "call", "countdown", "from=2", "interval_ms=0", "--json", "--progress")
	want := `{"type":"progress","progress":1,"total":2,"message":"1 left"}
{"type":"progress","progress":2,"total":2,"message":"0 left"}
{"type":"result","result":{"resultType":"complete","content":[{"type":"text","text":"Counted down from 2."}],`
	if code != exitOK || errOut != "" || !strings.HasPrefix(out, want) || strings.Count(out, "\n") != 3 {
		t.Errorf("got %d, %q and:\n%s\nwant:\n%s", code, errOut, out, want)
	}
}

func TestCallPrints(t *testing.T) {
	t.Parallel()
	s := newOddServer(t)
	for _, test := range []struct {
		tool, flag  string
		code        int
		out, errOut string
	}{
		{"picture", "", exitOK, "[image image/png, 1.2 kB]\na picture\n", ""},
		{"mixture", "", exitOK, "[audio audio/wav, 2 B]\n[link a file:///a]\nembedded\n[file mem:c application/zip, 2.0 MB]\n", ""},
		{"structured", "", exitOK, "{\n  \"sum\": 3\n}\n", ""},
		{"both", "", exitOK, "three\n", ""},
		{"fail", "", exitFailure, "", "it broke\n"},
		{"noisy", "", exitOK, "done\n", "progress 1 one line\n"},
		{"noisy", "--log=debug", exitOK, "done\n", "[info] noisy: starting␛[31m\n[error] noisy: {\"n\":1}\nprogress 1 one line\n"},
		{"noisy", "--log=error", exitOK, "done\n", "[error] noisy: {\"n\":1}\nprogress 1 one line\n"},
	} {
		t.Run(test.tool+test.flag, func(t *testing.T) {
			t.Parallel()
			args := []string{"call", test.tool}
			if test.flag != "" {
				args = append(args, test.flag)
			}
			code, out, errOut := s.run(t, args...)
			if code != test.code || out != test.out || errOut != test.errOut {
				t.Errorf("got %d\n%s\n%s\nwant %d\n%s\n%s", code, out, errOut, test.code, test.out, test.errOut)
			}
		})
	}
}

func TestCallOutput(t *testing.T) {
	t.Parallel()
	s := newOddServer(t)
	for tool, size := range map[string]int{"picture": 1234, "mixture": 2, "fail": -1, "structured": -1} {
		path := filepath.Join(t.TempDir(), "saved")
		code, _, errOut := s.run(t, "call", tool, "--output", path)
		info, err := os.Stat(path)
		if size < 0 {
			if code != exitFailure || err == nil {
				t.Errorf("%s: exit code %d, and a file", tool, code)
			}
			continue
		}
		if code != exitOK || err != nil || info.Size() != int64(size) {
			t.Errorf("%s: exit code %d, %v, %v\n%s", tool, code, info, err, errOut)
		}
	}
}

// The server must hear of it, and before the connection goes.
func TestCallIsCancelledOnTheServer(t *testing.T) {
	t.Parallel()
	t.Run("timeout", func(t *testing.T) {
		t.Parallel()
		s := newOddServer(t)
		code, out, errOut := s.run(t, "call", "hang", "--timeout", "2s")
		if code != exitFailure || out != "" || !strings.HasSuffix(errOut, "cancelled the call on the server after 2s\n") {
			t.Errorf("got %d, %q and:\n%s", code, out, errOut)
		}
		<-s.cancelled
	})
	t.Run("interrupt", func(t *testing.T) {
		t.Parallel()
		s := newOddServer(t)
		ctx, cancel := context.WithCancel(t.Context())
		stderr := newRecord()
		ended := make(chan int)
		go func() {
			ended <- run(ctx, []string{"call", "hang", "--url", s.url, "--token", oddToken}, nil, io.Discard, stderr)
		}()
		stderr.await(t, "progress 1/2 hanging")
		cancel()
		if code := <-ended; code != exitInterrupted || !strings.HasSuffix(stderr.String(), "cancelled the call on the server\n") {
			t.Errorf("got %d and:\n%s", code, stderr)
		}
		<-s.cancelled
	})
}

func TestCallReadsStdin(t *testing.T) {
	t.Parallel()
	var out, errOut bytes.Buffer
	if code := run(t.Context(), []string{"call", "echo", "-"}, strings.NewReader(`{"text":"typed"}`), &out, &errOut); code != exitOK || out.String() != "typed\n" {
		t.Errorf("got %d, %s and:\n%s", code, &out, &errOut)
	}
}

func TestCallWaitingForStdinIsInterrupted(t *testing.T) {
	t.Parallel()
	in, writer := io.Pipe()
	defer writer.Close()
	ctx, cancel := context.WithCancel(t.Context())
	ended := make(chan int)
	var errOut bytes.Buffer
	go func() { ended <- run(ctx, []string{"call", "echo", "-"}, in, io.Discard, &errOut) }()
	if _, err := io.WriteString(writer, "{"); err != nil { // it reads now
		t.Fatal(err)
	}
	cancel()
	if code := <-ended; code != exitInterrupted {
		t.Errorf("got %d and:\n%s", code, &errOut)
	}
}

func TestComplete(t *testing.T) {
	t.Parallel()
	for _, test := range []struct {
		args []string
		want string
	}{
		{[]string{"call", "co"}, "countdown\tCounts down to zero and reports each number as progress.\n:4\n"},
		{[]string{"call", ""}, "countdown\tCounts down to zero and reports each number as progress.\necho\tGives the text back as it came.\n:4\n"},
		{[]string{"call", "countdown", ""}, "from=\tinteger\ninterval_ms=\tinteger\n:6\n"},
		{[]string{"call", "countdown", "from=3", "f"}, ":6\n"},
		{[]string{"call", "nothing", ""}, ":4\n"},
		{[]string{"tools", "e"}, "echo\tGives the text back as it came.\n:4\n"},
		{[]string{"tools", "echo", ""}, ":4\n"},
		{[]string{"call", "--url", "127.0.0.1:1", ""}, ":4\n"},
		{[]string{"call", "echo", "--priority", ""}, "interactive\nnormal\nbatch\n:4\n"},
		{[]string{"call", "echo", "--log", ""}, "debug\ninfo\nwarning\nerror\n:4\n"},
	} {
		code, out, _ := runCommand(t, append([]string{"__complete"}, test.args...)...)
		if code != exitOK || out != test.want {
			t.Errorf("%q: got %d and:\n%s\nwant:\n%s", test.args, code, out, test.want)
		}
	}
}
