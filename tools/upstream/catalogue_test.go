package upstream

import (
	"context"
	"io"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/sluice-dev/sluice/tools"
)

func TestListChanges(t *testing.T) {
	play(t, nil, func(s *scene) {
		server := s.shake(named("a", ""), named("b", ""), named("c", ""))
		kept, _ := s.registry.Snapshot().Lookup("a")
		for range 5 { // they count as one
			server.send(`{"jsonrpc":"2.0","method":"notifications/tools/list_changed"}`)
		}
		server.list(named("a", ""), named("b", "new"), named("d", ""))
		synctest.Wait()
		if s.tools() != "a b d" || s.changes.Load() != 2 {
			s.Errorf("served are %s after %d changes", s.tools(), s.changes.Load())
		}
		if again, _ := s.registry.Snapshot().Lookup("a"); again != kept {
			s.Error("a tool that stayed is another")
		}
		listed := time.Now()
		server.list(named("a", ""), named("b", "new"), named("d", "")) // the rest of the five
		if took := time.Since(listed); took < listPause {
			s.Errorf("listed again after %v", took)
		}
		synctest.Wait()
		if s.changes.Load() != 2 {
			s.Error("what stayed as it was is a change")
		}
		server.send(`{"jsonrpc":"2.0","method":"notifications/tools/list_changed"}`)
		server.refuse(server.expect("tools/list"), -32603)
		synctest.Wait()
		if s.tools() != "a b d" {
			s.Error("a list that fails takes tools out")
		}
	})
}

func TestModernServerIsListenedTo(t *testing.T) {
	play(t, nil, func(s *scene) {
		server := <-s.opened
		server.result(server.expect("server/discover"), strings.Replace(discoverResult, `"tools":{}`, `"tools":{"listChanged":true}`, 1))
		server.list(named("a", ""))
		for range 2 { // it ends the first subscription
			listen := server.expect("subscriptions/listen")
			server.send(`{"jsonrpc":"2.0","method":"notifications/subscriptions/acknowledged","params":{"_meta":{"io.modelcontextprotocol/subscriptionId":%s},"notifications":{"toolsListChanged":true}}}`, listen.ID)
			server.list(named("a", ""), named("b", "")) // it may have changed in between
			synctest.Wait()
			if s.tools() != "a b" {
				s.Errorf("served are %q", s.tools())
			}
			server.result(listen, `{"resultType":"complete"}`)
		}
	})
}

func TestCollisionsAreRefused(t *testing.T) {
	play(t, nil, func(s *scene) {
		own := &tools.Tool{Definition: tools.Definition{Name: "read"}, Handler: tools.HandlerFunc(func(context.Context, *tools.Call) (*tools.Result, error) { return nil, io.EOF })}
		if err := s.registry.Add(own); err != nil {
			s.Fatal(err)
		}
		s.shake(named("read", "theirs"), named("not a name", ""), named("write", ""), `{"name":"broken","inputSchema":{"type":"object","properties":7}}`)
		if s.tools() != "read write" || s.Status().Tools != 1 {
			s.Errorf("served are %s, %d of the server", s.tools(), s.Status().Tools)
		}
		s.Close(s.Context())
		if s.tools() != "read" {
			s.Errorf("left are %q", s.tools())
		}
		s.registry.Remove("read")
	})
}
