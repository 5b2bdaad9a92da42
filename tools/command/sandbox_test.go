package command_test

import (
	"context"
	"errors"
	"strings"
	"testing"
	"time"

	"github.com/sluice-dev/sluice/tools"
	"github.com/sluice-dev/sluice/tools/command"
)

// TestSandboxRefuses holds what a spec may not say of its sandbox.
func TestSandboxRefuses(t *testing.T) {
	t.Parallel()
	args := []string{"true"}
	tests := []struct {
		spec command.Spec
		want string
	}{
		{command.Spec{Args: args, Sandbox: "on"}, `not "on"`},
		{command.Spec{Args: args, Resources: command.Resources{CPU: -1}}, "negative"},
		{command.Spec{Args: args, Resources: command.Resources{Files: -1}}, "negative"},
		{command.Spec{Args: args, Sandbox: command.SandboxOff, Resources: command.Resources{CPU: 1}}, "is off"},
		{command.Spec{Args: args, Sandbox: command.SandboxOff, Read: []string{}}, "is off"},
		{command.Spec{Args: args, Sandbox: command.SandboxOff, Write: []string{"x"}}, "is off"},
		{command.Spec{Args: args, Sandbox: command.SandboxOff, NoNetwork: true}, "is off"},
		{command.Spec{Args: args, Pattern: map[string]string{"a": "x"}}, "no placeholder"},
		{command.Spec{Args: []string{"x", "{a}"}, Pattern: map[string]string{"a": "("}}, `pattern for "a"`},
	}
	for _, test := range tests {
		if _, err := command.New(test.spec); err == nil || !strings.Contains(err.Error(), test.want) {
			t.Errorf("got %v, want %q", err, test.want)
		}
	}
	missing := command.Spec{Args: args, Read: []string{"no-such-directory"}}
	if err := missing.Check(); err == nil || !strings.Contains(err.Error(), "no-such-directory") {
		t.Errorf("the check says %v", err)
	}
}

// TestPattern holds that a value matches as a whole or is refused.
func TestPattern(t *testing.T) {
	t.Parallel()
	spec := childSpec("args", "{a}")
	spec.Pattern = map[string]string{"a": "[a-z]+|[0-9]{2}"}
	for value, ok := range map[string]bool{"abc": true, "12": true, "123": false, "abc1": false, "": false, `a\nb`: false, "../x": false} {
		_, err := call(t.Context(), t, spec, `{"a":"`+value+`"}`)
		var shown *tools.Error
		if ok != (err == nil) || !ok && (!errors.As(err, &shown) || !strings.Contains(shown.Message, `"a" must match`)) {
			t.Errorf("%q: %v", value, err)
		}
	}
}

// TestKill holds that a server without time ends programs that would take their grace.
func TestKill(t *testing.T) {
	t.Parallel()
	for _, sandbox := range []command.Sandbox{command.SandboxAuto, command.SandboxOff} {
		for _, asked := range []bool{false, true} {
			spec := childSpec("wait")
			spec.Sandbox = sandbox
			spec.Env[childEnv+"_DEAF"] = "yes"
			spec.Grace = time.Minute
			kill := make(chan struct{})
			spec.Kill = kill
			mark := marked(t, &spec)
			ctx, reports := record(t.Context())
			ctx, cancel := context.WithCancelCause(ctx)
			go func() {
				<-reports.ready
				if asked {
					cancel(errEnough)
				}
				close(kill)
			}()
			begin := time.Now()
			if _, err := call(ctx, t, spec, "{}"); err == nil || time.Since(begin) > 10*time.Second {
				t.Errorf("got %v after %v", err, time.Since(begin))
			}
			mark.noneLeft()
			cancel(nil)
		}
	}
}
