// Package history keeps what is known of past executions.
//
// The engine makes one [Record] of every call, refused ones too, and appends it to a
// [Store] with the arguments of the call, of which the store keeps a hash and a redacted
// preview ([Redactor]) and nothing else. [Memory] keeps the last few in memory; package
// executor/history/sqlite keeps them in a file. Both are searched with a [Filter], and
// [Summarize] makes statistics of what either finds.
package history
