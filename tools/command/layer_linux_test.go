package command_test

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"testing"

	"github.com/sluice-dev/sluice/tools"
	"github.com/sluice-dev/sluice/tools/command"
)

func init() { children["layers"] = layers }

// layers is a server that says what contains its programs, and runs one that escapes.
func layers([]string) {
	for _, l := range command.Layers() {
		fmt.Println(l.Name, l.InForce, l.Detail)
	}
	_, err := command.New(command.Spec{Args: []string{"true"}, Sandbox: command.SandboxRequire})
	fmt.Println(err)
	tool, err := command.New(command.Spec{Args: []string{"sh", "-c", "grep NoNewPrivs /proc/self/status"}})
	if err != nil {
		panic(err)
	}
	result, err := tool.Handler.Call(context.Background(), &tools.Call{})
	fmt.Println(textOf(result), err)
}

// TestUnwired holds that a server whose main does not call RunShim runs its programs
// all the same, says what is missing and why, and refuses what insists.
func TestUnwired(t *testing.T) {
	t.Parallel()
	spec := childSpec("layers")
	spec.Env[childEnv+"_UNWIRED"] = "yes"
	got := textOf(mustCall(t.Context(), t, spec, "{}"))
	for _, want := range []string{
		"group true ", "shim false main does not call command.RunShim", "sweep false main does not call",
		"not contained: this machine lacks shim (main does not call command.RunShim), no_new_privs (", "NoNewPrivs:\t",
	} {
		if !strings.Contains(got, want) {
			t.Errorf("%q is missing in\n%s", want, got)
		}
	}
}

// TestLayers holds that every layer is reported with its reason, and that a shim in a
// shim finds what it can.
func TestLayers(t *testing.T) {
	t.Parallel()
	all := command.Layers()
	var names []string
	for _, l := range all {
		names = append(names, l.Name)
		if l.Detail == "" {
			t.Errorf("%s has no detail", l.Name)
		}
		t.Log(l.Name, l.InForce, l.Detail)
	}
	want := []string{
		command.LayerGroup, command.LayerShim, command.LayerPrivileges, command.LayerLimits, command.LayerWatch, command.LayerSweep,
		command.LayerNamespaces, command.LayerIsolation, command.LayerFiles, command.LayerNetwork, command.LayerCgroup, command.LayerCPUs,
	}
	if !slices.Equal(names, want) {
		t.Errorf("got %q, want %q", names, want)
	}
	got := textOf(mustCall(t.Context(), t, childSpec("layers"), "{}"))
	if !strings.Contains(got, "shim true ") || !strings.Contains(got, "NoNewPrivs:\t1") {
		t.Errorf("in a shim: %s", got)
	}
}

// TestRequire holds that a tool which insists on what there is is made, and one that
// insists on more is refused with the reason.
func TestRequire(t *testing.T) {
	t.Parallel()
	needLayers(t, command.LayerNamespaces, command.LayerIsolation, command.LayerSweep)
	spec := command.Spec{Args: []string{"true"}, Sandbox: command.SandboxRequire}
	if result := mustCall(t.Context(), t, spec, "{}"); result.IsError {
		t.Error(textOf(result))
	}
	for _, l := range command.Layers() {
		if l.Name != command.LayerCPUs || l.InForce {
			continue
		}
		spec.Resources.CPUs = 0.5
		if _, err := command.New(spec); !errors.Is(err, command.ErrSandbox) || !strings.Contains(err.Error(), "cpus ("+l.Detail+")") {
			t.Errorf("got %v", err)
		}
		spec.Sandbox = command.SandboxAuto
		if _, err := command.New(spec); err != nil {
			t.Error(err)
		}
		if err := spec.Check(); !errors.Is(err, command.ErrSandbox) {
			t.Errorf("the check says %v", err)
		}
	}
}

// TestPrivileges holds that a program gains nothing by what it executes, and has no
// rights in its namespace beyond those of the user.
func TestPrivileges(t *testing.T) {
	t.Parallel()
	needLayers(t, command.LayerPrivileges)
	for tier, without := range tiers {
		result, err := on(t, script("grep NoNewPrivs /proc/self/status"), without).Handler.Call(t.Context(), &tools.Call{})
		if err != nil || !strings.Contains(textOf(result), "NoNewPrivs:\t1") {
			t.Errorf("%s: %v, %s", tier, err, textOf(result))
		}
	}
}
