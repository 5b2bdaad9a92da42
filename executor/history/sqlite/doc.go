// Package sqlite keeps the history of executions in an SQLite file.
//
//	Append      any goroutine   copies the record into memory: no lock that is held
//	   |                        for longer than that, no input or output
//	writer      one goroutine   hashes and previews the arguments, and writes what has
//	   |                        come in one transaction, at most ten in a second
//	file        SQLite          shared with other processes; searched by [Store.Query]
//
// A [Store] does nothing before its first record: a server that is started only to be
// asked what it is leaves no file and takes no lock.
//
// # What may be lost
//
// A row is safe from a crash of the process once its transaction has ended: the last
// tenth of a second may be missing, and nothing before it. A crash of the machine may
// take what came since the last checkpoint (the file is in WAL mode, synchronous=NORMAL),
// and harms nothing older.
//
// # When the file cannot be written
//
//	         a write fails                 older than the last [Options.Pending]
//	written ---------------> held in memory ---------------> dropped and counted
//	   ^                          |
//	   +--------------------------+ tried again, ever less often, at least every 30 s
//
// No call notices. The log says once that it began and once that it is over, [Store.Health]
// says how it stands, and how many rows were lost stands in the file: see [Store.Lost]. A
// file that is damaged, or was written by a later version, is set aside under a name with
// the time in it, and a new one is begun.
//
// # Several processes
//
// Any number may share a file. Each write waits for those of the others; what one deletes
// since its [Options] say so is deleted for all. Whoever finds that its file has been moved or
// deleted begins the new one.
package sqlite
