package openapi

import (
	"fmt"
	"regexp"
	"slices"
	"strings"

	"github.com/getkin/kin-openapi/openapi3"
)

// A request gathers what a tool sends and the arguments that fill it.
type request struct {
	*inliner
	path           string // with placeholders
	query, headers mapping
	body           string
	contentType    string
	taken          map[string]bool // names of arguments
	properties     mapping
	required       []any
	open           bool // other arguments are accepted too
}

// input returns the schema of the arguments.
func (r *request) input() mapping {
	properties := r.properties
	if properties == nil {
		properties = mapping{}
	}
	m := mapping{{"type", "object"}, {"properties", properties}}
	m = m.with("required", r.required)
	if !r.open {
		m = m.with("additionalProperties", false)
	}
	return m
}

// addParameters adds those of the path item and of the operation, which go before.
func (r *request) addParameters(o *operation) error {
	for _, ref := range mergeParameters(o.item.Parameters, o.Parameters) {
		if err := r.addParameter(o, ref.Value); err != nil {
			return err
		}
	}
	r.addUndeclared()
	return nil
}

var inBraces = regexp.MustCompile(`\{[^{}]*\}`)

// addUndeclared adds the parameters of the path that the document does not declare, as
// many do not.
func (r *request) addUndeclared() {
	r.path = inBraces.ReplaceAllStringFunc(r.path, func(placeholder string) string {
		name := strings.Trim(placeholder, "{}")
		if r.taken[name] {
			return placeholder
		}
		argument := unique(r.taken, identifier(name))
		r.addProperty(argument, mapping{{"type", "string"}}, true)
		return "{" + argument + "}"
	})
}

func mergeParameters(general, own openapi3.Parameters) openapi3.Parameters {
	same := func(a, b *openapi3.ParameterRef) bool {
		return a.Value != nil && b.Value != nil && a.Value.Name == b.Value.Name && a.Value.In == b.Value.In
	}
	var merged openapi3.Parameters
	for _, p := range general {
		if p.Value != nil && !slices.ContainsFunc(own, func(other *openapi3.ParameterRef) bool { return same(p, other) }) {
			merged = append(merged, p)
		}
	}
	for _, p := range own {
		if p.Value != nil && !slices.ContainsFunc(merged, func(other *openapi3.ParameterRef) bool { return same(p, other) }) {
			merged = append(merged, p)
		}
	}
	return merged
}

// setByOthers are headers that follow from other parts of a document.
var setByOthers = []string{"accept", "content-type", "authorization", "content-length", "host", "cookie", "accept-encoding", "connection"}

func (r *request) addParameter(o *operation, p *openapi3.Parameter) error {
	switch {
	case p.In == openapi3.ParameterInHeader && slices.Contains(setByOthers, strings.ToLower(p.Name)):
		return nil
	case p.In == openapi3.ParameterInCookie || p.Schema == nil && len(p.Content) > 0:
		if p.Required {
			return fmt.Errorf("its parameter %q is in a form that tools cannot send", p.Name)
		}
		o.conversion.note("%s: the optional parameter %q is left out: tools cannot send its form", o.name, p.Name)
		return nil
	}
	argument := unique(r.taken, identifier(p.Name))
	placeholder := "{" + argument + "}"
	switch p.In {
	case openapi3.ParameterInPath:
		r.path = strings.ReplaceAll(r.path, "{"+p.Name+"}", placeholder)
	case openapi3.ParameterInQuery:
		r.query = append(r.query, member{p.Name, placeholder})
	case openapi3.ParameterInHeader:
		r.headers = append(r.headers, member{p.Name, placeholder})
	default:
		return nil
	}
	r.addProperty(argument, r.parameterSchema(p), p.Required || p.In == openapi3.ParameterInPath)
	return nil
}

func (r *request) addProperty(name string, s mapping, required bool) {
	r.properties = append(r.properties, member{name, s})
	if required {
		r.required = append(r.required, name)
	}
}

// parameterSchema returns the schema of a parameter. The default is left to the server
// and told in words; a list that is not repeated is a text with commas.
func (r *request) parameterSchema(p *openapi3.Parameter) mapping {
	s := r.schema(p.Schema)
	text := p.Description
	if text == "" {
		text, _ = s.get("description").(string)
	}
	text = brief(text, maxDescription)
	if value := s.get("default"); value != nil {
		text = strings.TrimSpace(text + " Defaults to " + flowOf(value) + ".")
	}
	s = s.without("default").without("description")
	if isList := s.get("type") == "array"; isList && !repeats(p) {
		s = mapping{{"type", "string"}}
		text = strings.TrimSpace(text + " Several values are separated by commas.")
	}
	return mapping(nil).with("description", text).join(s)
}

func (m mapping) join(more mapping) mapping { return append(m, more...) }

// repeats reports whether the items of a list are repeated parameters, as queries have
// it unless they say otherwise.
func repeats(p *openapi3.Parameter) bool {
	if p.In == openapi3.ParameterInHeader {
		return true // joined with commas when it is sent
	}
	return p.In == openapi3.ParameterInQuery && (p.Style == "" || p.Style == "form") && (p.Explode == nil || *p.Explode)
}
