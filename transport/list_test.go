package transport_test

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"slices"
	"strings"
	"testing"

	"github.com/sluice-dev/sluice/executor"
	"github.com/sluice-dev/sluice/tools"
	"github.com/sluice-dev/sluice/transport"
)

// pages returns the names of the tools that a client is shown, page by page.
func (l *link) pages() [][]string {
	l.t.Helper()
	var all [][]string
	for cursor := ""; ; {
		l.send(`{"jsonrpc":"2.0","id":1,"method":"tools/list","params":{` + cursor + `$META}}`)
		var answer struct {
			Result struct {
				Tools      []struct{ Name string }
				NextCursor *string
			}
		}
		if err := json.Unmarshal([]byte(l.recv()), &answer); err != nil {
			l.t.Fatal(err)
		}
		names := []string{}
		for _, tool := range answer.Result.Tools {
			names = append(names, tool.Name)
		}
		all = append(all, names)
		if answer.Result.NextCursor == nil {
			return all
		}
		cursor = fmt.Sprintf(`"cursor":%q,`, *answer.Result.NextCursor)
	}
}

// TestListShowsWhatIsAllowed checks that each caller is shown what it may use and no
// more, in pages that are full but the last.
func TestListShowsWhatIsAllowed(t *testing.T) {
	t.Parallel()
	const size = 10 // of a page of the fixture
	for _, test := range []struct {
		name    string
		allowed func(name string) bool
		pages   []int
	}{
		{"all", func(string) bool { return true }, []int{size, size, size, 6}},
		{"none", func(string) bool { return false }, []int{0}},
		{"a page and no more", func(name string) bool { return name < "t10" && name > "t" }, []int{size}},
		{"a page, and one", func(name string) bool { return name > "t" && (name < "t10" || name == "t24") }, []int{size, 1}},
		{"every other", func(name string) bool { return name > "t" && (name[2]-'0')%2 == 0 }, []int{size, 3}},
		{"the last", func(name string) bool { return name == "t24" }, []int{1}},
		{"all but the last", func(name string) bool { return name != "wait" }, []int{size, size, size, 5}},
		{"what panics", func(name string) bool {
			if name == "t03" {
				panic("t03")
			}
			return name > "t02" && name < "t06"
		}, []int{2}},
	} {
		t.Run(test.name, func(t *testing.T) {
			t.Parallel()
			f := newFixture(t, func(o *executor.Options) {
				o.Authorize = func(_ context.Context, caller string, tool *tools.Entry) error {
					if caller == "" && test.allowed(tool.Name) {
						return nil
					}
					return errors.New("not yours")
				}
			})
			for i := range 25 {
				if err := f.registry.Add(tools.Func(fmt.Sprintf("t%02d", i), "", func(context.Context, none) (string, error) { return "", nil })); err != nil {
					t.Fatal(err)
				}
			}
			l := memoryLink(t, f.server)
			var got []int
			var names []string
			for _, page := range l.pages() {
				got = append(got, len(page))
				names = append(names, page...)
			}
			if !slices.Equal(got, test.pages) || !slices.IsSorted(names) {
				t.Errorf("pages of %v, want %v: %v", got, test.pages, names)
			}
			if i := slices.IndexFunc(names, func(name string) bool { return !test.allowed(name) }); i >= 0 {
				t.Errorf("%s is shown", names[i])
			}
		})
	}
}

// TestListIsOfItsCaller checks that the lists of two callers do not mix.
func TestListIsOfItsCaller(t *testing.T) {
	t.Parallel()
	f := newFixture(t, func(o *executor.Options) {
		o.Authorize = func(_ context.Context, caller string, tool *tools.Entry) error {
			if strings.HasPrefix(tool.Name, caller) {
				return nil
			}
			return errors.New("not yours")
		}
	})
	for range 2 {
		for caller, want := range map[string]string{"a": "[[add]]", "ec": "[[echo]]", "x": "[[]]"} {
			m := newMemoryStream()
			l := &link{t: t, served: make(chan struct{})}
			l.write = func(data []byte) error { m.in <- data; return nil }
			l.read = func() ([]byte, error) { return <-m.out, nil }
			go l.serve(t.Context(), f.server, m, transport.Peer{Caller: caller})
			if got := fmt.Sprint(l.pages()); got != want {
				t.Errorf("%s: got %s, want %s", caller, got, want)
			}
			m.Close(0, "")
			l.ended()
		}
	}
}
