package httpcall

import (
	"errors"
	"fmt"
	"net/url"
	"strings"

	"github.com/go-json-experiment/json/jsontext"

	"github.com/sluice-dev/sluice/tools"
	"github.com/sluice-dev/sluice/tools/internal/template"
)

// An address is the template of a URL. Its scheme, host and port are fixed, and so
// are the number of its segments and the names of its parameters: values are filled
// in between.
type address struct {
	base     *url.URL            // scheme and host
	path     string              // the whole template of it
	segments []template.Template // of the path, between the slashes; none for no path
	query    []parameter
}

func parseAddress(source string) (*address, error) {
	if strings.Contains(source, "#") {
		return nil, errors.New(`a fragment ("#...") is never sent; write %23 for the character`)
	}
	end := len(source)
	if scheme := strings.Index(source, "://"); scheme >= 0 {
		start := scheme + len("://")
		if slash := strings.IndexAny(source[start:], "/?"); slash >= 0 {
			end = start + slash
		}
	}
	base, err := parseBase(source[:end])
	if err != nil {
		return nil, err
	}
	path, query, _ := strings.Cut(source[end:], "?")
	a := &address{base: base, path: path}
	if err := a.parsePath(path); err != nil {
		return nil, err
	}
	return a, a.parseQuery(query)
}

// parseBase reads the part of a URL that arguments never change.
func parseBase(source string) (*url.URL, error) {
	if strings.ContainsAny(source, "{}") {
		return nil, errors.New("the scheme, host and port may not depend on arguments")
	}
	base, err := url.Parse(source)
	switch {
	case err != nil:
		return nil, errors.New("it is no URL")
	case base.Scheme != "http" && base.Scheme != "https":
		return nil, errors.New(`it must begin with "http://" or "https://"`)
	case base.User != nil:
		return nil, errors.New("it may hold no user and password: they are a credential of their own")
	case base.Hostname() == "" || base.Port() == "" && strings.HasSuffix(base.Host, ":") || portOf(base) == 0:
		return nil, errors.New("it has no host, or a port that is none")
	}
	return base, nil
}

func (a *address) parsePath(path string) error {
	if path == "" {
		return nil
	}
	for source := range strings.SplitSeq(path[1:], "/") {
		segment, err := template.Parse(source)
		if err != nil {
			return err
		}
		for i := range segment {
			if segment[i].Name == "" {
				segment[i].Text, err = escapeLiteral(segment[i].Text)
			}
			if err != nil {
				return err
			}
		}
		if len(segment.Names()) == 0 && climbs(segment.Literal()) {
			return fmt.Errorf("its path holds %q", source)
		}
		a.segments = append(a.segments, segment)
	}
	return nil
}

// escapeLiteral leaves what is escaped as it is.
func escapeLiteral(text string) (string, error) {
	u, err := url.Parse("http://host/" + text)
	if err != nil {
		return "", fmt.Errorf("its path holds %q, which is not escaped well", text)
	}
	return strings.TrimPrefix(u.EscapedPath(), "/"), nil
}

func (a *address) parseQuery(query string) error {
	if query == "" {
		return nil
	}
	for pair := range strings.SplitSeq(query, "&") {
		name, source, _ := strings.Cut(pair, "=")
		plain, err := url.QueryUnescape(name)
		if err != nil || strings.ContainsAny(name, "{}") {
			return fmt.Errorf("the name of its parameter %q is not escaped well or depends on arguments", name)
		}
		p, err := parseParameter(plain, source)
		if err != nil {
			return err
		}
		for i := range p.value {
			if p.value[i].Name != "" {
				continue
			}
			if p.value[i].Text, err = url.QueryUnescape(p.value[i].Text); err != nil {
				return fmt.Errorf("its parameter %q is not escaped well", name)
			}
		}
		a.query = append(a.query, p)
	}
	return nil
}

// names returns the names of all placeholders.
func (a *address) names() []string {
	var names []string
	for _, segment := range a.segments {
		names = append(names, segment.Names()...)
	}
	for _, p := range a.query {
		names = append(names, p.value.Names()...)
	}
	return names
}

// fill returns the URL with the values put in, and with more parameters.
func (a *address) fill(values map[string]jsontext.Value, more []parameter) (string, error) {
	var b strings.Builder
	b.WriteString(a.base.Scheme + "://" + a.base.Host)
	for _, segment := range a.segments {
		text, err := fillSegment(segment, values)
		if err != nil {
			return "", err
		}
		b.WriteString("/" + text)
	}
	pairs, err := fillParameters(nil, a.query, values)
	if err == nil {
		pairs, err = fillParameters(pairs, more, values)
	}
	if err != nil {
		return "", err
	}
	if len(pairs) > 0 {
		b.WriteString("?" + strings.Join(pairs, "&"))
	}
	return b.String(), nil
}

// fillSegment fills one segment of a path, which stays one: what a value holds is
// escaped, and a value that would make the segment vanish, now or for a server that
// undoes the escapes too early, is refused.
func fillSegment(segment template.Template, values map[string]jsontext.Value) (string, error) {
	var b strings.Builder
	for _, p := range segment {
		if p.Name == "" {
			b.WriteString(p.Text)
			continue
		}
		text, err := requiredText(p.Name, values)
		if err != nil {
			return "", err
		}
		b.WriteString(url.PathEscape(text))
	}
	filled := b.String()
	if names := segment.Names(); len(names) > 0 && (filled == "" || climbs(filled)) {
		return "", tools.Errorf(`the argument %q is a part of a path: it may not be empty, nor be or hold "." or ".." as a step`, names[0])
	}
	return filled, nil
}

func requiredText(name string, values map[string]jsontext.Value) (string, error) {
	value, ok := values[name]
	if !ok {
		return "", tools.Errorf("the argument %q is missing: the address depends on it", name)
	}
	return textOf(name, value)
}

// climbs reports whether a part of a path, its escapes undone, has a step to the same
// or the upper directory in it.
func climbs(part string) bool {
	plain, err := url.PathUnescape(part)
	if err != nil {
		plain = part
	}
	for step := range strings.FieldsFuncSeq(plain, func(c rune) bool { return c == '/' || c == '\\' }) {
		if step == "." || step == ".." {
			return true
		}
	}
	return false
}
