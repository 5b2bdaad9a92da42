package command_test

import (
	"net"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"testing"

	"github.com/sluice-dev/sluice/tools"
	"github.com/sluice-dev/sluice/tools/command"
)

// TestFiles holds what may be read and written with each pair of lists, through links
// as well, and that this is so in each tier.
func TestFiles(t *testing.T) {
	t.Parallel()
	needLayers(t, command.LayerShim, command.LayerFiles)
	tests := []struct {
		name        string
		read, write []string
		script      string
		ok          bool
	}{
		{"no lists", nil, nil, "cat secret/key && echo x > secret/new", true},
		{"read what is listed", []string{"in"}, nil, "cat in/data", true},
		{"read a listed file", []string{"secret/key"}, nil, "cat secret/key", true},
		{"read its neighbour", []string{"secret/key"}, nil, "cat secret/other", false},
		{"read what is not", []string{"in"}, nil, "cat secret/key", false},
		{"list what is not", []string{"in"}, nil, "ls secret", false},
		{"read by a link out of it", []string{"in"}, nil, "cat in/link", false},
		{"read by a link of its own", []string{"in"}, []string{"out"}, "ln -s ../secret/key out/l && cat out/l", false},
		{"read by a hard link", []string{"in"}, []string{"out"}, "ln secret/key out/l && cat out/l", false},
		{"read by a way back", []string{"in"}, nil, "cat in/../secret/key", false},
		{"read the system", []string{}, nil, "ls /usr /etc && cat /etc/passwd && : < /proc/self/status", true},
		{"write what is read", []string{"in"}, nil, "echo x > in/data", false},
		{"write what is listed", nil, []string{"out"}, "echo x > out/a && mkdir out/d && mv out/a out/d/b && rm -r out/d", true},
		{"write what is not", nil, []string{"out"}, "echo x > secret/key", false},
		{"truncate what is not", nil, []string{"out"}, "truncate -s 0 secret/key", false},
		{"remove what is not", nil, []string{"out"}, "rm -f in/data", false},
		{"move it out", nil, []string{"out"}, "mv in/data out/data", false},
		{"write nowhere", nil, []string{}, "echo x > out/a", false},
		{"write to devices", []string{}, []string{}, "echo x > /dev/null && head -c 1 /dev/zero > /dev/null", true},
		{"write makes read", []string{}, []string{"out"}, "echo x > out/a && cat out/a", true},
		{"read all, write one", nil, []string{"out"}, "cat secret/key > out/copy", true},
		{"a path that is not there", []string{"none"}, []string{"nor this"}, "cat secret/key", false},
	}
	for tier, without := range map[string][]string{"namespaces": nil, "subreaper": {command.LayerNamespaces}} {
		for _, test := range tests {
			t.Run(tier+"/"+test.name, func(t *testing.T) {
				t.Parallel()
				spec := script(test.script)
				spec.Dir = yard(t)
				spec.Read, spec.Write = test.read, test.write
				result, err := on(t, spec, without).Handler.Call(t.Context(), &tools.Call{})
				if err != nil {
					t.Fatal(err)
				}
				if result.IsError == test.ok {
					t.Errorf("error %v: %s", result.IsError, textOf(result))
				}
				if !test.ok && !strings.Contains(textOf(result), "ermission denied") && !strings.Contains(textOf(result), "cross-device") {
					t.Errorf("it failed otherwise: %s", textOf(result))
				}
			})
		}
	}
}

// yard makes directories with files and a link between them.
func yard(t *testing.T) string {
	dir := t.TempDir()
	for _, name := range []string{"in/data", "secret/key", "secret/other", "out/.keep"} {
		path := filepath.Join(dir, name)
		if err := os.MkdirAll(filepath.Dir(path), 0o700); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(path, []byte("x"), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	if err := os.Symlink("../secret/key", filepath.Join(dir, "in", "link")); err != nil {
		t.Fatal(err)
	}
	return dir
}

// TestServerIsOutOfReach holds that a program can neither read the environment and the
// memory of its server nor signal it.
func TestServerIsOutOfReach(t *testing.T) {
	t.Parallel()
	needLayers(t, command.LayerShim, command.LayerIsolation)
	server := strconv.Itoa(os.Getpid())
	for tier, without := range map[string][]string{"namespaces": nil, "subreaper": {command.LayerNamespaces}} {
		for _, attack := range []string{
			"cat /proc/" + server + "/environ", "head -c 1 /proc/" + server + "/mem", "readlink /proc/" + server + "/fd/0",
			"kill -0 " + server, "kill -CONT " + server, "kill -0 $PPID", "cat /proc/$PPID/environ",
		} {
			if strings.Contains(attack, "PPID") && without == nil {
				continue // its parent is of its own namespace, and has nothing to hide
			}
			t.Run(tier+"/"+attack, func(t *testing.T) {
				t.Parallel()
				if os.Geteuid() == 0 && without != nil && strings.Contains(attack, "/proc/") {
					t.Skip("root has rights of its own to look into processes, unless it has them in a namespace only")
				}
				result, err := on(t, script(attack), without).Handler.Call(t.Context(), &tools.Call{})
				if err != nil || !result.IsError {
					t.Errorf("%v, %s", err, textOf(result))
				}
			})
		}
	}
}

// TestOwnProcesses holds that what a program sees of processes is what it started.
func TestOwnProcesses(t *testing.T) {
	t.Parallel()
	needLayers(t, command.LayerNamespaces)
	result := mustCall(t.Context(), t, script(`cd /proc; echo [0-9]*; [ $(readlink self) -gt 1 ] && [ -d /proc/$$/fd ] && [ $PPID = 1 ]`), "{}")
	if text := textOf(result); result.IsError || len(strings.Fields(text)) > 3 {
		t.Errorf("error %v: %s", result.IsError, text)
	}
}

// TestNoNetwork holds that a program without a network has none, be it by a namespace
// or by a filter, and that one that may has it.
func TestNoNetwork(t *testing.T) {
	t.Parallel()
	needLayers(t, command.LayerShim, command.LayerNetwork)
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = listener.Close() })
	tests := []struct {
		name      string
		noNetwork bool
		without   []string
		want      string
	}{
		{"a network", false, nil, "tcp true udp true unix true "},
		{"a namespace", true, nil, "tcp false udp false unix true "},
		{"a filter", true, []string{command.LayerNamespaces}, "tcp false udp false unix true "},
		{"a filter in a namespace", true, []string{command.LayerNetwork}, "tcp false udp false unix true "},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			t.Parallel()
			spec := childSpec("dial", listener.Addr().String(), filepath.Join(t.TempDir(), "socket"))
			spec.NoNetwork = test.noNetwork
			result, err := on(t, spec, test.without).Handler.Call(t.Context(), &tools.Call{})
			if err != nil || textOf(result) != test.want {
				t.Errorf("%v, %s", err, textOf(result))
			}
		})
	}
}

func init() { children["dial"] = dial }

// dial says which networks it reaches.
func dial(args []string) {
	say := func(network string, err error) {
		_, _ = os.Stdout.WriteString(network + " " + strconv.FormatBool(err == nil) + " ")
	}
	conn, err := net.Dial("tcp", args[0])
	say("tcp", err)
	if err == nil {
		_ = conn.Close()
	}
	conn, err = net.Dial("udp", args[0])
	if err == nil {
		_, err = conn.Write([]byte("x"))
	}
	say("udp", err)
	_, err = net.Listen("unix", args[1])
	say("unix", err)
}
