// Package openapi makes tool entries for a config file out of an OpenAPI document
// (3.0 and 3.1): one for each operation.
//
// [Load] reads a document, [Convert] makes the entries, and [Tool.YAML] writes one.
// References are inlined, since an entry stands alone, within bounds: what is deeper,
// or refers to itself, is left open, so that such a schema accepts more than the
// document and never less.
package openapi
