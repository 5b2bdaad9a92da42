// Everything is an MCP server with a tool for every behaviour that a client or a test
// suite may want to see: results of every kind, failures, progress, log notes, long
// texts, slow and stubborn calls, a list of tools that is paginated and changes. It is
// built with the library as any program would be.
//
//	everything stdio
//	everything serve --listen 127.0.0.1:7777 --token SECRET [--origin ORIGIN]...
//
// Over stdio it ends when its input does. Serving, it prints the URL that it listens
// at to stderr, and ends at SIGTERM or an interrupt. Both let running calls go on for
// five seconds; a second signal ends it at once.
package main
