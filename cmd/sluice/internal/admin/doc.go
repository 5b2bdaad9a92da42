// Package admin is the API by which a running server is administered: its documents, and a
// client for them. Docs/observe.md describes it for everybody else.
package admin
