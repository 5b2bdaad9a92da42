package upstream

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"strings"
	"testing"
	"testing/synctest"

	"github.com/sluice-dev/sluice/tools"
)

// What a server sends wrongly is dropped and counted, and costs nobody a call.
func TestServerThatBreaksTheRules(t *testing.T) {
	play(t, nil, func(s *scene) {
		server := s.shake(named("read", ""))
		answer := make(chan error)
		go func() {
			result, err := s.call(s.Context(), "read")
			if err == nil && result.Content[0].(tools.Text).Text != "right" {
				err = errors.New("another's answer")
			}
			answer <- err
		}()
		call := server.expect("tools/call")
		server.send(`{"jsonrpc":"2.0","id":999,"result":{}}`)                       // a wrong id
		server.send(`{"jsonrpc":"2.0","id":"4","result":{}}`)                       // of a wrong type
		server.send(`{"jsonrpc":"2.0","id":1,"result":{}}`)                         // answered before
		server.send(`{"jsonrpc":"2.0","id":"s","method":"sampling/createMessage"}`) // a request
		server.send(`Debug: reading`)                                               // noise
		server.send(`skip:the message is longer than 33554432 bytes`)               // 100 MB
		server.send(`{"jsonrpc":"2.0","method":"notifications/progress","params":{"progressToken":999,"progress":1}}`)
		if reply := server.next(); reply.Error == nil || reply.Error.Code != -32601 {
			s.Errorf("the request was answered with %+v", reply)
		}
		right := `{"content":[{"type":"text","text":"right"}]}`
		server.result(call, right)
		if err := <-answer; err != nil {
			s.Error(err)
		}
		server.result(call, right) // twice
		synctest.Wait()
		if got, want := s.Status().Dropped, (Stats{Noise: 2, Unmatched: 5, Refused: 1}); got != want {
			s.Errorf("dropped %+v, want %+v", got, want)
		}
		if s.Status().State != StateUp {
			s.Error("the server was given up")
		}
	})
}

// Noise is bounded: then the server is started again.
func TestServerThatMakesOnlyNoise(t *testing.T) {
	play(t, nil, func(s *scene) {
		server := s.shake(named("read", ""))
		for i := range maxNoise {
			server.send("line %d", i)
		}
		synctest.Wait()
		if status := s.Status(); status.State != StateDown || !errors.Is(status.Err, ErrProtocol) || status.Dropped.Noise != maxNoise {
			s.Errorf("status %+v", status)
		}
		s.shake(named("read", ""))
	})
}

func TestAnswersThatAreNone(t *testing.T) {
	for answer, want := range map[string]string{
		`"result":7`: "no result",
		`"result":{"resultType":"input_required"}`:                                         "no result",
		`"error":{"code":-32602,"message":"bad \u001b[31mpath\u202e."}`:                    `refused the call: bad path (code -32602).`,
		`"error":{"code":-32000,"message":"` + strings.Repeat("long ", 4000) + `"}`:        "\u2026",
		`"result":{"content":[{"type":"text","text":"\u001b[2Jno\u2026"}],"isError":true}`: "",
	} {
		t.Run(want, func(t *testing.T) {
			play(t, nil, func(s *scene) {
				server := s.shake(named("read", ""))
				go func() { server.send(`{"jsonrpc":"2.0","id":%s,%s}`, server.expect("tools/call").ID, answer) }()
				result, err := s.call(s.Context(), "read")
				if want == "" {
					if err != nil || !result.IsError || result.Content[0].(tools.Text).Text != "no\u2026" {
						s.Errorf("%+v, %v", result, err)
					}
					return
				}
				if err == nil || !strings.Contains(err.Error(), want) || len(err.Error()) > maxRefusal+200 {
					s.Fatalf("error %v, want %q", err, want)
				}
				if errors.Is(err, tools.ErrUnreachable) != (want == "no result") {
					s.Errorf("the breaker counts %v", err)
				}
			})
		})
	}
}

