package strict

import "encoding/json"

// A Reader reads values from a text. It declines objects of more than 64 members and
// names with an escape. A method that has declined leaves it of no more use until the
// next Reset. Its zero value is ready for that; it is for one goroutine at a time.
type Reader struct {
	data   []byte
	pos    int
	depth  int      // how much deeper it may go
	values int      // how many more values it may read
	names  [][]byte // of the objects that are open, the innermost last

	escapes bool // in the last literal
}

// maxMembers bounds the search for names that stand twice, which is quadratic.
const maxMembers = 64

// Reset makes the reader read data, which must not change meanwhile, down to so many
// arrays and objects within each other and up to so many values: each scalar, array
// and object counts as one.
func (r *Reader) Reset(data []byte, depth, values int) {
	clear(r.names)
	*r = Reader{data: data, depth: depth, values: values, names: r.names[:0]}
}

// Kind returns the first byte of the next token; 0 at the end of the text.
func (r *Reader) Kind() byte {
	for r.pos < len(r.data) {
		switch c := r.data[r.pos]; c {
		case ' ', '\t', '\r', '\n':
			r.pos++
		default:
			return c
		}
	}
	return 0
}

// End reports whether nothing but white space is left.
func (r *Reader) End() bool { return r.Kind() == 0 && r.pos == len(r.data) }

// Raw reads a value and returns its text, which is a part of the data.
func (r *Reader) Raw() (text []byte, ok bool) {
	kind := r.Kind()
	start := r.pos
	switch kind {
	case '{':
		o := r.Object()
		for o.Next() {
			if _, ok := r.Raw(); !ok {
				return nil, false
			}
		}
		ok = o.Closed()
	case '[':
		a := r.Array()
		for a.Next() {
			if _, ok := r.Raw(); !ok {
				return nil, false
			}
		}
		ok = a.Closed()
	default:
		ok = r.scalar(kind)
	}
	return r.data[start:r.pos:r.pos], ok
}

// Value reads a value and decodes it: nil, bool, string, [json.Number], []any or
// map[string]any. It does not refer to the data.
func (r *Reader) Value() (value any, ok bool) {
	kind := r.Kind()
	switch kind {
	case '{':
		return r.object()
	case '[':
		return r.array()
	}
	start := r.pos
	if !r.scalar(kind) {
		return nil, false
	}
	switch kind {
	case '"':
		return r.decoded(r.data[start:r.pos])
	case 't', 'f':
		return kind == 't', true
	case 'n':
		return nil, true
	}
	return json.Number(r.data[start:r.pos]), true
}

func (r *Reader) object() (any, bool) {
	object := map[string]any{}
	o := r.Object()
	for o.Next() {
		name := string(o.Name())
		value, ok := r.Value()
		if !ok {
			return nil, false
		}
		object[name] = value
	}
	return object, o.Closed()
}

func (r *Reader) array() (any, bool) {
	list := []any{}
	a := r.Array()
	for a.Next() {
		value, ok := r.Value()
		if !ok {
			return nil, false
		}
		list = append(list, value)
	}
	return list, a.Closed()
}

// scalar reads a value that is no object and no array.
func (r *Reader) scalar(kind byte) bool {
	if r.values--; r.values < 0 {
		return false
	}
	switch kind {
	case '"':
		return r.literal()
	case 't':
		return r.word("true")
	case 'f':
		return r.word("false")
	case 'n':
		return r.word("null")
	}
	return r.number()
}

func (r *Reader) word(word string) bool {
	end := r.pos + len(word)
	if end > len(r.data) || string(r.data[r.pos:end]) != word {
		return false
	}
	r.pos = end
	return true
}

// number reads -?(0|[1-9][0-9]*)(\.[0-9]+)?([eE][+-]?[0-9]+)?, the grammar of RFC 8259,
// section 6.
func (r *Reader) number() bool {
	r.accept('-', '-')
	if !r.accept('0', '0') && !r.digits() {
		return false
	}
	if r.accept('.', '.') && !r.digits() {
		return false
	}
	if r.accept('e', 'E') {
		r.accept('+', '-')
		return r.digits()
	}
	return true
}

// accept reads one byte if it is one of two.
func (r *Reader) accept(a, b byte) bool {
	ok := r.pos < len(r.data) && (r.data[r.pos] == a || r.data[r.pos] == b)
	if ok {
		r.pos++
	}
	return ok
}

func (r *Reader) digits() bool {
	start := r.pos
	for r.pos < len(r.data) && r.data[r.pos]-'0' <= 9 {
		r.pos++
	}
	return r.pos > start
}
