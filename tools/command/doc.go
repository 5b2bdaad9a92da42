// Package command makes a tool of a program: a [Spec] says which program to run
// with which arguments, and [New] turns it into a [tools.Tool].
//
// # Arguments
//
// A program is started from a list of arguments, never through a shell. An element
// of [Spec.Args] may hold placeholders: {name} stands for the argument of that name.
// What is filled in stays inside its element, whatever blanks, quotes or
// metacharacters it has. A value that would make its element begin with "-" is
// refused, since the program could take it for an option, and so is a NUL byte.
//
// # A run
//
//	      arguments ──▶ argv, stdin
//	                        │
//	                  ┌─────▼─────┐  stdout ──▶ text, or JSON ──▶ result
//	ctx done: TERM ──▶│  leader   │  stderr ──▶ lines ──────────▶ progress
//	grace over: KILL ▶│ and group │  ::progress 3/10 packing ───▶ progress
//	too much: KILL ──▶└─────┬─────┘
//	                   leader ends ──▶ KILL what is left, drain the pipes, return
//
// The program leads a process group of its own (a session on Unix, a job object on
// Windows). When the leader ends, for whatever reason, the rest of its group is
// killed, so that a call leaves no process of its group behind. The call then waits
// for the ends of the pipes, but not for long: a process that has left the group and
// holds on to a pipe costs it at most 2 s.
//
// What is printed to stdout is capped while it is read ([Spec.Output]): a program that
// prints more is killed, and its result says so. What is printed to stderr may go on for
// as long as the program runs; its last 4 KiB are kept, for the result of a program that
// fails.
//
// Text is shown as plain text: control sequences for terminals are taken out of it, and
// so are control characters, marks that turn the direction of writing and tags that
// nobody sees, which could hide something from whoever reads along. Output that is
// declared to be JSON is given as it is.
//
// # Progress
//
// Each line on stderr becomes a progress message, and with [Spec.Stream] each line
// on stdout does too. A line may end with a newline or, as progress bars do it, with
// a carriage return. A line of the form
//
//	::progress DONE/TOTAL MESSAGE
//
// on either stream becomes real progress and is no part of the output; the total and
// the message may be left out.
//
// # What this does not contain
//
// A program runs with the rights of the server. On Unix a process that starts a
// session or a group of its own (setsid, a shell with job control) leaves the group
// and may outlive the call. When the server itself is killed, Linux kills the leader
// with it but not the processes that the leader started; other Unix systems kill
// neither; Windows kills all. So the package holds accidents and leaks; hostile
// programs belong in a container.
package command
