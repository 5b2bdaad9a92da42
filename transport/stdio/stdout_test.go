package stdio

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"os/exec"
	"slices"
	"strings"
	"syscall"
	"testing"
)

// roleVariable names what this binary is to do instead of running tests.
const roleVariable = "STDIO_TEST_ROLE"

var roles = map[string]func() int{
	"stray": stray,
	"echo":  echoUntilBroken,
	"quiet": func() int { fmt.Println("from a child"); return 0 },
}

// stray writes to stdout in every way there is, around a message.
func stray() int {
	early := os.Stdout
	client, err := TakeStdout()
	if err != nil {
		return 1
	}
	fmt.Println("from fmt")
	println("from println")
	syscall.Write(syscall.Stdout, []byte("from a raw write\n"))
	if early.Fd() == 1 {
		fmt.Fprintln(early, "from a copy of os.Stdout")
	}
	child := exec.Command(os.Args[0])
	child.Env = append(os.Environ(), roleVariable+"=quiet")
	child.Stdout = os.Stdout
	if child.Run() != nil {
		return 2
	}
	s := New(strings.NewReader(""), client, Options{})
	if s.Write(context.Background(), []byte(`{"message":1}`)) != nil {
		return 3
	}
	fmt.Println("after")
	return 0
}

// start starts this binary again in a role.
func start(role string) *exec.Cmd {
	cmd := exec.Command(os.Args[0])
	cmd.Env = append(os.Environ(), roleVariable+"="+role)
	return cmd
}

func TestStrayPrintsDoNotReachTheClient(t *testing.T) {
	t.Parallel()
	cmd := start("stray")
	var stdout, stderr bytes.Buffer
	cmd.Stdout, cmd.Stderr = &stdout, &stderr
	if err := cmd.Run(); err != nil {
		t.Fatalf("%v\n%s", err, &stderr)
	}
	if got := stdout.String(); got != `{"message":1}`+"\n" {
		t.Errorf("the client got %q", got)
	}
	for _, want := range []string{"from fmt", "from println", "from a raw write", "from a child", "after"} {
		if !slices.Contains(strings.Split(stderr.String(), "\n"), want) {
			t.Errorf("stderr lacks %q:\n%s", want, &stderr)
		}
	}
}

// echoUntilBroken sends messages back until it cannot. It exits with 0 if it learnt
// so by an error, both on its way to the client and on stderr.
func echoUntilBroken() int {
	client, err := TakeStdout()
	if err != nil {
		return 1
	}
	s := New(os.Stdin, client, Options{})
	defer s.Close(1000, "")
	for {
		msg, err := s.Read(context.Background())
		if err != nil {
			return 2
		}
		if err := s.Write(context.Background(), msg); err != nil {
			_, logErr := fmt.Fprintln(os.Stderr, err)
			if errors.Is(err, syscall.EPIPE) && errors.Is(logErr, syscall.EPIPE) {
				return 0
			}
			return 3
		}
	}
}

func TestClosedStdoutDoesNotKill(t *testing.T) {
	t.Parallel()
	if os.PathSeparator == '\\' {
		t.Skip("a broken pipe has another error on Windows, and kills nobody")
	}
	cmd := start("echo")
	stdin, _ := cmd.StdinPipe()
	stdout, _ := cmd.StdoutPipe()
	stderr, _ := cmd.StderrPipe()
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	fmt.Fprintln(stdin, "{}")
	answer := make([]byte, 3)
	if _, err := io.ReadFull(stdout, answer); err != nil || string(answer) != "{}\n" {
		t.Fatalf("got %q and %v", answer, err)
	}
	stdout.Close()
	stderr.Close()
	fmt.Fprintln(stdin, "{}")
	if err := cmd.Wait(); err != nil {
		t.Errorf("the process did not live to say so: %v", err)
	}
}
