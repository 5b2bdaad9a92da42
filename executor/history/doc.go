// Package history keeps what is known of past executions.
//
// The engine makes one [Record] of every call, refused ones too, and appends it to a
// [Store]. [Memory] keeps the last few in memory; package
// executor/history/sqlite keeps them in a file.
package history
