package history

import (
	"bytes"
	"strings"
	"sync"
	"unicode/utf8"

	"github.com/go-json-experiment/json/jsontext"
)

// What a preview is at most, in bytes: the whole, and one string in it.
const (
	maxPreview = 256
	maxString  = 96
)

const (
	mask = `"***"`
	more = "…"
)

// A Redactor makes previews of arguments: the beginning of the JSON, with what is
// secret masked. Secret is, at any depth, the value of a key that looks like one
// (password, token, authorization...) or that the Redactor was given, and a string, or a
// word in it, that looks like one (a bearer token, a private key, a password in a URL or
// an option). It is a net with holes: a secret that looks like any other word is shown.
// Safe for concurrent use.
type Redactor struct {
	keys  []string
	judge verdicts
}

// NewRedactor returns a redactor that masks the values of these keys too, whatever their
// case, dashes and underscores.
func NewRedactor(keys ...string) *Redactor {
	r := &Redactor{}
	for _, key := range keys {
		r.keys = append(r.keys, string(appendPlain(nil, key)))
	}
	return r
}

// Preview returns at most 256 bytes of valid UTF-8 on one line. What is cut off is
// marked by an ellipsis. It reads no further than it shows, and takes what is not JSON,
// up to where that shows.
func (r *Redactor) Preview(arguments []byte) string {
	p := previews.Get().(*preview)
	defer previews.Put(p)
	*p = preview{Redactor: r, in: arguments, out: p.out[:0]}
	for p.at < len(p.in) && len(p.out) <= maxPreview {
		if !p.token() {
			p.out = append(p.out, more...)
			break
		}
	}
	shown := clip(p.out)
	*p = preview{out: p.out}
	return shown
}

var previews = sync.Pool{New: func() any { return &preview{out: make([]byte, 0, 2*maxPreview)} }}

// clip cuts text to maxPreview bytes, and makes it valid UTF-8.
func clip(text []byte) string {
	if len(text) <= maxPreview && utf8.Valid(text) {
		return string(text)
	}
	if len(text) > maxPreview {
		text = text[:maxPreview-len(more)]
		for len(text) > 0 && text[len(text)-1]&0xc0 == 0x80 { // not through a rune
			text = text[:len(text)-1]
		}
		if len(text) > 0 && text[len(text)-1] >= 0xc0 {
			text = text[:len(text)-1]
		}
		text = append(text, more...)
	}
	return strings.ToValidUTF8(string(text), "")
}

// preview is the state of one Preview. It follows JSON only as far as it must, so that
// no input stops it.
type preview struct {
	*Redactor
	in   []byte
	at   int // in in
	out  []byte
	text []byte // of the string that was read last, unquoted
	hide bool   // the value that comes is that of a secret key

	named bool // the value that comes names another: {"name": "password", "value": "..."}
	pair  bool // that name was that of a secret
}

// token takes one token over, or several that need no thought; false where it is none.
func (p *preview) token() bool {
	c := p.in[p.at]
	switch {
	case c == ' ' || c == '\t' || c == '\n' || c == '\r':
		p.at++
		return true
	case p.hide && c != ':':
		p.hide = false
		p.skipValue()
		p.out = append(p.out, mask...)
		return true
	case c == '"':
		p.string()
		return true
	}
	most := maxPreview
	if p.hide || p.pair {
		most = 1 // each token counts
	}
	n := plainLength(p.in[p.at:], most)
	p.pair = p.pair && c != '{' && c != '}'
	p.out = append(p.out, p.in[p.at:p.at+n]...)
	p.at += n
	return n > 0
}

// plainLength returns how much of the text is JSON that is no string: a literal, or at most
// so many bytes of brackets and numbers. 0 where it is none.
func plainLength(text []byte, most int) int {
	switch text[0] {
	case 't':
		return literalLength(text, "true")
	case 'f':
		return literalLength(text, "false")
	case 'n':
		return literalLength(text, "null")
	}
	n := 0
	for n < min(len(text), most) && marks[text[n]] {
		n++
	}
	return n
}

// marks are what brackets and numbers consist of.
var marks = setOf("{}[],:+-.eE0123456789")

func literalLength(text []byte, literal string) int {
	if len(text) < len(literal) || string(text[:len(literal)]) != literal {
		return 0
	}
	return len(literal)
}

