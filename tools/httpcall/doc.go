// Package httpcall makes a tool of an HTTP endpoint: a [Spec] says which request to
// send, and [New] turns it into a [tools.Tool].
//
// # A call
//
//	arguments ──▶ URL, query, headers, body ──┐       ┌─▶ JSON ─▶ structured content
//	secrets ────▶ header, query or cookie ────┤       │   text, image, audio, bytes
//	                                          ▼       │
//	              ┌── attempt: dial ▶ guard ▶ send ▶ answer ─▶ secrets taken out ─▶ result
//	              │      ▲                ▲           │
//	              │      └─ wait, budget ─┼───────────┤ no answer, 429, 502, 503, 504
//	              │                       └───────────┘ redirect, looked at again
//	              └── ctx done: the cause of that
//
// What is filled in stays in its place: in its segment of the path, in the value of
// its parameter, in its header. No argument can change the host, add a segment, a
// parameter or a header.
//
// # Where it may go
//
// A tool reaches the public internet, and of local addresses only those that its Spec
// names ([Spec.Allow]). That is decided when a connection is made, by the address that
// a name has resolved to, for redirects too; so neither DNS rebinding nor a redirect nor
// another notation of an address leads into the local network. Proxies that the
// environment names are not used.
//
// # Outcomes
//
// A success (2xx) is the result: JSON as structured content and as text, other text
// with what is invisible in it taken out, images, audio and bytes as such. Any other
// status is a result with IsError that has the status and the beginning of the body. The
// status is in the result's _meta, as "dev.sluice/http": {"status": 404}. An endpoint
// that cannot be reached, and one that answers 502, 503 or 504, is an error that counts for
// the circuit breaker ([tools.Unreachable]).
//
// The body is read up to [Spec.Response] bytes, decompressed, so that neither an endless
// one nor one that is compressed a thousandfold takes more memory than that. Every 64 KiB
// of it are reported as progress.
package httpcall
