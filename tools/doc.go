// Package tools says what a tool is: a [Definition] that clients are shown, a
// [Handler] that does the work, the [Call] it is given and the [Result] it
// returns, and the [Registry] that holds tools by name.
//
// There are two ways to make one. [Func] takes a Go function with typed input and
// output: the schemas are reflected from the types, arguments arrive decoded, a
// returned value becomes content. A [Tool] literal with a [Handler] of one's own
// has the last word on everything. Tools of other kinds (a program, an HTTP
// endpoint, another MCP server) are packages below this one that turn a
// specification into a Tool.
//
// A handler runs inside an engine that this package does not know: whatever holds
// for its time, its arguments, its panics and its output is the engine's work. From
// within a call, [Report] streams progress and [Log] sends log notes to the caller.
package tools
