package upstream

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"testing"
)

func TestListTools(t *testing.T) {
	t.Parallel()
	const a, b = `{"name":"a","title":"A","inputSchema":{"type":"object"}}`, `{"name":"b","inputSchema":{"type":"object"},"x":1}`
	tests := []struct {
		name  string
		pages []string
		want  string // the names
		err   error
	}{
		{"one page", []string{`{"tools":[` + b + `,` + a + `]}`}, "b a", nil},
		{"no tools", []string{`{"tools":[]}`}, "", nil},
		{"pages", []string{`{"tools":[` + a + `],"nextCursor":"2"}`, `{"tools":[],"nextCursor":"3"}`, `{"tools":[` + b + `]}`}, "a b", nil},
		{"what is no tool", []string{`{"tools":[null,7,{},{"name":"n"},{"name":"","inputSchema":{}},{"name":"n","inputSchema":null},` + a + `]}`}, "a", nil},
		{"a name twice", []string{`{"tools":[` + a + `,` + a + `],"nextCursor":"2"}`, `{"tools":[` + a + `]}`}, "a", nil},
		{"a tool that is too long", []string{`{"tools":[{"name":"c","inputSchema":{},"x":"` + strings.Repeat("x", maxToolBytes) + `"},` + a + `]}`}, "a", nil},
		{"a cursor to itself", []string{`{"tools":[],"nextCursor":"2"}`, `{"tools":[],"nextCursor":"2"}`}, "", ErrProtocol},
		{"no list", []string{`{"tools":7}`}, "", ErrProtocol},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			t.Parallel()
			s := newScripted(t)
			client := connect(t, s, "2025-11-25")
			go func() {
				for i, page := range test.pages {
					request := s.expect("tools/list")
					want := fmt.Sprintf(`{"cursor":"%d"}`, i+1)
					if i == 0 {
						want = `{}`
					}
					compare(t, string(request.Params), want)
					s.result(request, page)
				}
			}()
			list, err := client.ListTools(t.Context())
			if !errors.Is(err, test.err) {
				t.Fatalf("error %v, want %v", err, test.err)
			}
			var names []string
			for _, tool := range list {
				names = append(names, tool.Name)
				if tool.Name == "b" {
					compare(t, string(tool.Raw), b)
				}
			}
			compare(t, strings.Join(names, " "), test.want)
		})
	}
}

func TestListToolsIsBounded(t *testing.T) {
	t.Parallel()
	for _, test := range []struct {
		name              string
		toolsAPage, pages int
		want              int
	}{
		{"tools", 4000, 3, maxTools},
		{"pages", 1, maxPages, maxPages},
		{"bytes", 40, 5, 160},
	} {
		t.Run(test.name, func(t *testing.T) {
			t.Parallel()
			s := newScripted(t)
			client := connect(t, s, "2026-07-28")
			go func() {
				for page := range test.pages {
					var tools []string
					for i := range test.toolsAPage {
						text := ""
						if test.name == "bytes" {
							text = strings.Repeat("x", maxListBytes/160-60)
						}
						tools = append(tools, fmt.Sprintf(`{"name":"t_%d_%d","description":"%s","inputSchema":{}}`, page, i, text))
					}
					s.result(s.expect("tools/list"), fmt.Sprintf(`{"tools":[%s],"nextCursor":"%d"}`, strings.Join(tools, ","), page))
				}
			}()
			list, err := client.ListTools(t.Context())
			if err != nil || len(list) != test.want {
				t.Errorf("%d tools, error %v; want %d", len(list), err, test.want)
			}
		})
	}
}

func TestListToolsGivesUp(t *testing.T) {
	t.Parallel()
	s := newScripted(t)
	client := connect(t, s, "2026-07-28")
	ctx, cancel := context.WithCancel(t.Context())
	go func() {
		s.expect("tools/list")
		cancel()
		s.expect("notifications/cancelled")
	}()
	if _, err := client.ListTools(ctx); !errors.Is(err, context.Canceled) {
		t.Errorf("error %v", err)
	}
}
