package config

import "github.com/invopop/jsonschema"

// A switchable is a section of the file for whose mapping off or false may stand.
type switchable interface{ switchOff() }

// off is what stands for a section that is switched off. To YAML 1.2 the word is a
// string, to people it is none.
const off = "off"

// isOff reports whether a value switches its section off.
func (v *value) isOff() bool {
	return v.kind == boolean && v.scalar == "false" || v.kind == text && v.scalar == off
}

func (h *History) switchOff() { h.Off = true }

// JSONSchemaExtend lets the schema have what the decoder takes. The properties bind
// mappings only, so they stay where they are.
func (History) JSONSchemaExtend(s *jsonschema.Schema) {
	s.Type = ""
	s.AnyOf = []*jsonschema.Schema{{Type: "object"}, {Enum: []any{false, off}}}
}
