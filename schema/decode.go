package schema

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"sync"

	"github.com/go-json-experiment/json/jsontext"

	"github.com/sluice-dev/sluice/schema/strict"
)

// The bounds of [Decode]. A decoded value takes up to forty times the memory of its
// text, so that a bound on the bytes of a message does not bound what it costs.
const (
	// MaxDepth is how deep arrays and objects may be nested.
	MaxDepth = 128
	// MaxValues is how many values there may be: every scalar, array and object
	// counts as one.
	MaxValues = 250_000
)

// Decode reads one JSON value strictly (RFC 8259, I-JSON names and UTF-8: no
// duplicate names, no invalid UTF-8, nothing after the value) into nil, bool,
// string, [json.Number], []any or map[string]any. Numbers keep their text, so
// that nothing is rounded. A value beyond [MaxDepth] or [MaxValues] is refused.
// The result does not refer to data.
func Decode(data []byte) (any, error) {
	if value, ok := decodeStrict(data); ok {
		return value, nil
	}
	dec := decoders.Get().(*jsontext.Decoder)
	dec.Reset(bytes.NewBuffer(data))
	value, err := decodeOne(dec)
	dec.Reset(noInput)
	decoders.Put(dec)
	if err != nil {
		return nil, fmt.Errorf("schema: decode: %w", err)
	}
	return value, nil
}

// decodeStrict decodes what is beyond doubt; what it declines the decoder judges.
func decodeStrict(data []byte) (any, bool) {
	r := readers.Get().(*strict.Reader)
	defer readers.Put(r)
	r.Reset(data, MaxDepth, MaxValues)
	value, ok := r.Value()
	ok = ok && r.End()
	r.Reset(nil, 0, 0) // lets go of data
	return value, ok
}

var readers = sync.Pool{New: func() any { return new(strict.Reader) }}

var decoders = sync.Pool{New: func() any { return new(jsontext.Decoder) }}

// noInput is what an idle decoder holds in place of the last caller's data.
var noInput = bytes.NewReader(nil)

func decodeOne(dec *jsontext.Decoder) (any, error) {
	r := reader{dec: dec}
	value, err := r.value(0)
	if err != nil {
		return nil, err
	}
	switch _, err := dec.ReadToken(); {
	case err == nil:
		return nil, errors.New("more than one JSON value")
	case !errors.Is(err, io.EOF):
		return nil, err
	}
	return value, nil
}

// A reader builds one value and counts what it is made of.
type reader struct {
	dec    *jsontext.Decoder
	values int
}

func (r *reader) value(depth int) (any, error) {
	token, err := r.dec.ReadToken()
	if err != nil {
		return nil, err
	}
	if r.values++; r.values > MaxValues {
		return nil, fmt.Errorf("more than %d values", MaxValues)
	}
	switch token.Kind() {
	case 'n':
		return nil, nil
	case 't', 'f':
		return token.Bool(), nil
	case '"':
		return token.String(), nil
	case '0':
		return json.Number(token.String()), nil
	}
	if depth++; depth > MaxDepth {
		return nil, fmt.Errorf("nested more than %d deep", MaxDepth)
	}
	if token.Kind() == '[' {
		return r.array(depth)
	}
	return r.object(depth)
}

func (r *reader) array(depth int) (any, error) {
	list := []any{}
	for r.dec.PeekKind() != ']' {
		value, err := r.value(depth)
		if err != nil {
			return nil, err
		}
		list = append(list, value)
	}
	_, err := r.dec.ReadToken()
	return list, err
}

func (r *reader) object(depth int) (any, error) {
	object := map[string]any{}
	for r.dec.PeekKind() != '}' {
		token, err := r.dec.ReadToken()
		if err != nil {
			return nil, err
		}
		name := token.String()
		if object[name], err = r.value(depth); err != nil {
			return nil, err
		}
	}
	_, err := r.dec.ReadToken()
	return object, err
}
