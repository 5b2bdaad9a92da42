// Package environ makes the environments of the programs that tools are: clean ones, so
// that no secret of the server's reaches a program that was not meant to have it.
package environ

import (
	"fmt"
	"runtime"
	"slices"
	"strings"

	"github.com/sluice-dev/sluice/tools"
)

// inherited are the variables that every program is given: what it needs to find
// other programs, its home and its language, and nothing that holds a secret.
var inherited = map[bool][]string{
	false: {"PATH", "HOME", "USER", "LOGNAME", "SHELL", "LANG", "LANGUAGE", "TZ", "TMPDIR"},
	true: {
		"PATH", "PATHEXT", "SYSTEMROOT", "SYSTEMDRIVE", "WINDIR", "COMSPEC", "OS",
		"TEMP", "TMP", "HOMEDRIVE", "HOMEPATH", "USERPROFILE", "USERNAME",
		"APPDATA", "LOCALAPPDATA", "PROGRAMDATA", "PROGRAMFILES", "PROGRAMFILES(X86)",
		"NUMBER_OF_PROCESSORS", "PROCESSOR_ARCHITECTURE", "LANG", "TZ",
	},
}[runtime.GOOS == "windows"]

// Clean returns the environment of a program: of the server's own the inherited
// variables and those named in pass, and then those in set. It is never nil, which
// would stand for the whole environment of the server.
func Clean(own []string, set map[string]string, pass []string) []string {
	env := []string{}
	for _, variable := range own {
		name, _, _ := strings.Cut(variable, "=")
		if passes(name, pass) && !isSet(name, set) {
			env = append(env, variable)
		}
	}
	for name, value := range set {
		env = append(env, name+"="+value)
	}
	slices.Sort(env)
	return env
}

// The variables that tell a program where it stands in a trace: the names of W3C Trace
// Context in upper case, as OpenTelemetry has them.
const (
	traceParent = "TRACEPARENT"
	traceState  = "TRACESTATE"
)

// Traced returns an environment with the trace that a program goes on with. What env has
// of its own goes before it. Env is not changed.
func Traced(env []string, t tools.Trace) []string {
	has := func(variable string) bool {
		name, _, _ := strings.Cut(variable, "=")
		return sameName(name, traceParent) || sameName(name, traceState)
	}
	if t.Parent == "" || slices.ContainsFunc(env, has) {
		return env
	}
	env = append(slices.Clip(env), traceParent+"="+t.Parent)
	if t.State != "" {
		env = append(env, traceState+"="+t.State)
	}
	return env
}

// Check returns an error for a variable that cannot be set.
func Check(set map[string]string) error {
	for name, value := range set {
		if name == "" || strings.ContainsAny(name, "=\x00") || strings.Contains(value, "\x00") {
			return fmt.Errorf("environment: %q cannot be set", name)
		}
	}
	return nil
}

func passes(name string, pass []string) bool {
	same := func(other string) bool { return sameName(name, other) }
	return strings.HasPrefix(name, "LC_") ||
		slices.ContainsFunc(inherited, same) || slices.ContainsFunc(pass, same)
}

func isSet(name string, set map[string]string) bool {
	for other := range set {
		if sameName(name, other) {
			return true
		}
	}
	return false
}

// sameName reports whether two names are those of one variable: on Windows case does
// not count.
func sameName(a, b string) bool {
	return a == b || runtime.GOOS == "windows" && strings.EqualFold(a, b)
}
