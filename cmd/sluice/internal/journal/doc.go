// Package journal is the log of the process: package log/slog over a writer that never
// blocks, with a level that can be changed at any time, and without secrets.
//
// A line that cannot be written in time is dropped and counted, and the log says so when
// it is written again. Secrets are masked where a line is made: those that the process
// has been told of ([Hide]), whatever looks like one, and the value of any key that is
// named like one.
package journal
