// Package command makes a tool of a program: a [Spec] says which program to run
// with which arguments, and [New] turns it into a [tools.Tool].
//
// # Arguments
//
// A program is started from a list of arguments, never through a shell. An element
// of [Spec.Args] may hold placeholders: {name} stands for the argument of that name.
// What is filled in stays inside its element, whatever blanks, quotes or
// metacharacters it has. A value that would make its element begin with "-" is
// refused, since the program could take it for an option, and so is a NUL byte. What the
// program makes of an argument is its own affair: where that is a script, as behind sh -c,
// a placeholder in the midst of it is as dangerous as with a shell, and [Spec.Check] says
// so.
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
// Windows). When the leader ends, for whatever reason, everything else is killed, so that
// a call leaves nothing behind that can be reached: see below. The call then waits for
// the ends of the pipes, but not for long: a process out of reach that holds on to one
// costs it at most 2 s.
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
// # Containment
//
// Programs are contained in layers. Each is applied where the machine has it, and
// [Layers] says which it has, and why not others; [SandboxRequire] refuses a tool where
// one is missing that it needs, and [SandboxOff] does without all but the group. What a
// call ran in is reported with what it has used, by tools.ReportUsage.
//
// On Linux and macOS the server starts its own binary again as a shim, the parent of the
// program, where main calls [RunShim]. The shim ends the program when the server dies,
// however it dies, and sets the limits of [Resources].
//
// On Linux, moreover, whatever leaves the group (setsid, a double fork) falls to the
// shim, which ends it; the program gains no rights by what it executes, and reaches
// neither shim nor server (Landlock); where user namespaces are allowed it sees no
// processes but its own, and all of them end with the shim even if that is killed;
// [Spec.Read] and [Spec.Write] confine its files (Landlock), [Spec.NoNetwork] takes its
// network (a network namespace or else a seccomp filter), and where a cgroup v2 is
// delegated, memory, processes and processors are limited for all of the call together.
//
// Elsewhere less is possible. On macOS a process that starts a session of its own leaves
// the group and outlives its call, and limits hold for each process alone; nothing
// confines files or the network. On Windows nothing leaves the job object, which limits
// processor time, memory and processes and ends with the server; nothing confines files
// or the network.
//
// With namespaces and Landlock, programs cannot harm the server or outlive their call.
// They still share its kernel, its user and, unless confined, its files: what is hostile
// by trade belongs in a container or a virtual machine. Without namespaces a server that
// runs as root is open to its programs; do not run it as root then.
package command