// A list of 10^5 tools, some of them junk, is cut with a warning for each kind.
func TestEndlessList(t *testing.T) {
	var log bytes.Buffer
	t.Run("list", func(t *testing.T) {
		play(t, func(s *Spec) { s.Logger = slog.New(slog.NewTextHandler(&log, nil)) }, func(s *scene) {
			var list []string
			for i := range 100_000 {
				switch {
				case i < 1000:
					list = append(list, `{"name":7}`)
				case i < 2000:
					list = append(list, named("same", ""))
				default:
					list = append(list, named(fmt.Sprint("t", i), ""))
				}
			}
			s.shake(list...)
			if got := s.registry.Snapshot().Len(); got != maxTools {
				s.Errorf("%d tools are served", got)
			}
			if n := strings.Count(log.String(), "level=WARN"); n != 3 {
				s.Errorf("%d warnings:\n%.2000s", n, log.String())
			}
		})
	})
}

func TestTextIsMadeVisible(t *testing.T) {
	play(t, nil, func(s *scene) {
		s.shake("{\"name\":\"read\",\"title\":\"T\u202eitle\",\"description\":\"Reads\\u001b[8m. \U000E0041Hidden\\u0007\"," +
			"\"inputSchema\":{\"type\":\"object\",\"properties\":{\"a\":{\"description\":\"A\u2066 file.\",\"pattern\":\"^\\\\d$\"}}}}")
		entry, _ := s.registry.Snapshot().Lookup("read")
		if entry.Title != "Title" || entry.Description != "Reads. Hidden" {
			s.Errorf("%q, %q", entry.Title, entry.Description)
		}
		compare(s.T, string(entry.InputSchema), `{"type":"object","properties":{"a":{"description":"A file.","pattern":"^\\d$"}}}`)
	})
}

func TestVisibleKeepsWhatIsThere(t *testing.T) {
	t.Parallel()
	result, err := decodeResult([]byte(`{"content":[{"type":"image","data":"AQI=","mimeType":"image/png"},{"type":"resource_link","uri":"a:b","name":"n\u0000","icons":[{"src":"data:,"}]}],
		"structuredContent":{"a":"\u001b"},"_meta":{"io.modelcontextprotocol/serverInfo":{},"own/key":1.0}}`))
	if err != nil {
		t.Fatal(err)
	}
	got := visible(&result.Result)
	if len(got.Meta) != 1 || fmt.Sprint(got.Meta["own/key"]) != "1.0" || string(got.Structured) != `{"a":"\u001b"}` {
		t.Errorf("%+v", got)
	}
	if link := got.Content[1].(tools.ResourceLink); link.Name != "n\uFFFD" || link.Icons[0].Src != "data:," {
		t.Errorf("%+v", link)
	}
}

// What floods stderr is drained; the log takes some of it and the last lines are kept.
func TestMurmur(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		var log bytes.Buffer
		m := newMurmur(slog.New(slog.NewTextHandler(&log, nil)))
		line := strings.Repeat("x", 5000) + "\x1b[31m\n"
		for range 2000 { // 10 MB
			if _, err := io.WriteString(m, line); err != nil {
				t.Fatal(err)
			}
		}
		if n := strings.Count(log.String(), "\n"); n != murmurBurst || log.Len() > murmurBurst*2*murmurLine {
			t.Errorf("%d lines in the log, %d bytes", n, log.Len())
		}
		waitPoll()
		_, _ = io.WriteString(m, "back \x1b[1mto\x1b[0m normal\nand")
		if !strings.Contains(log.String(), `text="back to normal" lines_left_out=1950`) {
			t.Errorf("the log ends with %q", log.String()[log.Len()-200:])
		}
		lines := m.lines()
		if len(lines) != murmurLines+1 || lines[murmurLines] != "and" || lines[murmurLines-1] != "back to normal" || len(lines[0]) != murmurLine {
			t.Errorf("kept are %q", lines)
		}
	})
}
