package command_test

import (
	"context"
	"fmt"
	"testing"
	"time"

	"golang.org/x/sys/unix"

	"github.com/sluice-dev/sluice/tools"
	"github.com/sluice-dev/sluice/tools/command"
)

func init() { children["init"] = initProcess }

// initProcess is a server to which processes without a parent fall, as they do to the
// first process of a container. It prints the children it is left with, once what was
// killed is dead: where the machine is overloaded, a call need not wait for that.
func initProcess([]string) {
	if err := unix.Prctl(unix.PR_SET_CHILD_SUBREAPER, 1, 0, 0, 0); err != nil {
		panic(err)
	}
	for _, ends := range [][]string{{"exit"}, {"exit", "exit"}, {"exit", "wait", "exit"}} {
		tool, err := command.New(childSpec("tree", ends...))
		if err != nil {
			panic(err)
		}
		if _, err := tool.Handler.Call(context.Background(), &tools.Call{}); err != nil {
			panic(err)
		}
	}
	for deadline := time.Now().Add(10 * time.Second); len(ownChildren()) > 0 && time.Now().Before(deadline); {
		time.Sleep(time.Millisecond)
	}
	fmt.Print("left:", ownChildren())
}

// TestFirstProcess holds that a server which is the first process of its container
// reaps what its calls leave behind.
func TestFirstProcess(t *testing.T) {
	t.Parallel()
	if got := textOf(mustCall(t.Context(), t, childSpec("init"), "{}")); got != "left:[]" {
		t.Error(got)
	}
}
