package transport

import (
	"bytes"
	"errors"
	"io"
	"sync"

	"github.com/go-json-experiment/json/jsontext"
)

// A reader is a strict JSON decoder that can be used again.
type reader struct {
	*jsontext.Decoder
	buffer bytes.Buffer
	data   []byte
}

var readers = sync.Pool{New: func() any { return &reader{Decoder: new(jsontext.Decoder)} }}

func (r *reader) reset(data []byte) {
	r.data = data
	r.buffer = *bytes.NewBuffer(data)
	r.Reset(&r.buffer)
}

// release lets go of the data and gives the reader back.
func (r *reader) release() {
	r.reset(nil)
	readers.Put(r)
}

// raw reads the next value as a slice of the data itself.
func (r *reader) raw() (jsontext.Value, error) {
	value, err := r.ReadValue()
	if err != nil {
		return nil, err
	}
	end := int(r.InputOffset())
	return jsontext.Value(r.data[end-len(value) : end : end]), nil
}

// object reads an object; each is called behind each name and reads the value.
func (r *reader) object(each func(name string) error) error {
	if _, err := r.ReadToken(); err != nil {
		return err
	}
	for r.PeekKind() != '}' {
		name, err := r.ReadToken()
		if err != nil {
			return err
		}
		if err := each(name.String()); err != nil {
			return err
		}
	}
	_, err := r.ReadToken()
	return err
}

func (r *reader) member(into *members, name string) error {
	value, err := r.raw()
	*into = append(*into, member{name, value})
	return err
}

var errTrailing = errors.New("there is more behind the message")

// end makes sure that nothing follows.
func (r *reader) end() error {
	if _, err := r.ReadToken(); err == nil {
		return errTrailing
	} else if err != io.EOF {
		return err
	}
	return nil
}

// elements reads an array to the end of the data and returns its raw elements.
func (r *reader) elements() ([]jsontext.Value, error) {
	if _, err := r.ReadToken(); err != nil {
		return nil, err
	}
	var elements []jsontext.Value
	for r.PeekKind() != ']' {
		element, err := r.raw()
		if err != nil {
			return nil, err
		}
		elements = append(elements, element)
	}
	if _, err := r.ReadToken(); err != nil {
		return nil, err
	}
	return elements, r.end()
}
