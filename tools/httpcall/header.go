package httpcall

import (
	"fmt"
	"maps"
	"net/http"
	"net/textproto"
	"slices"
	"strings"

	"github.com/go-json-experiment/json"
	"github.com/go-json-experiment/json/jsontext"

	"github.com/sluice-dev/sluice/tools"
	"github.com/sluice-dev/sluice/tools/internal/template"
)

// A header is a line of a request's head.
type header struct {
	name  string // canonical
	value template.Template
}

// ownHeaders are those that follow from the request, or with which it would mean
// another: two such requests can hide in one (RFC 9112, section 11.2).
var ownHeaders = []string{
	"Accept-Encoding", "Connection", "Content-Length", "Expect", "Host", "Keep-Alive",
	"Proxy-Authorization", "Proxy-Connection", "Te", "Trailer", "Transfer-Encoding", "Upgrade",
}

func parseHeaders(sources map[string]string) ([]header, error) {
	var headers []header
	for _, name := range slices.Sorted(maps.Keys(sources)) {
		canonical, err := headerName(name)
		if err != nil {
			return nil, err
		}
		value, err := template.Parse(sources[name])
		if err != nil {
			return nil, fmt.Errorf("header %q: %w", name, err)
		}
		h := header{canonical, value}
		switch {
		case slices.ContainsFunc(headers, func(other header) bool { return other.name == canonical }):
			return nil, fmt.Errorf("header %q is there twice", canonical)
		case !isHeaderValue(sources[name]):
			return nil, fmt.Errorf("header %q holds a line break or another control character", canonical)
		case canonical == "Cookie" && len(value.Names()) > 0:
			return nil, fmt.Errorf("header %q may not depend on arguments: a value could add a cookie", canonical)
		}
		headers = append(headers, h)
	}
	return headers, nil
}

// headerName returns the canonical form of a name that may be set.
func headerName(name string) (string, error) {
	canonical := textproto.CanonicalMIMEHeaderKey(name)
	if name == "" || strings.ContainsFunc(name, func(c rune) bool {
		return c <= ' ' || c >= 0x7f || strings.ContainsRune(`"(),/:;<=>?@[\]{}`, c)
	}) {
		return "", fmt.Errorf("header %q: that is no name of a header", name)
	}
	if slices.Contains(ownHeaders, canonical) {
		return "", fmt.Errorf("header %q may not be set: it follows from the request", canonical)
	}
	return canonical, nil
}

// isHeaderValue reports whether a text may stand in a header (RFC 9110, section 5.5).
func isHeaderValue(text string) bool {
	return !strings.ContainsFunc(text, func(c rune) bool { return c < ' ' && c != '\t' || c == 0x7f })
}

// fill sets the header; not where its argument is missing.
func (h header) fill(into http.Header, values map[string]jsontext.Value) error {
	text, ok, err := h.text(values)
	if err != nil || !ok {
		return err
	}
	if !isHeaderValue(text) {
		return tools.Errorf("the argument %q holds a line break or another control character, which the header %s cannot carry: leave it out",
			h.value.Names()[0], h.name)
	}
	into.Set(h.name, text)
	return nil
}

// text returns the value of the header; a list is one with commas.
func (h header) text(values map[string]jsontext.Value) (string, bool, error) {
	name, ok := sole(h.value)
	if !ok || values[name].Kind() != '[' {
		return fillText(h.value, values)
	}
	var items []jsontext.Value
	if err := json.Unmarshal(values[name], &items); err != nil {
		return "", false, malformed(name, err)
	}
	texts := make([]string, len(items))
	for i, item := range items {
		var err error
		if texts[i], err = textOf(name, item); err != nil {
			return "", false, err
		}
	}
	return strings.Join(texts, ","), true, nil
}
