package command_test

import (
	"fmt"
	"io"
	"os"
	"os/exec"
	"os/signal"
	"strconv"
	"strings"
	"testing"
	"time"

	"go.uber.org/goleak"

	"github.com/sluice-dev/sluice/tools/command"
)

// childEnv tells the test binary to be a program that tests run: the value names
// which, the arguments are its own.
const childEnv = "COMMAND_TEST_CHILD"

func TestMain(m *testing.M) {
	if os.Getenv(childEnv+"_UNWIRED") == "" {
		command.RunShim()
	}
	if name := os.Getenv(childEnv); name != "" {
		child(name, os.Args[1:])
		os.Exit(0)
	}
	var err error
	if coverDir, err = os.MkdirTemp("", "command-test-*"); err != nil {
		panic(err)
	}
	goleak.VerifyTestMain(m, goleak.Cleanup(func(code int) {
		_ = os.RemoveAll(coverDir)
		os.Exit(code)
	}))
}

// coverDir takes the coverage of the programs that tests run. Nobody reads it.
var coverDir string

var children = map[string]func(args []string){
	"args": func(args []string) { fmt.Print(strings.Join(args, "\n")) },
	"cat":  func([]string) { _, _ = io.Copy(os.Stdout, os.Stdin) },
	"env":  func([]string) { fmt.Print(strings.Join(os.Environ(), "\n")) },
	"dir": func([]string) {
		dir, _ := os.Getwd()
		fmt.Print(dir)
	},
	"print": func(args []string) { fmt.Print(args[0]) },
	"fail": func(args []string) {
		fmt.Print(args[0])
		fmt.Fprint(os.Stderr, args[1])
		os.Exit(3)
	},
	"talk": func([]string) {
		fmt.Println("::progress 1/4 out")
		fmt.Println("first")
		fmt.Print("second\r\n")
		fmt.Fprint(os.Stderr, "warning\n::progress 2/4 err\n10%\r20%\r\n\nlast words")
		fmt.Print("third")
	},
	"fatal":   fatal,
	"flood":   flood,
	"wait":    func([]string) { ready(); linger() },
	"stdin":   func([]string) { ready() }, // does not read it
	"chatter": chatter,
	"gate":    gate,
	"mute":    mute,
	"tree":    tree,
	"trapped": trapped,
}

func child(name string, args []string) {
	if os.Getenv(childEnv+"_DEAF") != "" {
		signal.Ignore(termination...)
	}
	children[name](args)
}

// ready tells the test that the program runs.
func ready() { fmt.Fprintln(os.Stderr, "ready") }

// linger stays for longer than any test, but not for ever.
func linger() { time.Sleep(time.Minute) }

// flood prints n bytes to stdout or stderr, in lines of 64 KiB.
func flood(args []string) {
	to := map[string]*os.File{"stdout": os.Stdout, "stderr": os.Stderr}[args[0]]
	n, _ := strconv.Atoi(args[1])
	line := strings.Repeat("x", 64<<10-1) + "\n"
	for ; n > 0; n -= len(line) {
		if _, err := to.WriteString(line[:min(n, len(line))]); err != nil {
			return
		}
	}
}

// chatter prints n bytes to stderr, in lines of 100, and then a last word; a text to
// stdout; and ends with an exit code.
func chatter(args []string) {
	n, _ := strconv.Atoi(args[0])
	code, _ := strconv.Atoi(args[3])
	fmt.Fprint(os.Stderr, strings.Repeat(strings.Repeat("x", 99)+"\n", n/100), args[1])
	fmt.Print(args[2])
	os.Exit(code)
}

// gate waits until a file is there.
func gate(args []string) {
	ready()
	for {
		if _, err := os.Stat(args[0]); err == nil {
			fmt.Print("through")
			return
		}
		time.Sleep(time.Millisecond)
	}
}

// mute closes its outputs and lives on.
func mute([]string) {
	ready()
	_ = os.Stdout.Close()
	_ = os.Stderr.Close()
	linger()
}

// tree starts a program like itself for each argument but the first, each as the
// child of the one before; the first says what the leader does then: exit or wait.
// The last is a program that waits, and holds stdout and stderr open.
func tree(args []string) {
	rest, name := args[1:], "tree"
	if len(rest) == 0 {
		rest, name = nil, "wait"
	}
	cmd := exec.Command(os.Args[0], rest...)
	cmd.Env = append(os.Environ(), childEnv+"="+name)
	cmd.Stdout, cmd.Stderr = os.Stdout, os.Stderr
	if args[0] == "escape" {
		cmd.SysProcAttr = escaped
	}
	if err := cmd.Start(); err != nil {
		panic(err)
	}
	if args[0] == "wait" {
		linger()
	}
	fmt.Print(args[0], " ")
}

// trapped ends in peace when it is asked to.
func trapped([]string) {
	asked := make(chan os.Signal, 1)
	signal.Notify(asked, termination...)
	ready()
	<-asked
	fmt.Fprintln(os.Stderr, "asked")
}
