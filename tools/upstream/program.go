package upstream

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"sync/atomic"
	"time"

	"github.com/sluice-dev/sluice/tools/internal/environ"
	"github.com/sluice-dev/sluice/transport/stdio"
)

// Defaults of [Program] and [Remote].
const (
	defaultGrace      = 2 * time.Second
	defaultMaxMessage = 32 << 20
)

// A Program is an MCP server that is started and spoken to over its stdin and stdout.
type Program struct {
	// Args are the program and its arguments; no shell is involved. A program without
	// a slash is looked for in PATH. Required.
	Args []string

	// Env are variables to set in the environment of the program, which otherwise holds
	// PATH, HOME and the like, and of this process's variables those in PassEnv. With
	// InheritEnv it holds all of them.
	Env        map[string]string
	PassEnv    []string
	InheritEnv bool

	// Dir is the working directory. Defaults to that of this process.
	Dir string

	// Stderr takes what the program writes to stderr. Its Write must not block for
	// long: the program waits meanwhile. Defaults to discarding it.
	Stderr io.Writer

	// MaxMessage is the longest line in bytes that is taken from the program; a longer
	// one is dropped and counted. Defaults to 32 MiB.
	MaxMessage int

	// Grace is how long the program may take to end after its stdin is closed, and then
	// again after SIGTERM; then it is killed. Defaults to 2 s.
	Grace time.Duration
}

// A Process is a [Program] that runs. It is the [Stream] to it.
//
// It leads a session of its own (on Windows a job object), and when it ends, the rest of
// that is killed. On Linux and Windows it ends with this process, however that ends;
// elsewhere it finds its stdin closed.
type Process struct {
	*stdio.Stream
	leader   *leader
	grace    time.Duration
	spoke    atomic.Bool // it has written a line
	answered atomic.Bool // it has written one that may be a message
	close    closing
}

// Check returns why the program could not be started now, as far as that can be told
// without starting it.
func (p *Program) Check() error {
	_, err := p.command()
	return err
}

// valid returns what is wrong with the program whatever is installed.
func (p *Program) valid() error {
	if len(p.Args) == 0 || p.Args[0] == "" {
		return errors.New("there is no program to start")
	}
	return environ.Check(p.Env)
}

// Start starts the program. The process must be closed.
func (p *Program) Start() (*Process, error) {
	cmd, err := p.command()
	if err != nil {
		return nil, err
	}
	stdin, err := cmd.StdinPipe()
	if err != nil {
		return nil, err
	}
	// A pipe of our own: Wait would close one of exec's under the hands of the reader.
	stdout, childStdout, err := os.Pipe()
	if err != nil {
		return nil, errors.Join(err, stdin.Close())
	}
	cmd.Stdout = childStdout
	l, err := lead(cmd)
	_ = childStdout.Close()
	if err != nil {
		return nil, errors.Join(err, stdin.Close(), stdout.Close())
	}
	s := &Process{leader: l, grace: orDuration(p.Grace, defaultGrace)}
	s.close.stdin = stdin
	maxMessage := p.MaxMessage
	if maxMessage <= 0 {
		maxMessage = defaultMaxMessage
	}
	s.Stream = stdio.New(stdout, stdin, stdio.Options{MaxMessage: maxMessage})
	go s.cutOff(stdout)
	return s, nil
}

// Open starts the program, for [Spec].Open. It does not wait for it to speak.
func (p *Program) Open(context.Context) (Stream, error) {
	process, err := p.Start()
	if err != nil {
		return nil, err // no Process in an interface that is not nil
	}
	return process, nil
}

func (p *Program) command() (*exec.Cmd, error) {
	if err := p.valid(); err != nil {
		return nil, err
	}
	name := p.Args[0]
	if strings.ContainsAny(name, `/`+string(filepath.Separator)) && !filepath.IsAbs(name) {
		name = filepath.Join(p.Dir, name)
	}
	path, err := exec.LookPath(name)
	if err != nil {
		return nil, fmt.Errorf("start the server: %w", err)
	}
	passed := p.PassEnv
	if p.InheritEnv {
		passed = names(os.Environ())
	}
	return &exec.Cmd{
		Path: path, Args: p.Args, Dir: p.Dir, Stderr: p.Stderr,
		Env:       environ.Clean(os.Environ(), p.Env, passed),
		WaitDelay: time.Second, // for what holds on to its stderr
	}, nil
}

func names(environment []string) []string {
	all := make([]string, 0, len(environment))
	for _, variable := range environment {
		name, _, _ := strings.Cut(variable, "=")
		all = append(all, name)
	}
	return all
}

func orDuration(d, standard time.Duration) time.Duration {
	if d <= 0 {
		return standard
	}
	return d
}
