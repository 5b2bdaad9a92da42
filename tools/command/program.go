package command

import (
	"context"
	"os/exec"
	"path/filepath"
	"strings"
	"time"

	"github.com/sluice-dev/sluice/tools"
	"github.com/sluice-dev/sluice/tools/internal/environ"
	"github.com/sluice-dev/sluice/tools/internal/template"
)

// A program is a Spec made ready to run. It does not change, and its calls do not
// know of one another.
type program struct {
	tool       string
	path       string              // as in the spec
	argv       []template.Template // path first
	stdin      template.Template   // nil for none
	stdinJSON  bool
	allowDash  []string
	patterns   patterns
	arguments  *template.Arguments
	structured bool // stdout is a JSON value
	stream     bool
	env        []string
	dir        string // absolute
	output     int64  // bytes
	grace      time.Duration
	killed     <-chan struct{}

	machine     func() *machine
	sandbox     Sandbox
	needs       []string // the layers that it is to run in
	resources   Resources
	read, write []string // absolute
	confined    bool     // to these
	noNetwork   bool
}

// Call runs the program once.
func (p *program) Call(ctx context.Context, call *tools.Call) (*tools.Result, error) {
	if ctx.Err() != nil {
		return nil, context.Cause(ctx)
	}
	values, err := p.arguments.Texts(call.Arguments)
	if err == nil {
		err = p.patterns.check(values)
	}
	if err != nil {
		return nil, err
	}
	argv, err := p.fillArgs(values)
	if err != nil {
		return nil, err
	}
	path, err := p.find()
	if err != nil {
		return nil, p.explain(err)
	}
	span := call.StartSpan(ctx, tools.SpanProgram, p.base())
	span.SetText("process.executable.name", p.base())
	cmd := &exec.Cmd{Path: path, Args: argv, Env: environ.Traced(p.env, span.Trace()), Dir: p.dir}
	r, err := p.start(ctx, cmd, p.standardInput(call, values))
	if err != nil {
		span.End("not_started")
		return nil, p.explain(err)
	}
	err = r.supervise(ctx)
	r.endSpan(span, err)
	if r.usage.Usage != (tools.Usage{}) {
		tools.ReportUsage(ctx, r.usage.Usage)
	}
	if err != nil {
		return nil, err
	}
	return p.result(r)
}

// endSpan ends the span of a run that supervise has ended.
func (r *run) endSpan(span tools.Span, err error) {
	failure := ""
	switch {
	case err != nil:
		failure = "cancelled"
	case r.stdout.room < 0:
		failure = "output_too_large"
	case r.usage.limit != "" && !r.ending.success():
		failure = "limit_" + r.usage.limit
	case r.ending.signal != 0:
		failure = "signal"
	case r.ending.code != 0:
		failure = "exit_code"
	}
	if err == nil && r.ending.signal == 0 {
		span.SetInt("process.exit.code", r.ending.code)
	}
	span.End(failure)
}

// standardInput returns what the program is to read; nil for nothing.
func (p *program) standardInput(call *tools.Call, values map[string]string) []byte {
	switch {
	case p.stdinJSON && len(call.Arguments) == 0:
		return []byte("{}")
	case p.stdinJSON:
		return call.Arguments
	}
	text, _ := p.stdin.Fill(values)
	return []byte(text)
}

// base is the name of the program that callers may see: without its path.
func (p *program) base() string { return filepath.Base(p.path) }

// find returns the file to execute.
func (p *program) find() (string, error) {
	name := p.path
	if strings.ContainsAny(name, `/`+string(filepath.Separator)) && !filepath.IsAbs(name) {
		name = filepath.Join(p.dir, name)
	}
	path, err := exec.LookPath(name)
	if err != nil {
		return "", err
	}
	return path, p.checkBatch(path)
}

// checkBatch refuses to fill arguments into a batch file: Windows runs one through
// its command interpreter, which reads the arguments by rules of its own, so that a
// value could become a command (CVE-2024-24576 and its kin).
func (p *program) checkBatch(path string) error {
	switch strings.ToLower(filepath.Ext(path)) {
	case ".bat", ".cmd":
	default:
		return nil
	}
	for _, t := range p.argv {
		if len(t.Names()) > 0 {
			return errBatch
		}
	}
	return nil
}