// string takes a string over: a key, or a value with its secrets masked.
func (p *preview) string() {
	raw, bare := p.bareString()
	if !bare {
		raw = p.rawString()
		p.unquote(raw)
	}
	p.classify()
	shown, changed := p.redactWords(p.text)
	if bare && !changed {
		p.out = append(p.out, raw...)
		return
	}
	if len(shown) > maxString {
		shown = append(bytes.Clone(shown[:maxString]), more...)
	}
	quoted, _ := jsontext.AppendQuote(nil, strings.ToValidUTF8(string(shown), ""))
	p.out = append(p.out, quoted...)
}

// bareString does what rawString and unquote do for a string like most: short, closed, and
// standing for itself. False where it is none; then nothing is consumed.
func (p *preview) bareString() (raw []byte, ok bool) {
	body := p.in[p.at+1:]
	body = body[:min(len(body), maxString+1)]
	n := 0
	for n < len(body) && standsForItself[body[n]] {
		n++
	}
	if n == len(body) || body[n] != '"' {
		return nil, false
	}
	raw = p.in[p.at : p.at+n+2]
	p.text = body[:n]
	p.at += n + 2
	return raw, true
}

// standsForItself says so of each byte in a string of JSON.
var standsForItself = func() (set [256]bool) {
	for c := range set {
		set[c] = c >= ' ' && c != '"' && c != '\\'
	}
	return set
}()

// classify draws conclusions from the string that was read for the value that comes.
func (p *preview) classify() {
	value, isKey := bytes.CutPrefix(trimSpace(p.in[p.at:]), []byte(":"))
	if !isKey {
		p.pair = p.named && p.secretName(p.text)
		p.named = false
		return
	}
	p.hide = p.secretKey(p.text) && !isCount(p.text, trimSpace(value))
	switch string(p.text) {
	case "name", "key", "header", "field", "variable":
		p.named = true
	case "value":
		p.hide = p.hide || p.pair
	}
}

// isCount reports whether a key such as "max_tokens" has a number for its value.
func isCount(key, value []byte) bool {
	return bytes.HasSuffix(key, []byte("okens")) && len(value) > 0 && '0' <= value[0] && value[0] <= '9'
}

func trimSpace(text []byte) []byte {
	for len(text) > 0 && (text[0] == ' ' || text[0] == '\t' || text[0] == '\r' || text[0] == '\n') {
		text = text[1:]
	}
	return text
}

// rawString consumes a string with its quotes; to the end where it is not closed.
func (p *preview) rawString() []byte {
	start := p.at
	for p.at++; ; {
		n := bytes.IndexByte(p.in[p.at:], '"')
		if n < 0 {
			p.at = len(p.in)
			return p.in[start:]
		}
		p.at += n + 1
		if !escaped(p.in[start+1 : p.at-1]) {
			return p.in[start:p.at]
		}
	}
}

// escaped reports whether a quote behind text does not end the string.
func escaped(text []byte) bool {
	n := len(text)
	for n > 0 && text[n-1] == '\\' {
		n--
	}
	return (len(text)-n)%2 == 1
}

// maxRead is how much of a string is looked at, in bytes.
const maxRead = 4 * maxString

// unquote sets text to what a string stands for, or its beginning.
func (p *preview) unquote(raw []byte) {
	body := raw[1:]
	if n := len(body); n > 0 && body[n-1] == '"' {
		body = body[:n-1]
	}
	body = body[:min(len(body), maxRead)]
	if bytes.IndexByte(body, '\\') < 0 {
		p.text = body
		return
	}
	literal := append(append([]byte{'"'}, body...), '"')
	p.text, _ = jsontext.AppendUnquote(nil, literal) // what it makes of a broken one is enough
}

// skipValue consumes a value, whatever is in it.
func (p *preview) skipValue() {
	for depth := 0; p.at < len(p.in); {
		switch c := p.in[p.at]; c {
		case '"':
			p.rawString()
			if depth == 0 {
				return
			}
			continue
		case '{', '[':
			depth++
		case '}', ']':
			if depth == 0 {
				return // of what encloses it
			}
			if depth--; depth == 0 {
				p.at++
				return
			}
		case ',':
			if depth == 0 {
				return
			}
		}
		p.at++
	}
}

// Text returns the whole of a text that is not JSON, with what looks secret masked: a
// bearer token, a private key, a password in a URL or an option.
func (r *Redactor) Text(text string) string {
	if out, changed := r.redactWords([]byte(text)); changed {
		return string(out)
	}
	return text
}

// SecretKey reports whether the value of a key is taken for a secret.
func (r *Redactor) SecretKey(key string) bool { return r.secretName([]byte(key)) }
