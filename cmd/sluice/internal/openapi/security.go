package openapi

import (
	"maps"
	"slices"
	"strings"

	"github.com/getkin/kin-openapi/openapi3"
)

// auth returns the secrets that go with an operation, as names of environment
// variables: those of the first of its alternatives that tools can meet.
func (o *operation) auth() []any {
	requirements := o.document.doc.Security
	if o.Security != nil {
		requirements = *o.Security
	}
	if len(requirements) == 0 {
		return nil
	}
	for _, requirement := range requirements {
		if entries, ok := o.credentials(requirement); ok {
			return entries
		}
	}
	o.conversion.note("%s: none of its kinds of authentication is one that tools know; its entry has none", o.name)
	return nil
}

// credentials returns the entries for one alternative; false where a part of it is
// none that tools know.
func (o *operation) credentials(requirement openapi3.SecurityRequirement) (entries []any, ok bool) {
	var places []string
	for _, name := range slices.Sorted(maps.Keys(requirement)) {
		scheme := o.scheme(name)
		if scheme == nil {
			return nil, false
		}
		entry := placeOf(scheme)
		if entry == nil {
			return nil, false
		}
		place := flowOf(entry.without("scheme"))
		if slices.Contains(places, place) {
			return nil, false // two secrets for one header
		}
		places = append(places, place)
		env := variable(o.conversion.Title + "_" + name)
		entries = append(entries, entry.join(mapping{{"token_env", env}}))
		o.conversion.Variables[env] = meaning(scheme)
	}
	return entries, true
}

func (o *operation) scheme(name string) *openapi3.SecurityScheme {
	if o.document.doc.Components == nil {
		return nil
	}
	ref := o.document.doc.Components.SecuritySchemes[name]
	if ref == nil {
		return nil
	}
	return ref.Value
}

// placeOf returns where a scheme has its secret; nil where that is nowhere that tools
// know.
func placeOf(s *openapi3.SecurityScheme) mapping {
	header := mapping{{"header", "Authorization"}}
	switch {
	case s.Type == "http" && strings.EqualFold(s.Scheme, "bearer"), s.Type == "oauth2", s.Type == "openIdConnect":
		return header.join(mapping{{"scheme", "Bearer"}})
	case s.Type == "http" && strings.EqualFold(s.Scheme, "basic"):
		return header.join(mapping{{"scheme", "Basic"}})
	case s.Type == "apiKey" && slices.Contains([]string{"header", "query", "cookie"}, s.In) && s.Name != "":
		return mapping{{s.In, s.Name}}
	}
	return nil
}

func meaning(s *openapi3.SecurityScheme) string {
	switch {
	case s.Type == "http" && strings.EqualFold(s.Scheme, "basic"):
		return "user:password"
	case s.Type == "apiKey":
		return "the key for the " + s.In + " " + s.Name
	}
	return "an access token"
}
