package httpcall

import (
	stdjson "encoding/json"
	"fmt"
	"mime"
	"net/http"
	"strings"
	"unicode/utf8"

	"github.com/go-json-experiment/json"
	"github.com/go-json-experiment/json/jsontext"

	"github.com/sluice-dev/sluice/tools"
	"github.com/sluice-dev/sluice/tools/internal/display"
)

const (
	// maxExcerpt is how much of a body an error shows, in bytes.
	maxExcerpt = 2 << 10
	// metaKey is the member of a result's _meta that holds the status.
	metaKey = "dev.sluice/http"
)

// result makes the result of an answer.
func (e *endpoint) result(a *answer, m *mask) (*tools.Result, error) {
	var result *tools.Result
	switch {
	case !a.success():
		return e.failure(a, m)
	case a.over:
		result = tools.ErrorResult(fmt.Sprintf("The answer of %s has more than %d bytes and was cut off. Ask for less at once.%s",
			e.tool, e.limit, excerpt(a, m)))
	default:
		result = e.content(a, m)
	}
	return withStatus(result, a.status), nil
}

func withStatus(result *tools.Result, status int) *tools.Result {
	result.Meta = map[string]any{metaKey: map[string]any{"status": status}}
	return result
}

// failure is the outcome of a call that the server refused. Where a gateway or the
// server itself says that it is not there, it counts as unreachable.
func (e *endpoint) failure(a *answer, m *mask) (*tools.Result, error) {
	text := fmt.Sprintf("%s failed: the server %s answered %s.", e.tool, e.address.base.Host, statusText(a.status))
	if a.retryAfter > 0 {
		text += fmt.Sprintf(" It asks to try again in %v, and not before.", a.retryAfter)
	}
	text += excerpt(a, m)
	switch a.status {
	case http.StatusBadGateway, http.StatusServiceUnavailable, http.StatusGatewayTimeout:
		return nil, tools.Unreachable(tools.Errorf("%s", text))
	}
	return withStatus(tools.ErrorResult(text), a.status), nil
}

func statusText(status int) string {
	return strings.TrimSpace(fmt.Sprintf("%d %s", status, http.StatusText(status)))
}

// excerpt returns the beginning of a body, to show what it is like. The secrets go
// before the rest: half of one is still one.
func excerpt(a *answer, m *mask) string {
	if len(a.body) == 0 || !isText(a.mediaType(), a.body) {
		return ""
	}
	text := display.Visible(m.text(display.CutRune(string(a.body))))
	if len(text) > maxExcerpt {
		return " It begins:\n\n" + display.CutRune(text[:maxExcerpt]) + "[...]"
	}
	return " It is:\n\n" + text
}

func (a *answer) mediaType() string {
	media, _, err := mime.ParseMediaType(a.header.Get("Content-Type"))
	if err != nil {
		return ""
	}
	return media
}

// isText reports whether a body can be shown. Many servers say of text that it is
// bytes, and the other way round.
func isText(media string, body []byte) bool {
	return strings.HasPrefix(media, "text/") ||
		utf8.Valid([]byte(display.CutRune(string(body)))) && !strings.Contains(string(body), "\x00")
}

// content is the result of an answer that is whole and a success.
func (e *endpoint) content(a *answer, m *mask) *tools.Result {
	if e.structured || isJSON(a.header.Get("Content-Type")) {
		if result := e.structure(a, m); result != nil {
			return result
		}
	}
	media := a.mediaType()
	kind, _, _ := strings.Cut(media, "/")
	switch {
	case len(a.body) == 0:
		return tools.TextResult("The server answered " + statusText(a.status) + ", and nothing more.")
	case kind != "image" && kind != "audio" && isText(media, a.body):
		return tools.TextResult(display.Visible(m.text(string(a.body))))
	case m.holds(a.body):
		return tools.ErrorResult("The answer of " + e.tool + " was withheld: it holds a secret.")
	}
	return &tools.Result{Content: []tools.Content{e.block(kind, media, a.body)}}
}

// block is the content block for a body that is no text.
func (e *endpoint) block(kind, media string, body []byte) tools.Content {
	switch kind {
	case "image":
		return tools.Image{Data: body, MIMEType: media}
	case "audio":
		return tools.Audio{Data: body, MIMEType: media}
	case "":
		media = "application/octet-stream"
	}
	return tools.EmbeddedResource{URI: e.address.base.String(), MIMEType: media, Blob: body}
}

// structure is the result of an answer that is JSON; nil where it is none and need not
// be.
func (e *endpoint) structure(a *answer, m *mask) *tools.Result {
	var value jsontext.Value
	err := json.Unmarshal(a.body, &value)
	if err == nil {
		value, err = m.json(value)
	}
	if err == nil {
		err = value.Compact()
	}
	switch {
	case err == nil:
		return &tools.Result{
			Content:    []tools.Content{tools.Text{Text: string(value)}},
			Structured: stdjson.RawMessage(value),
		}
	case e.structured:
		return tools.ErrorResult(fmt.Sprintf("%s was to answer with one JSON value, but the answer is none.%s", e.tool, excerpt(a, m)))
	}
	return nil
}
