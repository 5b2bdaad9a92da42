package openapi

import (
	"fmt"
	"maps"
	"mime"
	"slices"
	"strings"

	"github.com/getkin/kin-openapi/openapi3"
)

// addBody adds the body: the members of an object as arguments of their own, anything
// else as one argument.
func (r *request) addBody(o *operation) error {
	if o.RequestBody == nil || o.RequestBody.Value == nil || len(o.RequestBody.Value.Content) == 0 {
		return nil
	}
	if o.method == "GET" || o.method == "HEAD" {
		o.conversion.note("%s: the body is left out: a %s has none", o.name, o.method)
		return nil
	}
	body := o.RequestBody.Value
	if name, media := jsonMedia(body.Content); media != nil {
		r.addJSON(name, media, body)
		return nil
	}
	if media := body.Content["application/x-www-form-urlencoded"]; media != nil {
		return r.addForm(media)
	}
	for _, name := range slices.Sorted(maps.Keys(body.Content)) {
		if strings.HasPrefix(name, "text/") {
			r.addWhole(name, mapping{{"type", "string"}}, body)
			return nil
		}
	}
	if body.Required {
		return fmt.Errorf("its body is of the type %s, which tools cannot send", slices.Sorted(maps.Keys(body.Content))[0])
	}
	o.conversion.note("%s: the optional body is left out: tools cannot send its type", o.name)
	return nil
}

func (r *request) addJSON(name string, media *openapi3.MediaType, body *openapi3.RequestBody) {
	s := r.schema(media.Schema)
	if name != "application/json" {
		r.contentType = name
	}
	if !r.flattens(s) {
		r.addWhole(name, s, body)
		return
	}
	r.body = "json"
	r.addMembers(s)
}

// flattens reports whether a schema is no more than an object whose members can stand
// beside the parameters.
func (r *request) flattens(s mapping) bool {
	properties, _ := s.get("properties").(mapping)
	if s.get("type") != "object" || len(properties) == 0 {
		return false
	}
	for _, f := range s {
		if !slices.Contains([]string{"type", "description", "properties", "required", "additionalProperties"}, f.key) {
			return false
		}
	}
	for _, f := range properties {
		if r.taken[f.key] {
			return false
		}
	}
	more := s.get("additionalProperties")
	return more == nil || more == false
}

func (r *request) addMembers(s mapping) {
	properties, _ := s.get("properties").(mapping)
	required, _ := s.get("required").([]any)
	for _, f := range properties {
		r.taken[f.key] = true
		value, _ := f.value.(mapping)
		r.addProperty(f.key, value, slices.Contains(required, any(f.key)))
	}
}

func (r *request) addForm(media *openapi3.MediaType) error {
	s := r.schema(media.Schema)
	properties, _ := s.get("properties").(mapping)
	for _, f := range properties {
		if r.taken[f.key] {
			return fmt.Errorf("its form has a field %q that a parameter has too", f.key)
		}
	}
	r.body = "form"
	r.addMembers(s)
	r.open = len(properties) == 0
	return nil
}

// addWhole adds a body that is one argument.
func (r *request) addWhole(name string, s mapping, body *openapi3.RequestBody) {
	argument := unique(r.taken, "body")
	r.body, r.contentType = "{"+argument+"}", name
	if s.get("description") == nil {
		s = mapping(nil).with("description", brief(body.Description, maxDescription)).join(s)
	}
	r.addProperty(argument, s, body.Required)
}

// jsonMedia returns the content that is JSON, plain before others; nil where none is.
func jsonMedia(content openapi3.Content) (string, *openapi3.MediaType) {
	names := slices.Sorted(maps.Keys(content))
	if i := slices.Index(names, "application/json"); i > 0 {
		names[0], names[i] = names[i], names[0]
	}
	for _, name := range names {
		media, _, err := mime.ParseMediaType(name)
		if err == nil && (media == "application/json" || strings.HasSuffix(media, "+json")) {
			return name, content[name]
		}
	}
	return "", nil
}

func jsonOf(content openapi3.Content) *openapi3.MediaType {
	_, media := jsonMedia(content)
	return media
}
