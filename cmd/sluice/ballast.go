package main

import "sync"

// ballast is memory that counts for the pace of the garbage collector and is never
// touched, so that it takes address space and nothing else. A server's own heap is of a
// few megabytes; a busy one would collect that more than a hundred times a second, for
// Go collects a heap when it has doubled.
var ballast = sync.OnceValue(func() []byte { return make([]byte, 16<<20) })
