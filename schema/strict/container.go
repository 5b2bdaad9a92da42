package strict

import "bytes"

// An Object is an object that is being read:
//
//	o := r.Object()
//	for o.Next() {
//		... o.Name() ...
//		... read its value from r, or return ...
//	}
//	if !o.Closed() { ... declined ... }
type Object struct {
	r     *Reader
	base  int // of its names in r.names
	state state
}

// An Array is an array that is being read, as an [Object] is.
type Array struct {
	r     *Reader
	state state
}

type state uint8

const (
	declined state = iota
	fresh          // open, and nothing has been read yet
	open
	closed
)

// Object begins to read an object.
func (r *Reader) Object() Object { return Object{r: r, base: len(r.names), state: r.enter('{')} }

// Array begins to read an array.
func (r *Reader) Array() Array { return Array{r: r, state: r.enter('[')} }

func (r *Reader) enter(bracket byte) state {
	r.values--
	r.depth--
	if r.Kind() != bracket || r.values < 0 || r.depth < 0 {
		return declined
	}
	r.pos++
	return fresh
}

// Next reads the next name and its colon. It returns false at the end of the object,
// and where it declines.
func (o *Object) Next() bool {
	o.state = o.r.separate(o.state, '}')
	if o.state == closed {
		clear(o.r.names[o.base:])
		o.r.names = o.r.names[:o.base]
	}
	if o.state == open && !o.name() {
		o.state = declined
	}
	return o.state == open
}

// Next reads on to the next element. It returns false at the end of the array, and
// where it declines.
func (a *Array) Next() bool {
	a.state = a.r.separate(a.state, ']')
	return a.state == open
}

// Name returns the name that Next has read; it is a part of the data.
func (o *Object) Name() []byte { return o.r.names[len(o.r.names)-1] }

// Closed reports whether the object was read to its end.
func (o *Object) Closed() bool { return o.state == closed }

// Closed reports whether the array was read to its end.
func (a *Array) Closed() bool { return a.state == closed }

// separate reads what stands before the next member or element: a comma, but before
// the first, or the closing bracket.
func (r *Reader) separate(s state, bracket byte) state {
	kind := r.Kind()
	switch {
	case s != fresh && s != open:
		return s
	case kind == bracket:
		r.pos++
		r.depth++
		return closed
	case s == fresh:
		return open
	case kind == ',':
		r.pos++
		return open
	}
	return declined
}

// name reads a name that is new to the object, and the colon.
func (o *Object) name() bool {
	r := o.r
	if r.Kind() != '"' {
		return false
	}
	start := r.pos + 1
	if !r.literal() {
		return false
	}
	name := r.data[start : r.pos-1 : r.pos-1]
	if len(r.names)-o.base == maxMembers || bytes.IndexByte(name, '\\') >= 0 {
		return false
	}
	for _, other := range r.names[o.base:] {
		if string(other) == string(name) {
			return false
		}
	}
	r.names = append(r.names, name)
	if r.Kind() != ':' {
		return false
	}
	r.pos++
	return true
}
