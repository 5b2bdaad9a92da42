package httpcall

import (
	"bytes"
	"cmp"
	"errors"
	"io"
	"net/url"
	"slices"
	"strings"

	"github.com/go-json-experiment/json/jsontext"
)

// masked stands where a secret was.
const masked = "[secret]"

// A mask takes secrets out of what comes back: servers echo what they are sent, in
// error pages above all. The nil mask takes out nothing.
type mask struct {
	forms    []string // that the secrets may have, the longest first
	replacer *strings.Replacer
}

func newMask(secrets []secret) *mask {
	if len(secrets) == 0 {
		return nil
	}
	m := &mask{}
	for _, s := range secrets {
		m.add(s.text, s.encoded())
		if _, password, ok := strings.Cut(s.text, ":"); ok && s.basic() {
			m.add(password)
		}
	}
	// A replacer takes the first form that fits.
	slices.SortFunc(m.forms, func(a, b string) int {
		return cmp.Or(cmp.Compare(len(b), len(a)), strings.Compare(a, b))
	})
	m.forms = slices.Compact(m.forms)
	var pairs []string
	for _, form := range m.forms {
		pairs = append(pairs, form, masked)
	}
	m.replacer = strings.NewReplacer(pairs...)
	return m
}

// add takes down the forms of secrets: as they are, and escaped as in URLs and JSON.
func (m *mask) add(secrets ...string) {
	for _, text := range secrets {
		if len(text) < minSecret {
			continue
		}
		m.forms = append(m.forms, text, url.QueryEscape(text), escapeQuery(text), url.PathEscape(text))
		if quoted, err := jsontext.AppendQuote(nil, text); err == nil {
			m.forms = append(m.forms, string(quoted[1:len(quoted)-1]))
		}
	}
}

// text returns a text without the secrets.
func (m *mask) text(text string) string {
	if m == nil {
		return text
	}
	return m.replacer.Replace(text)
}

// holds reports whether there is a secret in data.
func (m *mask) holds(data []byte) bool {
	return m != nil && slices.ContainsFunc(m.forms, func(form string) bool {
		return bytes.Contains(data, []byte(form))
	})
}

// json returns a JSON value without the secrets, however they are escaped in it.
func (m *mask) json(value jsontext.Value) (jsontext.Value, error) {
	if m == nil || !m.holds(value) && bytes.IndexByte(value, '\\') < 0 {
		return value, nil
	}
	var out bytes.Buffer
	dec, enc := jsontext.NewDecoder(bytes.NewReader(value)), jsontext.NewEncoder(&out)
	for {
		token, err := dec.ReadToken()
		if errors.Is(err, io.EOF) {
			return bytes.TrimSpace(out.Bytes()), nil
		}
		if err == nil {
			err = enc.WriteToken(m.token(token))
		}
		if err != nil {
			return nil, err
		}
	}
}

func (m *mask) token(token jsontext.Token) jsontext.Token {
	if kind := token.Kind(); kind != '"' && kind != '0' {
		return token
	}
	text := token.String()
	if without := m.text(text); without != text {
		return jsontext.String(without)
	}
	return token.Clone()
}
