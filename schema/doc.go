// Package schema is everything Sluice knows about JSON Schema: it reflects Go
// types into schemas ([For]), compiles schemas ([Compile]), decodes JSON values
// strictly ([Decode]) and validates them ([Schema.Validate]).
//
// # Dialects
//
// The default dialect is 2020-12, as MCP requires (specification 2026-07-28, basic,
// "JSON Schema Usage"). With $schema at its root a schema may declare 2019-09 or
// draft 7, 6 or 4; any other dialect is refused. In every dialect format is
// asserted, since the author of a tool means it and a model can act on it; names of
// formats that are not known are passed over. The content keywords
// (contentEncoding, contentMediaType) are annotations. Patterns are RE2, so one
// with lookaround or back-references is refused.
//
// # Strangers' schemas
//
// A $ref is never fetched: neither from the network nor from a file; only the
// metaschemas of the dialects, which are built in, may be named by their URLs.
// Compile refuses a schema that is too large, too deep, has too many subschemas, or
// expands to too many branches through $ref, allOf, anyOf and oneOf, and one with
// references that go in a circle without descending into the value.
//
// Those bounds do not make every validation short: a recursive schema may double
// its work with each level of the value, and the validator cannot be interrupted
// from outside. Where neither the schema nor the value is so small that the work is
// bounded by arithmetic, a validation runs under a deadline, one at a time for each
// schema.
package schema
