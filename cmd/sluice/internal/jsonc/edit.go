package jsonc

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"reflect"
	"strings"

	"github.com/tailscale/hujson"
)

// mark is what some editors write before UTF-8.
const mark = "\ufeff"

// A document is a text and where things stand in it.
type document struct {
	mark string
	text string // without the mark
	root *hujson.Object
	end  int // of the root
	// How the text is laid out.
	newline, indent string
}

// read parses a text. One without anything but space is as an empty object.
func read(source []byte) (*document, error) {
	d := &document{text: string(source)}
	if rest, ok := strings.CutPrefix(d.text, mark); ok {
		d.mark, d.text = mark, rest
	}
	d.newline = "\n"
	if strings.Contains(d.text, "\r\n") {
		d.newline = "\r\n"
	}
	if strings.TrimSpace(d.text) == "" {
		d.text = "{}" + d.newline
	}
	value, err := hujson.Parse([]byte(d.text))
	if err != nil {
		return nil, fmt.Errorf("it is not JSON: %w", errors.New(strings.TrimPrefix(err.Error(), "hujson: ")))
	}
	object, ok := value.Value.(*hujson.Object)
	if !ok {
		return nil, errors.New("it is not a JSON object")
	}
	d.root, d.end = object, value.EndOffset
	d.indent = d.indentation()
	return d, nil
}

// indentation returns what one level is indented by: as the first member is, if that
// begins a line.
func (d *document) indentation() string {
	if len(d.root.Members) > 0 {
		before := string(d.root.Members[0].Name.BeforeExtra)
		if at := strings.LastIndexByte(before, '\n'); at >= 0 {
			if blanks := before[at+1:]; blanks != "" && strings.Trim(blanks, " \t") == "" {
				return blanks
			}
		}
	}
	return "  "
}

// member returns the place of the member with a name, or -1.
func member(o *hujson.Object, name string) (int, error) {
	found := -1
	for i := range o.Members {
		if literal, ok := o.Members[i].Name.Value.(hujson.Literal); ok && literal.String() == name {
			if found >= 0 {
				return -1, fmt.Errorf("it has %q twice", name)
			}
			found = i
		}
	}
	return found, nil
}

// section returns the object that stands under a name in the root, with the place of its
// closing brace; nil where there is none.
func (d *document) section(name string) (*hujson.Object, int, error) {
	at, err := member(d.root, name)
	if err != nil || at < 0 {
		return nil, 0, err
	}
	value := d.root.Members[at].Value
	object, ok := value.Value.(*hujson.Object)
	if !ok {
		return nil, 0, fmt.Errorf("its %q is not an object", name)
	}
	return object, value.EndOffset - 1, nil
}

// Get returns the member name of the object section in source; nil where there is none.
func Get(source []byte, section, name string) (json.RawMessage, error) {
	d, err := read(source)
	if err != nil {
		return nil, err
	}
	object, _, err := d.section(section)
	if err != nil || object == nil {
		return nil, err
	}
	at, err := member(object, name)
	if err != nil || at < 0 {
		return nil, err
	}
	value := object.Members[at].Value
	return hujson.Standardize([]byte(d.text[value.StartOffset:value.EndOffset]))
}

// Set returns source with value as the member name of the object section, which is added
// where it is missing. Where value stands there already, however it is laid out, source
// comes back as it is.
func Set(source []byte, section, name string, value any) ([]byte, error) {
	d, err := read(source)
	if err != nil {
		return nil, err
	}
	object, end, err := d.section(section)
	switch {
	case err != nil:
		return nil, err
	case object == nil:
		return d.add(d.root, d.end-1, 0, section, map[string]any{name: value})
	}
	at, err := member(object, name)
	switch {
	case err != nil:
		return nil, err
	case at < 0:
		return d.add(object, end, 1, name, value)
	}
	old := object.Members[at].Value
	if same(d.text[old.StartOffset:old.EndOffset], value) {
		return source, nil
	}
	text, err := d.encode(value, d.broken(object), 2)
	if err != nil {
		return nil, err
	}
	return d.splice(old.StartOffset, old.EndOffset, text), nil
}

