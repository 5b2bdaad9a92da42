// Package schema is everything Sluice knows about JSON Schema: it reflects Go
// types into schemas ([For]), compiles schemas ([Compile]) and validates decoded
// JSON values against them ([Schema.Validate]).
//
// The default dialect is 2020-12, as MCP requires
// (specification 2026-07-28, basic, "JSON Schema Usage"); a schema may declare
// draft 4, 6, 7 or 2019-09 with $schema, and any other dialect is refused. A $ref
// is never fetched: neither from the network nor from a file. Schemas are bounded
// in size, depth and branches when they are compiled, since a validation cannot be
// interrupted.
package schema
