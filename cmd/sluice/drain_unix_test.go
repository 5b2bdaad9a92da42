//go:build unix

package main

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net"
	"os"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"
)

// TestStdioDrainOfTheConfig stops a server whose call never ends.
func TestStdioDrainOfTheConfig(t *testing.T) {
	t.Parallel()
	config, tool := stubborn(t)
	text, err := os.ReadFile(config)
	if err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(config, append([]byte("drain: 100ms\n"), text...), 0o600); err != nil {
		t.Fatal(err)
	}
	p := start(t, "stdio", "--config", config)
	p.send(append(handshake, call(1, "stay", object{}))...)
	tool.next()
	p.signal(syscall.SIGTERM)
	signalled := time.Now()
	p.until("shutting_down")
	if took := time.Since(signalled); took > defaultGrace {
		t.Errorf("cut after %v", took)
	}
	p.wantExit(exitOK)
	tool.wantGone()
}

// A caller calls one tool after the other until the connection ends.
type caller struct {
	c             *client
	done, refused int
	running       int // the id of a call that is not answered although it has begun; else 0
}

// call calls until the server closes the connection. Any answer but a result or the
// refusal of a server that stops is an error.
func (r *caller) call(begun func()) error {
	for id := 1; ; id++ {
		if err := r.c.stream.Write(r.c.ctx, []byte(call(id, "countdown", object{"from": 5, "interval_ms": 20}))); err != nil {
			return err
		}
		if err := r.answer(id, begun); err != nil {
			return err
		}
	}
}

func (r *caller) answer(id int, begun func()) error {
	for {
		text, err := r.c.stream.Read(r.c.ctx)
		if err != nil {
			return err
		}
		var m struct {
			ID     json.RawMessage
			Method string
			Result struct {
				IsError bool
				Meta    map[string]struct {
					Kind         string
					RetryAfterMs int
				} `json:"_meta"`
			}
		}
		if err := json.Unmarshal(text, &m); err != nil {
			return err
		}
		if string(m.ID) != fmt.Sprint(id) {
			if m.Method == "notifications/progress" {
				r.running = id
			}
			continue
		}
		r.running = 0
		failure := m.Result.Meta["dev.sluice/error"]
		switch {
		case !m.Result.IsError:
			r.done++
			begun()
		case failure.Kind == "shutting_down" && failure.RetryAfterMs > 0:
			r.refused++
		default:
			return fmt.Errorf("answered with %s", text)
		}
		return nil
	}
}

// TestSIGTERMUnderLoad stops a server while 40 connections call all the time (FAULTS row
// 29). Each call that was let in is answered with its result; those that come later are
// refused with a hint; subscriptions end in order; every connection is closed with 1001.
func TestSIGTERMUnderLoad(t *testing.T) {
	t.Parallel()
	const callers = 40
	s := serve(t)
	listener := s.connect(s.token)
	listener.ask(`{"jsonrpc":"2.0","id":"sub","method":"subscriptions/listen","params":{"notifications":{"toolsListChanged":true},"_meta":{"io.modelcontextprotocol/protocolVersion":"2026-07-28","io.modelcontextprotocol/clientCapabilities":{},"io.modelcontextprotocol/clientInfo":{"name":"t","version":"1"}}}}`, "subscriptions/acknowledged")
	ctx, cancel := context.WithTimeout(t.Context(), 2*soon)
	defer cancel()
	all := make([]*caller, callers)
	ends := make([]error, callers)
	var calling, started sync.WaitGroup
	for i := range all {
		c := s.connect(s.token)
		c.ctx = ctx
		all[i] = &caller{c: c}
		started.Add(1)
		var once sync.Once
		begun := func() { once.Do(started.Done) }
		calling.Go(func() {
			defer begun()
			ends[i] = all[i].call(begun)
		})
	}
	started.Wait()
	s.signal(syscall.SIGTERM)
	signalled := time.Now()
	calling.Wait()
	rest, err := listener.rest()
	if !strings.Contains(rest, `"id":"sub"`) || err != io.EOF {
		t.Errorf("the subscription ended with %v after:\n%s", err, rest)
	}
	s.wantExit(exitOK)
	took := time.Since(signalled)
	done, refused := 0, 0
	for i, r := range all {
		done, refused = done+r.done, refused+r.refused
		if r.running != 0 || ends[i] != io.EOF && !errors.Is(ends[i], net.ErrClosed) {
			t.Errorf("caller %d ended with %v, call %d unanswered", i, ends[i], r.running)
		}
	}
	if done < callers || took > 10*time.Second {
		t.Errorf("%d done, %d refused, after %v", done, refused, took)
	}
	t.Logf("%d done, %d refused, exit after %v", done, refused, took)
}