func same(text string, value any) bool {
	standard, err := hujson.Standardize([]byte(text))
	if err != nil {
		return false
	}
	encoded, err := json.Marshal(value)
	if err != nil {
		return false
	}
	var a, b any
	return json.Unmarshal(standard, &a) == nil && json.Unmarshal(encoded, &b) == nil && reflect.DeepEqual(a, b)
}

// broken reports whether the members of an object stand on lines of their own. An empty
// one gets them.
func (d *document) broken(o *hujson.Object) bool {
	if len(o.Members) == 0 {
		return o != d.root || len(d.text) < 1000 || strings.Contains(d.text, "\n")
	}
	return bytes.Contains(o.Members[0].Name.BeforeExtra, []byte("\n"))
}

// encode writes a value that begins at so many levels.
func (d *document) encode(value any, broken bool, level int) (string, error) {
	var b bytes.Buffer
	encoder := json.NewEncoder(&b)
	encoder.SetEscapeHTML(false)
	if broken {
		encoder.SetIndent(strings.Repeat(d.indent, level), d.indent)
	}
	if err := encoder.Encode(value); err != nil {
		return "", err
	}
	return strings.ReplaceAll(strings.TrimSpace(b.String()), "\n", d.newline), nil
}

// add puts a member at the end of an object of a level, whose closing brace is at end.
func (d *document) add(o *hujson.Object, end, level int, name string, value any) ([]byte, error) {
	broken := d.broken(o)
	text, err := d.encode(value, broken, level+1)
	if err != nil {
		return nil, err
	}
	key, err := d.encode(name, false, 0)
	if err != nil {
		return nil, err
	}
	from, before, after := end-len(o.AfterExtra), "", "" // behind the brace, or the comma that ends
	if len(o.Members) > 0 {
		last := &o.Members[len(o.Members)-1].Value
		if last.AfterExtra == nil {
			from, before = last.EndOffset, ","
		} else {
			after = ","
		}
	}
	tail := d.text[from:end]
	comments := strings.TrimRight(tail, " \t\r\n")
	tail = tail[len(comments):]
	space := " "
	if broken || strings.Contains(comments, "//") {
		space = d.newline + strings.Repeat(d.indent, level+1)
	}
	if broken && !strings.Contains(tail, "\n") {
		tail = d.newline + strings.Repeat(d.indent, level)
	}
	return d.splice(from, end, before+comments+space+key+": "+text+after+tail), nil
}

// Remove returns source without the member name of the object section; source itself
// where there is none.
func Remove(source []byte, section, name string) ([]byte, error) {
	d, err := read(source)
	if err != nil {
		return nil, err
	}
	object, end, err := d.section(section)
	if err != nil || object == nil {
		return source, err
	}
	at, err := member(object, name)
	if err != nil || at < 0 {
		return source, err
	}
	return d.remove(object, end, at), nil
}

// remove takes out a member with a comma and the space before it, and no comment.
func (d *document) remove(o *hujson.Object, end, at int) []byte {
	m := &o.Members[at]
	before := string(m.Name.BeforeExtra)
	start := m.Name.StartOffset - len(before) + len(strings.TrimRight(before, " \t\r\n"))
	stop := m.Value.EndOffset + len(m.Value.AfterExtra)
	if d.text[stop] == ',' {
		stop++ // also the comma of a last member that has one, since those before it have theirs
	} else if stop = m.Value.EndOffset; at > 0 {
		previous := &o.Members[at-1].Value
		comma := previous.EndOffset + len(previous.AfterExtra)
		return d.cut([2]int{comma, comma + 1}, [2]int{start, stop})
	}
	if alone := len(o.Members) == 1 && strings.TrimSpace(before) == ""; alone && strings.TrimSpace(d.text[stop:end]) == "" {
		stop = end // nothing is left to stand on a line of its own
	}
	return d.cut([2]int{start, stop})
}

// cut takes out spans, which are in order.
func (d *document) cut(spans ...[2]int) []byte {
	kept, from := d.mark, 0
	for _, span := range spans {
		kept += d.text[from:span[0]]
		from = span[1]
	}
	return []byte(kept + d.text[from:])
}

func (d *document) splice(from, to int, text string) []byte {
	return []byte(d.mark + d.text[:from] + text + d.text[to:])
}
