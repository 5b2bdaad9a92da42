package httpcall

import (
	"maps"
	"net/url"
	"slices"
	"strings"

	"github.com/go-json-experiment/json"
	"github.com/go-json-experiment/json/jsontext"

	"github.com/sluice-dev/sluice/tools"
	"github.com/sluice-dev/sluice/tools/internal/template"
)

// A parameter is one of a query.
type parameter struct {
	name  string // not escaped
	value template.Template
}

func parseParameter(name, source string) (parameter, error) {
	value, err := template.Parse(source)
	return parameter{name, value}, err
}

// fillParameters appends the escaped pairs of the parameters. One whose argument is
// missing is left out.
func fillParameters(pairs []string, parameters []parameter, values map[string]jsontext.Value) ([]string, error) {
	for _, p := range parameters {
		var err error
		if name, ok := sole(p.value); ok {
			pairs, err = appendPairs(pairs, p.name, values[name])
		} else {
			pairs, err = p.appendText(pairs, values)
		}
		if err != nil {
			return nil, err
		}
	}
	return pairs, nil
}

func (p parameter) appendText(pairs []string, values map[string]jsontext.Value) ([]string, error) {
	text, ok, err := fillText(p.value, values)
	if err != nil || !ok {
		return pairs, err
	}
	return append(pairs, pair(p.name, text)), nil
}

// appendPairs appends what stands for a JSON value in a query or a form: a list is its
// items under the same name; of a mapping the member m is name[m] (in OpenAPI the
// styles "form", exploded, and "deepObject"); null and what is missing are nothing.
func appendPairs(pairs []string, name string, value jsontext.Value) ([]string, error) {
	switch value.Kind() {
	case 0, 'n':
		return pairs, nil
	case '[':
		return appendItems(pairs, name, value)
	case '{':
		return appendMembers(pairs, name, value)
	}
	text, err := textOf(name, value)
	return append(pairs, pair(name, text)), err
}

func appendItems(pairs []string, name string, value jsontext.Value) ([]string, error) {
	var items []jsontext.Value
	if err := json.Unmarshal(value, &items); err != nil {
		return nil, malformed(name, err)
	}
	for _, item := range items {
		if item.Kind() == 'n' {
			continue
		}
		text, err := textOf(name, item)
		if err != nil {
			return nil, err
		}
		pairs = append(pairs, pair(name, text))
	}
	return pairs, nil
}

func appendMembers(pairs []string, name string, value jsontext.Value) ([]string, error) {
	var members map[string]jsontext.Value
	if err := json.Unmarshal(value, &members); err != nil {
		return nil, malformed(name, err)
	}
	for _, key := range slices.Sorted(maps.Keys(members)) {
		var err error
		if pairs, err = appendPairs(pairs, name+"["+key+"]", members[key]); err != nil {
			return nil, err
		}
	}
	return pairs, nil
}

// pair escapes everything that could be more than a part of one name or value.
func pair(name, value string) string { return escapeQuery(name) + "=" + escapeQuery(value) }

// escapeQuery writes a space so that both forms and plain URLs read it as one.
func escapeQuery(text string) string {
	return strings.ReplaceAll(url.QueryEscape(text), "+", "%20")
}

// sole returns the name of the placeholder that a template is, if it is no more.
func sole(t template.Template) (name string, ok bool) {
	if len(t) == 1 && t[0].Name != "" {
		return t[0].Name, true
	}
	return "", false
}

// fillText fills a template with texts; false where one is missing.
func fillText(t template.Template, values map[string]jsontext.Value) (string, bool, error) {
	texts := map[string]string{}
	for _, name := range t.Names() {
		value, ok := values[name]
		if !ok {
			return "", false, nil
		}
		text, err := textOf(name, value)
		if err != nil {
			return "", false, err
		}
		texts[name] = text
	}
	text, ok := t.Fill(texts)
	return text, ok, nil
}

func textOf(name string, value jsontext.Value) (string, error) {
	text, err := template.Text(value)
	if err != nil {
		return "", malformed(name, err)
	}
	return text, nil
}

func malformed(name string, err error) error {
	return tools.Errorf("the argument %q: %w", name, err)
}
