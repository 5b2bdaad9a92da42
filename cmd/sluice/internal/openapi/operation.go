package openapi

import (
	"errors"
	"net/url"
	"strings"

	"github.com/getkin/kin-openapi/openapi3"
)

// maxText is how many characters a description of a tool has at most: a model reads
// those of all tools with every question.
const maxText = 800

// An operation is a method of a path, on its way to a tool.
type operation struct {
	*openapi3.Operation
	document     *Document
	item         *openapi3.PathItem
	path, method string
	name         string // of the tool
	options      *Options
	conversion   *Conversion
}

// id returns what the operation calls itself, or method and path.
func (o *operation) id() string {
	if o.OperationID != "" {
		return o.OperationID
	}
	return strings.ToLower(o.method) + "_" + strings.TrimPrefix(o.path, "/")
}

// entry returns the entry of the config.
func (o *operation) entry(b bounds) (mapping, error) {
	server, err := o.server()
	if err != nil {
		return nil, err
	}
	in := &inliner{bounds: b, request: true}
	r := &request{inliner: in, taken: map[string]bool{}, path: o.path}
	if err := r.addParameters(o); err != nil {
		return nil, err
	}
	if err := r.addBody(o); err != nil {
		return nil, err
	}
	call := mapping{{"method", o.method}, {"url", strings.TrimSuffix(server, "/") + r.path}}
	call = call.with("query", r.query).with("headers", r.headers).with("body", r.body).with("content_type", r.contentType)
	call = call.with("auth", o.auth())
	entry := mapping{{"name", o.name}}
	entry = entry.with("title", brief(o.Summary, 100)).with("description", o.description())
	entry = append(entry, member{"http", call}, member{"input", r.input()})
	if o.options.Outputs {
		entry = entry.with("output", o.output(b))
	}
	return entry.with("annotations", o.annotations()), nil
}

func (o *operation) description() string {
	text := o.Description
	if text == "" || strings.HasPrefix(text, o.Summary) && o.Summary != "" {
		text = o.Summary + strings.TrimPrefix(text, o.Summary)
	}
	if text == "" {
		text = o.method + " " + o.path
	}
	if o.Deprecated {
		text = "Deprecated. " + text
	}
	return brief(text, maxText)
}

// server returns the URL that the path is added to.
func (o *operation) server() (string, error) {
	if o.options.Server != "" {
		return o.options.Server, nil
	}
	servers := o.document.doc.Servers
	if o.Servers != nil && len(*o.Servers) > 0 {
		servers = *o.Servers
	} else if len(o.item.Servers) > 0 {
		servers = o.item.Servers
	}
	source := "/"
	if len(servers) > 0 {
		source = servers[0].URL
		for name, v := range servers[0].Variables {
			if v != nil {
				source = strings.ReplaceAll(source, "{"+name+"}", v.Default)
			}
		}
	}
	u, err := url.Parse(source)
	if err != nil || strings.ContainsAny(source, "{}") {
		return "", errors.New("the URL of its server is none; give one with --server")
	}
	if o.document.base != nil {
		u = o.document.base.ResolveReference(u)
	}
	if u.Scheme != "http" && u.Scheme != "https" || u.Host == "" {
		return "", errors.New("the document does not say at which server it is; give its URL with --server")
	}
	u.User, u.RawQuery, u.Fragment = nil, "", ""
	return u.String(), nil
}

// annotations are what the method says (RFC 9110, section 9.2).
func (o *operation) annotations() mapping {
	switch o.method {
	case "GET", "HEAD", "OPTIONS":
		return mapping{{"readOnlyHint", true}}
	case "PUT", "DELETE":
		return mapping{{"destructiveHint", true}, {"idempotentHint", true}}
	}
	return nil
}

// output returns the schema of a success; nil where it says nothing of JSON.
func (o *operation) output(b bounds) mapping {
	if o.Responses == nil {
		return nil
	}
	for _, status := range []string{"200", "201", "202", "2XX", "default"} {
		response := o.Responses.Value(status)
		if response == nil || response.Value == nil {
			continue
		}
		if media := jsonOf(response.Value.Content); media != nil {
			in := &inliner{bounds: b}
			return in.schema(media.Schema)
		}
	}
	return nil
}
