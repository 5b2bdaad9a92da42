package config

import "github.com/invopop/jsonschema"

// A switchable is a value of the file for which off or false may stand.
type switchable interface{ switchOff() }

// off is what stands for a value that is switched off. To YAML 1.2 the word is a
// string, to people it is none.
const off = "off"

// isOff reports whether a value switches off what it stands for.
func (v *value) isOff() bool {
	return v.kind == boolean && v.scalar == "false" || v.kind == text && v.scalar == off
}

func (b *Breaker) switchOff() { b.Off = true }
func (c *Cache) switchOff()   { c.Off = true }
func (h *History) switchOff() { h.Off = true }

// JSONSchemaExtend lets the schema have what the decoder takes.
func (Breaker) JSONSchemaExtend(s *jsonschema.Schema) { orOff(s) }

// JSONSchemaExtend lets the schema have what the decoder takes.
func (Cache) JSONSchemaExtend(s *jsonschema.Schema) { orOff(s) }

// JSONSchemaExtend lets the schema have what the decoder takes.
func (History) JSONSchemaExtend(s *jsonschema.Schema) { orOff(s) }

// orOff lets off stand for a mapping. The properties bind mappings only, so they stay
// where they are.
func orOff(s *jsonschema.Schema) {
	s.Type = ""
	s.AnyOf = []*jsonschema.Schema{{Type: "object"}, offSchema}
}

var offSchema = &jsonschema.Schema{Enum: []any{false, off}}
