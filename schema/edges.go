package schema

import (
	"maps"
	"slices"

	"github.com/santhosh-tekuri/jsonschema/v5"
)

// inPlace lists the subschemas that s applies to the same value.
func inPlace(s *jsonschema.Schema) []*jsonschema.Schema {
	subs := []*jsonschema.Schema{s.Ref, s.RecursiveRef, s.DynamicRef, s.Not, s.If, s.Then, s.Else}
	subs = append(subs, s.AllOf...)
	subs = append(subs, s.AnyOf...)
	subs = append(subs, s.OneOf...)
	subs = slices.AppendSeq(subs, maps.Values(s.DependentSchemas))
	for _, dependency := range s.Dependencies {
		subs = append(subs, asSchemas(dependency)...)
	}
	return present(subs)
}

// below lists the subschemas that s applies to parts of the value.
func below(s *jsonschema.Schema) []*jsonschema.Schema {
	subs := []*jsonschema.Schema{
		s.PropertyNames, s.UnevaluatedProperties, s.Items2020, s.Contains, s.UnevaluatedItems, s.ContentSchema,
	}
	subs = append(subs, s.PrefixItems...)
	subs = slices.AppendSeq(subs, maps.Values(s.Properties))
	subs = slices.AppendSeq(subs, maps.Values(s.PatternProperties))
	for _, sub := range []any{s.AdditionalProperties, s.Items, s.AdditionalItems} {
		subs = append(subs, asSchemas(sub)...)
	}
	return present(subs)
}

// asSchemas takes what the compiler keeps in a field that may hold a schema, a list
// of them or something else.
func asSchemas(field any) []*jsonschema.Schema {
	switch field := field.(type) {
	case *jsonschema.Schema:
		return []*jsonschema.Schema{field}
	case []*jsonschema.Schema:
		return field
	}
	return nil
}

func present(subs []*jsonschema.Schema) []*jsonschema.Schema {
	return slices.DeleteFunc(subs, func(s *jsonschema.Schema) bool { return s == nil })
}
