package httpcall

import (
	"errors"
	"fmt"
	"maps"
	"mime"
	"slices"
	"strings"

	"github.com/go-json-experiment/json"
	"github.com/go-json-experiment/json/jsontext"

	"github.com/sluice-dev/sluice/tools"
	"github.com/sluice-dev/sluice/tools/internal/template"
)

// The bodies that stand for all arguments which no other part of the request uses.
const (
	bodyJSON = "json"
	bodyForm = "form"
)

// A body is what a request carries.
type body struct {
	kind        string            // bodyJSON, bodyForm, or empty for the template
	text        template.Template // nil for no body
	inJSON      bool              // the template is JSON, and so are the values filled in
	contentType string
	used        []string // the arguments that other parts of the request use
}

func parseBody(source, contentType string) (body, error) {
	b := body{contentType: contentType}
	switch source {
	case "":
		if contentType != "" {
			return b, errors.New("a content type needs a body")
		}
		return b, nil
	case bodyJSON, bodyForm:
		b.kind = source
		b.setType(map[string]string{bodyJSON: "application/json", bodyForm: "application/x-www-form-urlencoded"}[source])
		return b, checkType(b.contentType)
	}
	var err error
	if b.text, err = template.Parse(source); err != nil {
		return b, fmt.Errorf("body: %w", err)
	}
	if len(b.text.Names()) == 0 {
		return b, fmt.Errorf("body: neither %q nor %q nor a template with a placeholder", bodyJSON, bodyForm)
	}
	b.setType("text/plain; charset=utf-8")
	if b.inJSON = isJSON(b.contentType); b.inJSON {
		err = checkJSON(b.text)
	}
	return b, errors.Join(err, checkType(b.contentType))
}

func (b *body) setType(standard string) {
	if b.contentType == "" {
		b.contentType = standard
	}
}

func checkType(contentType string) error {
	if _, _, err := mime.ParseMediaType(contentType); err != nil || !isHeaderValue(contentType) {
		return fmt.Errorf("content type %q: that is none", contentType)
	}
	return nil
}

// isJSON reports whether a content type is that of JSON, or of a form of it.
func isJSON(contentType string) bool {
	media, _, err := mime.ParseMediaType(contentType)
	return err == nil && (media == "application/json" || strings.HasSuffix(media, "+json"))
}

// checkJSON holds that a template is JSON whatever is filled in: it is so with a string
// in each place, and strings are marked off by quotes.
func checkJSON(t template.Template) error {
	values := map[string]string{}
	for _, name := range t.Names() {
		values[name] = `""`
	}
	text, _ := t.Fill(values)
	if !jsontext.Value(text).IsValid() {
		return errors.New("body: the template is no JSON; a placeholder stands for a whole JSON value, with its quotes: write {{\"a\": {a}}")
	}
	return nil
}

// exists reports whether there is a body.
func (b *body) exists() bool { return b.kind != "" || b.text != nil }

// fill returns the body of a call.
func (b *body) fill(call *tools.Call, values map[string]jsontext.Value) ([]byte, error) {
	switch {
	case b.kind == bodyJSON:
		return b.object(call)
	case b.kind == bodyForm:
		return b.form(values)
	case b.inJSON:
		return b.fillJSON(values)
	}
	text, _, err := fillText(b.text, values)
	return []byte(text), err
}

// object returns the arguments that are left as a JSON object, and those that are null
// with them: to many services null says more than nothing.
func (b *body) object(call *tools.Call) ([]byte, error) {
	given := map[string]jsontext.Value{}
	if len(call.Arguments) > 0 {
		if err := json.Unmarshal(call.Arguments, &given); err != nil {
			return nil, tools.Errorf("the arguments are not a JSON object: %w", err)
		}
	}
	for _, name := range b.used {
		delete(given, name)
	}
	return json.Marshal(given, json.Deterministic(true))
}

func (b *body) form(values map[string]jsontext.Value) ([]byte, error) {
	var pairs []string
	for _, name := range slices.Sorted(maps.Keys(values)) {
		if slices.Contains(b.used, name) {
			continue
		}
		var err error
		if pairs, err = appendPairs(pairs, name, values[name]); err != nil {
			return nil, err
		}
	}
	return []byte(strings.Join(pairs, "&")), nil
}

// fillJSON fills in JSON values. One that is missing is null; of a body that is
// nothing but a value that is missing there is none.
func (b *body) fillJSON(values map[string]jsontext.Value) ([]byte, error) {
	if name, ok := sole(b.text); ok {
		return values[name], nil
	}
	texts := map[string]string{}
	for _, name := range b.text.Names() {
		if value, ok := values[name]; ok {
			texts[name] = string(value)
		} else {
			texts[name] = "null"
		}
	}
	text, _ := b.text.Fill(texts)
	return []byte(text), nil
}
