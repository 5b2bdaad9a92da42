// Package stdio frames messages over a pair of byte streams: one message a line, as
// the stdio transport of MCP has it (2026-07-28, basic/transports/stdio). It knows
// nothing of what a message says. [New] makes a [Stream] of any reader and writer;
// [TakeStdout] keeps the process's own output clean of everything else.
//
// # What is taken
//
// A message is what stands before a newline. A carriage return before it and a byte
// order mark at the very start (some Windows clients send one) are passed over. So is
// a line with nothing but white space: on this transport a newline ends a message,
// and where there is nothing to end there is no message, and nobody who waits for an
// answer to it. What follows the last newline is taken as a message when the
// input ends. A line longer than Options.MaxMessage is read to its newline and
// dropped as it comes, so that it costs no memory; Read then says so with a
// [*MessageError], and the next line is served. Whether a message is valid UTF-8 or
// valid JSON is for its reader to judge.
//
// # Reading from a process's stdin
//
// A read from stdin cannot be taken back on every system: an inherited pipe is in
// blocking mode, and to switch it over would switch it for every process that shares
// it, which is why this package does not. A Read that is unblocked by Close or by
// its context therefore leaves one goroutine behind, which sits in the system call
// until the other side writes or closes, takes its bytes with it, and ends. The same
// holds for Write. Where closing the reader ends a read (sockets, pipes of os.Pipe
// and os/exec, io.Pipe), nothing is left.
//
// Programs that the process starts do not see its stdin: os/exec gives them the null
// device unless they are given something else.
package stdio
