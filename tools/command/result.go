package command

import (
	stdjson "encoding/json"
	"fmt"
	"strings"

	"github.com/go-json-experiment/json"
	"github.com/go-json-experiment/json/jsontext"

	"github.com/sluice-dev/sluice/tools"
	"github.com/sluice-dev/sluice/tools/command/internal/shim"
	"github.com/sluice-dev/sluice/tools/internal/display"
)

// maxSample is how much of an output that is not JSON its error shows, in bytes.
const maxSample = 512

// result makes the result of a run that has ended by itself or by its output.
func (p *program) result(r *run) (*tools.Result, error) {
	switch {
	case r.stdout.room < 0:
		return p.overflow(r.head), nil
	case !r.ending.success():
		return p.failure(r), nil
	case p.structured:
		return p.structure(r.head.String()), nil
	}
	return tools.TextResult(display.Visible(r.head.String())), nil
}

// overflow is the result of a program that printed too much: what it printed up to
// then is there, cut.
func (p *program) overflow(stdout *head) *tools.Result {
	result := tools.ErrorResult(fmt.Sprintf("The output is truncated: %s printed more than %d bytes "+
		"to its standard output and was killed. Ask for less at once.", p.base(), p.output))
	return withOutput(result, display.CutRune(stdout.String()))
}

// failure is the result of a program that ended in failure: how, the end of its
// stderr, and its stdout, where compilers and the like put what they found.
func (p *program) failure(r *run) *tools.Result {
	text := p.base() + " "
	switch {
	case r.usage.limit == shim.LimitProcesses && r.ending.signal == 0:
		text += p.resources.refused(r.ending)
	case r.usage.limit != "":
		text += p.resources.exceeded(r.usage.limit)
	default:
		text += r.ending.String()
	}
	if tail := strings.TrimSpace(display.Plain(r.tail.String())); tail != "" {
		text += "\n\nstandard error:\n" + tail
	}
	return withOutput(tools.ErrorResult(text), r.head.String())
}

// withOutput adds the output of a program to its error, where it has any.
func withOutput(result *tools.Result, output string) *tools.Result {
	if output != "" {
		result.Content = append(result.Content, tools.Text{Text: display.Visible(output)})
	}
	return result
}

// structure is the result of a program whose output is declared to be JSON.
func (p *program) structure(stdout string) *tools.Result {
	value, err := parseJSON(stdout)
	if err != nil {
		return tools.ErrorResult(fmt.Sprintf("%s was to print one JSON value, but its output is none: %s\n\n%s",
			p.base(), strings.TrimPrefix(err.Error(), "jsontext: "), sample(stdout)))
	}
	return &tools.Result{
		Content:    []tools.Content{tools.Text{Text: string(value)}},
		Structured: stdjson.RawMessage(value),
	}
}

// parseJSON reads one JSON value, strictly, and returns it without blanks.
func parseJSON(text string) (jsontext.Value, error) {
	var value jsontext.Value
	if err := json.Unmarshal([]byte(text), &value); err != nil {
		return nil, err
	}
	return value, value.Compact()
}

// sample returns the beginning of an output, to show what it is like.
func sample(output string) string {
	switch {
	case strings.TrimSpace(output) == "":
		return "It printed nothing."
	case len(output) > maxSample:
		return "It begins:\n" + display.Clean(display.CutRune(output[:maxSample])) + "[...]"
	}
	return "It is:\n" + display.Clean(output)
}
