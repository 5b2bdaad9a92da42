package tools

import "encoding/json"

// A Result is what a call gives back. It must not be changed after the handler
// returned it.
type Result struct {
	// Content is what the model reads, in order.
	Content []Content

	// Structured is a JSON value that fits the tool's output schema, for programs.
	// Shown from revision 2025-06-18 on, and before 2026-07-28 only where it is an
	// object: put its text into Content as well, as [Func] does.
	Structured json.RawMessage

	// IsError says that the tool failed in its own terms; Content tells the model
	// how.
	IsError bool

	// Meta is the result's _meta object. Keys are namespaced as the specification
	// says (basic, "_meta"); those of io.modelcontextprotocol are set by the server.
	Meta map[string]any
}

// TextResult returns a result with one block of text.
func TextResult(text string) *Result {
	return textResult(text, false)
}

// ErrorResult returns a result with IsError and one block of text.
func ErrorResult(text string) *Result {
	return textResult(text, true)
}

// textResult allocates the result and its list of content as one.
func textResult(text string, isError bool) *Result {
	r := &struct {
		Result
		content [1]Content
	}{Result: Result{IsError: isError}, content: [1]Content{Text{Text: text}}}
	r.Content = r.content[:]
	return &r.Result
}
