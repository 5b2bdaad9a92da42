// Package shim is the process between a server and a program that it runs as a tool.
//
// The server starts its own binary again under the name [Name], and the init of this
// package takes over there:
//
//	server ──▶ shim ──▶ leader ──▶ what it starts
//	   │        ▲ │
//	   │ orders │ │ reports        fd 3 and 4, a line of JSON each
//	   └────────┘ ▼
//
// The shim puts itself into the containment that its [Order] asks for, starts the
// program in it, and stays as the parent to which everything falls that the program
// starts and leaves. It ends the whole tree when the program ends, when it is told to,
// and when its orders end, which they also do when the server dies. Then it says what
// the tree has used, and ends.
//
// What can be restricted for a thread alone is, and that thread starts the program: so
// the program cannot touch what watches over it.
package shim
