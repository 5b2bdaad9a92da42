package identity

import (
	"slices"
	"testing"
	"time"

	"github.com/sluice-dev/sluice/cmd/sluice/internal/config"
	"github.com/sluice-dev/sluice/executor"
	"github.com/sluice-dev/sluice/tools"
)

func parse(t *testing.T, source string) *config.Config {
	t.Helper()
	c, err := config.Parse("c.yaml", []byte(source))
	if err != nil {
		t.Fatal(err)
	}
	return c
}

func TestCallers(t *testing.T) {
	t.Parallel()
	c := NewCallers(&parse(t, `
auth:
  tokens:
    - {name: planner, token_env: A, tools: ["catalog_*"], priority: batch, rate: 20/s, concurrency: 4, queue: 16}
    - {name: planner, token_env: B}
    - {name: plain, token_env: C}
    - {name: closed, token_env: D, tools: []}
  callers:
    - {name: "id:boss", admin: true}
    - {name: "id:*", tools: [echo], queue: off}
    - {name: "id:b*", tools: [other]}
`).Auth)
	p := c.Of("planner")
	batch := executor.PriorityBatch
	want := executor.Allowance{Priority: &batch, Rate: tools.Rate{Count: 20, Per: time.Second, Burst: 20}, Concurrency: 4, Queue: 16}
	if got := p.Allowance; *got.Priority != batch || got.Rate != want.Rate || got.Concurrency != 4 || got.Queue != 16 || p.Admin {
		t.Errorf("planner: %+v", p)
	}
	for _, test := range []struct {
		caller, tool string
		allowed      bool
		queue        int
		admin        bool
	}{
		{"planner", "catalog_list", true, 16, false},
		{"planner", "echo", false, 16, false},
		{"plain", "echo", true, 0, false},
		{"closed", "echo", false, 0, false},
		{"id:boss", "echo", true, 0, true}, // its own entry goes before the pattern
		{"id:bob", "echo", true, -1, false},
		{"id:bob", "other", false, -1, false}, // the first pattern counts
		{"Id:bob", "other", true, 0, false},
		{"", "echo", true, 0, false},
	} {
		p := c.Of(test.caller)
		if p.Tools.Allow(test.tool) != test.allowed || p.Allowance.Queue != test.queue || p.Admin != test.admin {
			t.Errorf("%+v: %+v", test, p)
		}
	}
	everybody := NewCallers(&parse(t, `auth: {callers: [{name: "*", tools: []}]}`).Auth)
	if everybody.Of("x").Tools.Allow("echo") || !everybody.Of("").Tools.Allow("echo") {
		t.Error("a pattern for all is not for all who have a name")
	}
}

// TestWidened checks that it is found where one more word about a caller opens every tool.
func TestWidened(t *testing.T) {
	t.Parallel()
	got := Widened(&parse(t, `
auth:
  tokens:
    - {name: planner, token_env: A, rate: 20/s}
    - {name: silent, token_env: B}
    - {name: stated, token_env: C, tools: ["*"], rate: 1/s}
    - {name: "free:x", token_env: D, rate: 1/s}
  callers:
    - {name: ops, admin: true}
    - {name: "free:*", queue: off}
    - {name: "*", tools: []}
`).Auth)
	if !slices.Equal(got, []string{"ops", "planner"}) {
		t.Errorf("got %q", got)
	}
}
