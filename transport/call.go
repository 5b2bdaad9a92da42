package transport

import (
	jsonv2 "github.com/go-json-experiment/json"
	"github.com/go-json-experiment/json/jsontext"
	"github.com/sourcegraph/jsonrpc2"

	"github.com/sluice-dev/sluice/executor"
	"github.com/sluice-dev/sluice/tools"
	"github.com/sluice-dev/sluice/transport/mcp"
)

// callTool starts a call and leaves it to the engine
// (specification 2026-07-28, server/tools, "Calling Tools").
func (c *conn) callTool(r *request) *jsonrpc2.Error {
	name, ok := r.params.text("name")
	if !ok {
		return invalidParams(`"name" must be a string`)
	}
	arguments := r.params.get("arguments")
	switch arguments.Kind() {
	case '{':
	case 'n', 0:
		arguments = nil
	default:
		return invalidParams(`"arguments" must be an object`)
	}
	priority, fault := readPriority(r.meta)
	if fault != nil {
		return fault
	}
	trace := readTrace(r.meta)
	p := &pending{request: r, call: executor.Request{
		Tool: name, Arguments: r.detach(arguments), Priority: priority,
		Caller: c.peer.Caller, Transport: c.peer.Transport, Trace: trace,
	}}
	if c.begin(p) {
		c.runCall(p)
	}
	return nil
}

// readPriority reads the class that the caller wants the call to wait in.
func readPriority(meta members) (executor.Priority, *jsonrpc2.Error) {
	if meta.get(mcp.MetaPriority) == nil {
		return executor.PriorityUsual, nil
	}
	name, _ := meta.text(mcp.MetaPriority)
	priority, err := executor.ParsePriority(name)
	if err != nil {
		return 0, invalidParams("%q in _meta must be one of interactive, normal, batch", mcp.MetaPriority)
	}
	return priority, nil
}

// readTrace reads where the caller stands in a distributed trace (SEP-414). What is
// malformed is passed over, as the specification of traces has it.
func readTrace(meta members) tools.Trace {
	parent, ok := meta.text(mcp.MetaTraceParent)
	if !ok {
		return tools.Trace{}
	}
	state, _ := meta.text(mcp.MetaTraceState)
	baggage, _ := meta.text(mcp.MetaBaggage)
	return tools.ParseTrace(parent, state, baggage)
}

// runCall hands a call to the engine, which answers it on a goroutine of its own, or with the
// burst where its tool is quick.
func (c *conn) runCall(p *pending) {
	r, req := p.request, &p.call
	if p.token != "" {
		req.OnProgress = func(progress tools.Progress) {
			c.offer(p, appendProgress(nil, r.token, progress, r.revision), true)
		}
	}
	if r.level != "" {
		req.OnLog = func(level tools.Level, data any) {
			if level.Severity() >= r.level.Severity() {
				c.note(p, req.Tool, level, data)
			}
		}
	}
	job := c.server.opts.Engine.Job(c.callCtx, req)
	c.start(p, job, func(result *tools.Result, err error) {
		if err != nil {
			c.finish(p, c.failureFrame(r, err))
			return
		}
		frame, err := c.resultFrame(r, result, nil)
		if err != nil {
			c.log().Error("the result cannot be encoded", "id", job.ID(), "tool", req.Tool, "error", err)
			frame = c.failureFrame(r, &executor.Error{Kind: executor.KindInternal, ID: job.ID(), Tool: req.Tool, Err: err})
		}
		c.finish(p, frame)
	})
}

// appendProgress appends a notification of progress.
func appendProgress(dst []byte, token rawID, p tools.Progress, revision *mcp.Revision) []byte {
	dst = append(dst, `{"jsonrpc":"2.0","method":"`+mcp.NotificationProgress+`","params":{"progressToken":`...)
	dst = append(append(dst, token...), `,"progress":`...)
	dst = jsontext.AppendFloat(dst, p.Done, 64)
	if p.Total != 0 {
		dst = jsontext.AppendFloat(append(dst, `,"total":`...), p.Total, 64)
	}
	if p.Message != "" && revision.ProgressMessages {
		dst = mcp.AppendString(append(dst, `,"message":`...), p.Message)
	}
	return append(dst, "}}"...)
}

// note sends what a handler logs to its caller.
func (c *conn) note(p *pending, tool string, level tools.Level, data any) {
	text, err := jsonv2.Marshal(data, jsonv2.Deterministic(true), jsontext.AllowInvalidUTF8(true))
	if err != nil {
		c.log().Warn("log note left out", "id", p.job.ID(), "tool", tool, "error", err)
		return
	}
	dst := append([]byte(`{"jsonrpc":"2.0","method":"`+mcp.NotificationMessage+`","params":{"level":"`), level...)
	dst = mcp.AppendString(append(dst, `","logger":`...), tool)
	dst = append(append(dst, `,"data":`...), text...)
	c.offer(p, append(dst, "}}"...), false)
}

// frameOverhead is about what a response takes beside its id, the server's info and the
// result.
const frameOverhead = 160

// resultFrame encodes the response to a call, with entries of our own in its _meta
// where own is not nil. The error is that of a result that cannot be encoded.
func (c *conn) resultFrame(r *request, result *tools.Result, own map[string]any) ([]byte, error) {
	dst := newFrame(frameOverhead + len(r.id) + len(c.server.info[r.revision]) + mcp.ResultSize(result))
	dst = append(dst, `{"jsonrpc":"2.0","id":`...)
	dst = append(append(dst, r.id...), `,"result":{`...)
	if r.revision.Modern {
		dst = append(dst, `"resultType":"complete",`...)
	}
	dst, err := mcp.AppendResult(dst, result, r.revision)
	if err == nil {
		dst, err = c.appendResultMeta(dst, r.revision, result.Meta, own)
	}
	return append(dst, "}}"...), err
}

// appendResultMeta appends the _meta member of a result, where it has one.
func (c *conn) appendResultMeta(dst []byte, revision *mcp.Revision, metas ...map[string]any) ([]byte, error) {
	start, first := len(dst), true
	dst = append(dst, `,"_meta":{`...)
	if revision.Modern {
		dst, first = c.server.appendServerInfo(dst, revision), false
	}
	for _, meta := range metas {
		var err error
		if dst, first, err = mcp.AppendMeta(dst, meta, first); err != nil {
			return dst, err
		}
	}
	if first {
		return dst[:start], nil
	}
	return append(dst, '}'), nil
}
