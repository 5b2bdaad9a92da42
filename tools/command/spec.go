package command

import (
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"time"

	"github.com/sluice-dev/sluice/tools"
	"github.com/sluice-dev/sluice/tools/internal/environ"
	"github.com/sluice-dev/sluice/tools/internal/template"
)

const (
	defaultOutput = 1 << 20
	defaultGrace  = 2 * time.Second
)

// stdinJSON is the [Spec.Stdin] that stands for all arguments.
const stdinJSON = "json"

// A Spec says how a program is a tool.
type Spec struct {
	// Definition is what clients are shown. Its InputSchema must list each
	// placeholder among its properties; it defaults to one where each placeholder is
	// a required string and nothing else is accepted. Where it has an OutputSchema,
	// stdout must be one JSON value.
	tools.Definition

	// Limits are what the engine holds the calls to.
	Limits tools.Limits

	// Args are the program and its arguments; the program is required. One without a
	// path separator is looked up in the PATH of the server, one with a relative
	// path from Dir. The program may not hold placeholders; the arguments may:
	//
	//   - {name}, of letters, digits, "_", "-" and ".", stands for the argument of
	//     that name: a string as it is, a number or a boolean as its JSON text, an
	//     array or object as compact JSON;
	//   - where the argument is missing or null, the default that its schema gives is
	//     taken; without one the whole element is left out, so write an option and
	//     its value as one: "--lines={n}";
	//   - {{ stands for one opening brace; a closing brace needs no escape.
	Args []string

	// Stdin is what the program reads: "json" stands for all arguments as one JSON
	// object, anything else is a template as in Args, "{text}" for example. Defaults
	// to nothing, which the program sees as an empty file.
	Stdin string

	// AllowDash names the placeholders whose values may begin with "-" at the start
	// of an element. Only a program that cannot take them for options is safe with
	// that.
	AllowDash []string

	// Pattern says of placeholders what the whole of their values must match: regular
	// expressions in the syntax of package regexp, which take linear time. They hold
	// beside the pattern of an input schema, which need not match the whole value.
	Pattern map[string]string

	// Stream makes a progress message of each line of stdout as it is printed; it is
	// a part of the result all the same.
	Stream bool

	// Dir is the working directory. Defaults to that of the server at the time of
	// [New]; a relative one starts there.
	Dir string

	// Env are environment variables to set.
	Env map[string]string

	// PassEnv names variables that the program inherits from the server, beside the
	// few that every program needs (PATH, HOME, USER, LANG, LC_*, TZ, TMPDIR and the
	// like). No other is passed on, so that the secrets of the server stay its own.
	PassEnv []string

	// Sandbox says how much the tool insists on being contained. Defaults to
	// [SandboxAuto].
	Sandbox Sandbox

	// Resources bound what a call may use.
	Resources Resources

	// Read and Write name the files and directories that the program may use, with what
	// is beneath them; a relative one starts from Dir. What is in Write may be read too.
	// Where either is not nil, nothing else may be written; where Read is not nil,
	// nothing else may be read but what belongs to the system (/usr, /etc, /proc and the
	// like) and the program's own file. Both nil limit nothing. They take [LayerFiles].
	Read, Write []string

	// NoNetwork leaves the program without a network, its own machine included. It
	// takes [LayerNetwork].
	NoNetwork bool

	// Kill, where it is not nil, ends every run at once when it is closed, whatever
	// grace there may be. It is for servers that have no more time.
	Kill <-chan struct{}

	// Output is how many bytes a program may print to stdout before it is killed.
	// Defaults to 1 MiB. What it says on stderr is not limited, and not kept either but
	// for the end of it.
	Output int64

	// Grace is the time between asking a program to end (SIGTERM) and killing it.
	// Defaults to 2 s. Windows has no way to ask: there it is killed at once.
	Grace time.Duration
}

// New returns the tool that spec describes, or an error that says what is wrong with
// the description. That the program exists is not looked at: see [Spec.Check].
//
// Its calls may run at once. A program that fails, prints too much or cannot be
// started is a result or an error that the model reads; a call whose context is done
// returns the cause of that.
func New(spec Spec) (*tools.Tool, error) {
	p, err := newProgram(&spec)
	if err != nil {
		return nil, fmt.Errorf("command: tool %q: %w", spec.Name, err)
	}
	if spec.Sandbox == SandboxRequire {
		if err := spec.contained(p.needs); err != nil {
			return nil, fmt.Errorf("command: tool %q: %w", spec.Name, err)
		}
	}
	tool := &tools.Tool{Definition: spec.Definition, Handler: p, Limits: spec.Limits}
	tool.InputSchema = p.arguments.Schema
	return tool, nil
}

