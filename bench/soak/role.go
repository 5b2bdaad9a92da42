package main

import (
	"bytes"
	"fmt"
	"io"
	"os"
	"os/exec"
	"os/signal"
	"strconv"
	"syscall"
	"time"
)

// The tools and the servers of a run are this program again, started with a role.
const roleArg = "role"

// late is longer than any call may run, and an end for whoever is forgotten.
const late = time.Minute

// play plays a role and returns the exit code.
func play(role string, args []string) int {
	tag := ""
	if len(args) > 0 {
		tag = args[len(args)-1]
	}
	switch role {
	case "say":
		fmt.Print(tag)
	case "steps":
		steps(args[0], tag)
	case "big":
		_, _ = os.Stdout.Write(bytes.Repeat([]byte(tag+"\n"), bigResult/(len(tag)+1)))
	case "crash":
		var nowhere *int
		fmt.Print(tag, *nowhere)
	case "flood":
		flood()
	case "noise":
		_, _ = io.WriteString(os.Stdout, "\x1b[31m\x00\xff\xfe\u202e"+tag+"\x1b]52;c;AAAA\a\r\n")
	case "hang":
		time.Sleep(late)
	case "stubborn":
		signal.Ignore(syscall.SIGTERM, os.Interrupt)
		leave()
		time.Sleep(late)
	case "leaver":
		for range 5 {
			leave()
		}
		fmt.Print(tag)
	case "mill":
		return mill(os.Stdin, os.Stdout, os.Stderr)
	default:
		fmt.Fprintln(os.Stderr, "soak: no role", role)
		return 2
	}
	return 0
}

// bigResult is how many bytes the tool named big prints.
const bigResult = 200 << 10

func steps(n, tag string) {
	total, _ := strconv.Atoi(n)
	for i := range total {
		fmt.Fprintf(os.Stderr, "::progress %d/%d %s\n", i+1, total, tag)
		time.Sleep(10 * time.Millisecond)
	}
	fmt.Print(tag)
}

// flood prints until nobody takes it.
func flood() {
	line := bytes.Repeat([]byte("flood\n"), 10_000)
	for end := time.Now().Add(late); time.Now().Before(end); {
		if _, err := os.Stdout.Write(line); err != nil {
			return
		}
	}
}

// leave leaves a process behind that has left the group, where the system knows such,
// and holds on to what this one prints to.
func leave() {
	self, err := os.Executable()
	if err != nil {
		return
	}
	cmd := exec.Command(self, roleArg, "hang")
	cmd.Stdout, cmd.Stderr = os.Stdout, os.Stderr
	detach(cmd)
	_ = cmd.Start() // it is the server that ends it
}
