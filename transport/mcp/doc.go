// Package mcp holds the messages of the Model Context Protocol as Sluice sends
// them, and the one table of its revisions.
//
// Two eras are served. A modern revision (2026-07-28) has no handshake: each
// request carries its version and capabilities in _meta and is judged alone. The
// legacy revisions (2025-11-25 and before) begin with initialize, which settles the
// revision for the connection. Whatever differs from one revision to the next is a
// field of [Revision]; the encoders of this package leave out what a revision does
// not know, or say it in the words that it does.
package mcp