// Check reports what stands in the way of a call as things are now: a mistake in the
// spec, a program that is not installed, a working directory or a file of its lists
// that does not exist, something asked of the sandbox that this machine cannot hold. It
// also reports a placeholder in the midst of a script, as in sh -c "echo {text}".
// The error is for whoever runs the server, and names paths.
func (s Spec) Check() error {
	p, err := newProgram(&s)
	if err == nil {
		_, err = p.find()
		err = errors.Join(err, checkDir(p.dir), p.checkLists(), s.contained(s.asked()), p.checkScripts())
	}
	if err != nil {
		return fmt.Errorf("command: tool %q: %w", s.Name, err)
	}
	return nil
}

// newProgram checks the spec and works out all that does not depend on a call.
func newProgram(s *Spec) (*program, error) {
	if s.Output < 0 || s.Grace < 0 {
		return nil, errors.New("the output limit and the grace may not be negative")
	}
	if err := environ.Check(s.Env); err != nil {
		return nil, err
	}
	if err := s.sandboxed(); err != nil {
		return nil, err
	}
	p := &program{
		tool:       s.Name,
		structured: s.OutputSchema != nil,
		stream:     s.Stream,
		output:     s.Output,
		grace:      s.Grace,
		env:        environ.Clean(os.Environ(), s.Env, s.PassEnv),
		allowDash:  slices.Clone(s.AllowDash),
		killed:     s.Kill,
		machine:    containment,
		sandbox:    s.Sandbox,
		needs:      s.needs(),
		resources:  s.Resources.withDefaults(),
		confined:   s.Read != nil || s.Write != nil,
		noNetwork:  s.NoNetwork,
	}
	if p.output == 0 {
		p.output = defaultOutput
	}
	if p.grace == 0 {
		p.grace = defaultGrace
	}
	var err error
	if p.patterns, err = compilePatterns(s.Pattern); err != nil {
		return nil, err
	}
	if p.dir, err = filepath.Abs(s.Dir); err != nil {
		return nil, fmt.Errorf("working directory: %w", err)
	}
	p.read, p.write = p.absolute(s.Read), p.absolute(s.Write)
	if err := p.parse(s); err != nil {
		return nil, err
	}
	return p, p.bind(s.InputSchema)
}

// parse reads the templates of the spec.
func (p *program) parse(s *Spec) error {
	if len(s.Args) == 0 || s.Args[0] == "" {
		return errors.New("no program to run")
	}
	for i, arg := range s.Args {
		t, err := template.Parse(arg)
		if err != nil {
			return fmt.Errorf("argument %d, %q: %w", i, arg, err)
		}
		p.argv = append(p.argv, t)
	}
	if len(p.argv[0].Names()) > 0 {
		return fmt.Errorf("the program, %q, may not depend on the arguments", s.Args[0])
	}
	p.path = p.argv[0].Literal()
	if s.Stdin == "" || s.Stdin == stdinJSON {
		p.stdinJSON = s.Stdin == stdinJSON
		return nil
	}
	var err error
	if p.stdin, err = template.Parse(s.Stdin); err != nil {
		return fmt.Errorf("stdin, %q: %w", s.Stdin, err)
	}
	if len(p.stdin.Names()) == 0 {
		return fmt.Errorf("stdin, %q: neither %q nor a template with a placeholder", s.Stdin, stdinJSON)
	}
	return nil
}

// absolute returns the paths of a list from the working directory; nil for nil.
func (p *program) absolute(paths []string) []string {
	if paths == nil {
		return nil
	}
	list := []string{}
	for _, path := range paths {
		if !filepath.IsAbs(path) {
			path = filepath.Join(p.dir, path)
		}
		list = append(list, path)
	}
	return list
}

// checkLists looks for what the lists name.
func (p *program) checkLists() error {
	var errs []error
	for _, path := range slices.Concat(p.read, p.write) {
		if _, err := os.Stat(path); err != nil {
			errs = append(errs, fmt.Errorf("a path that may be used: %w", err))
		}
	}
	return errors.Join(errs...)
}

func checkDir(dir string) error {
	info, err := os.Stat(dir)
	if err != nil {
		return fmt.Errorf("working directory: %w", err)
	}
	if !info.IsDir() {
		return fmt.Errorf("working directory: %s is not a directory", dir)
	}
	return nil
}
