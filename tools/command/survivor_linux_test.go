package command_test

import (
	"bytes"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"sync/atomic"
	"syscall"
	"testing"

	"github.com/sluice-dev/sluice/tools/command"
)

var marks atomic.Int64

// A mark is a variable in the environment of a program and of all that it starts, by
// which they are found wherever they go.
type mark struct {
	t        testing.TB
	variable string
}

// marked puts a mark on the programs of spec, and kills at the end of the test what
// it finds by it.
func marked(t testing.TB, spec *command.Spec) mark {
	const name = "COMMAND_TEST_MARK"
	value := strconv.Itoa(os.Getpid()) + "." + strconv.FormatInt(marks.Add(1), 10)
	spec.Env[name] = value
	m := mark{t, name + "=" + value}
	t.Cleanup(func() {
		for _, pid := range m.alive() {
			_ = syscall.Kill(pid, syscall.SIGKILL)
		}
	})
	return m
}

// alive lists the processes with the mark. Those that are dead and not yet reaped
// have no environment.
func (m mark) alive() []int {
	files, err := filepath.Glob("/proc/[0-9]*/environ")
	if err != nil {
		m.t.Fatal(err)
	}
	var pids []int
	for _, file := range files {
		environ, _ := os.ReadFile(file) // it may have ended since
		for variable := range bytes.SplitSeq(environ, []byte{0}) {
			if string(variable) == m.variable {
				pid, _ := strconv.Atoi(strings.Split(file, "/")[2])
				pids = append(pids, pid)
			}
		}
	}
	return pids
}

// noneLeft fails the test if a process with the mark is alive.
func (m mark) noneLeft() {
	m.t.Helper()
	if pids := m.alive(); len(pids) > 0 {
		m.t.Errorf("processes %v outlived the call", pids)
	}
}
