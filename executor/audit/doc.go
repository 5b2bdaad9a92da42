// Package audit is the log of what the engine decided: one line of JSON for each
// decision, made so that a line that was changed, taken out, put in or moved shows.
//
// A call that came leaves these lines, and no others:
//
//	             +--> refused (by a load policy)
//	             |
//	came --> allowed --> started --> finished
//	   |         |                      ^
//	   |         +--- answered without a slot of its own: cache, cancelled in the queue
//	   +---> refused
//
// Each call that was answered has exactly one refused or finished line, its last but
// for the panicked line of a handler that was abandoned. docs/audit.md lists the fields.
//
// # The chain
//
// Each process writes a chain of its own. A line carries the chain's id, its number in
// it from 0, the hash of the line before (prev) and its own (hash): SHA-256 over the
// bytes of the line up to its hash. So several processes may append to one file, and
// [Verify] takes them apart again. The first line of a chain, and its first in each
// further file, names the process. The last says that the chain is closed: without it
// nobody can tell a process that was killed from one whose last lines were cut off.
//
// The chain holds no secret: who may write the file can make it anew from some line
// on. The remedy is to keep the hashes that Verify gives, or the lines, elsewhere.
//
// # Several processes, and files that fill up
//
// Lines are appended by one write of whole lines to a file opened for appending, which
// local file systems do not tear apart. A full file is never renamed, for that is a race
// between processes, and on Windows impossible while another has it open. Instead, the
// next lines go to the next number: audit.jsonl, audit.000001.jsonl and so on. A file
// that is full stays full, so all processes come to the same one, whenever they look.
//
// # Overload and failure
//
// [File] has one goroutine that writes. Calls leave their entries in a buffer of 4 MiB;
// what finds it full is dropped, counted, and a line that says how many were is written
// in their place. What could not be written is tried again each second, in order, so a
// disk that was full for a while costs nothing but what did not fit the buffer.
//
// Lines are handed to the operating system and not synced to the disk: they survive
// the process, not the loss of power.
package audit
