package strict_test

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"reflect"
	"strings"
	"testing"
	"unicode/utf8"

	"github.com/go-json-experiment/json/jsontext"

	"github.com/sluice-dev/sluice/schema/strict"
)

const (
	maxDepth  = 20
	maxValues = 1000
)

// read reads a text that is one value, both ways, which must agree.
func read(t *testing.T, text []byte) (any, bool) {
	t.Helper()
	var r strict.Reader
	r.Reset(text, maxDepth, maxValues)
	value, ok := r.Value()
	ok = ok && r.End()
	r.Reset(text, maxDepth, maxValues)
	raw, rawOK := r.Raw()
	rawOK = rawOK && r.End()
	if ok != rawOK {
		t.Errorf("%q: Value says %v, Raw %v", text, ok, rawOK)
	}
	if ok && !bytes.Equal(raw, bytes.Trim(text, " \t\r\n")) {
		t.Errorf("%q: the text of the value is %q", text, raw)
	}
	return value, ok
}

// judge reads the text by the full decoder.
func judge(text []byte) (any, error) {
	d := jsontext.NewDecoder(bytes.NewReader(text))
	value, err := decode(d, 0)
	if err != nil {
		return nil, err
	}
	if _, err := d.ReadToken(); !errors.Is(err, io.EOF) {
		return nil, fmt.Errorf("behind the value: %w", err)
	}
	return value, nil
}

func decode(d *jsontext.Decoder, depth int) (any, error) {
	token, err := d.ReadToken()
	if err != nil {
		return nil, err
	}
	if depth++; depth > maxDepth+1 {
		return nil, errors.New("too deep")
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
	case '[':
		list := []any{}
		for d.PeekKind() != ']' {
			value, err := decode(d, depth)
			if err != nil {
				return nil, err
			}
			list = append(list, value)
		}
		_, err := d.ReadToken()
		return list, err
	}
	object := map[string]any{}
	for d.PeekKind() != '}' {
		name, err := d.ReadToken()
		if err != nil {
			return nil, err
		}
		key := name.String()
		if object[key], err = decode(d, depth); err != nil {
			return nil, err
		}
	}
	_, err = d.ReadToken()
	return object, err
}

// accepted are texts that must be read here, and not left to the full decoder.
var accepted = []string{
	`null`, `true`, `false`, ` 0 `, `-0`, `10`, `-1.5`, `0.25e-7`, `1E+400`, `12345678901234567890`,
	`""`, `"plain text"`, `"12345678"`, `"1234567\""`, `"12345678\\"`, `"\"\\\/\b\f\n\r\t"`, `"\u00e9\uABCD\ud83d\uDE00"`,
	`"naïve 😀, long enough for some words"`, "\"\u2028\x7f\"",
	`[]`, `[ ]`, `[1,2 , 3]`, `[[],{},[{}]]`, `{}`, `{ }`, `{"a":1}`, "{\"a\" : [ 1 ] ,\n\t\"b\":{\"a\":null}\r}", `{"é":1,"e":2}`,
	strings.Repeat("[", maxDepth) + strings.Repeat("]", maxDepth),
	"[" + strings.Repeat("0,", maxValues-2) + "0]",
}

// declined are texts that are no value, or that are left to the full decoder.
var declined = []string{
	``, ` `, `nul`, `nulll`, `True`, `tru`, `+1`, `01`, `-`, `1.`, `.5`, `1e`, `1e+`, `0x1`, `NaN`, `1 2`, `1,`,
	`"`, `"a`, `"\"`, `"\`, `"\u12"`, `"\u12g4"`, `"\x41"`, `"\ud800"`, `"\ud800\u0041"`, `"\ude00\ud83d"`, `"\ud800\`,
	"\"\x00\"", "\"a\nb\"", "\"1234567\x1f\"", "\"\xff\"", "\"12345678\xc3\"", "\"\xed\xa0\x80\"", "\"\xc0\x80\"",
	`[`, `]`, `[1`, `[1,`, `[1,]`, `[,1]`, `[1 2]`, `[1}`, `{`, `}`, `{"a"`, `{"a":`, `{"a":1`, `{"a":1,`, `{"a":1,}`, `{,}`,
	`{a:1}`, `{"a" 1}`, `{"a":1 "b":2}`, `{"a":1]`, `{1:1}`, `{"a"::1}`,
	`{"a":1,"a":1}`, `{"b":{"a":1,"b":2,"a":3}}`, `{"\u0061":1}`, "\xef\xbb\xbf{}", "{}\x00",
	strings.Repeat("[", maxDepth+1) + strings.Repeat("]", maxDepth+1),
	"[" + strings.Repeat("0,", maxValues-1) + "0]",
	`{"0":0` + many(65) + `}`,
}

func many(n int) string {
	var b strings.Builder
	for i := 1; i < n; i++ {
		fmt.Fprintf(&b, `,"%d":0`, i)
	}
	return b.String()
}

func TestAccepted(t *testing.T) {
	t.Parallel()
	for _, text := range accepted {
		value, ok := read(t, []byte(text))
		want, err := judge([]byte(text))
		if !ok || err != nil || !reflect.DeepEqual(value, want) {
			t.Errorf("%.80q: %v, %v, want %v, %v", text, value, ok, want, err)
		}
	}
}

func TestDeclined(t *testing.T) {
	t.Parallel()
	for _, text := range declined {
		if value, ok := read(t, []byte(text)); ok {
			t.Errorf("%.80q is read as %v", text, value)
		}
	}
}

// TestReset checks that nothing is left of what was read, or declined, before.
func TestReset(t *testing.T) {
	t.Parallel()
	var r strict.Reader
	for _, text := range []string{`{"a":[{"b"`, `[[[`, `{"a":1}`, `"`} {
		r.Reset([]byte(text), maxDepth, maxValues)
		r.Raw()
		r.Reset([]byte(`{"a":{"a":1}}`), 2, 3)
		if _, ok := r.Raw(); !ok || !r.End() {
			t.Errorf("after %q a value is declined", text)
		}
	}
}

// TestPlain checks every byte in every place of a word and of a block of them, among ASCII
// and among other text.
func TestPlain(t *testing.T) {
	t.Parallel()
	special := func(c rune) bool { return c < ' ' || c == '"' || c == '\\' }
	for _, filler := range []string{"a", "éa", "éaaaaaaaaaaaa", "\xff"} {
		for length := range 70 {
			fill := []byte(strings.Repeat(filler, length)[:length])
			for place := range length {
				for c := range 256 {
					text := bytes.Clone(fill)
					text[place] = byte(c)
					if want := utf8.Valid(text) && !bytes.ContainsFunc(text, special); strict.Plain(text) != want {
						t.Fatalf("%q: want %v", text, want)
					}
				}
			}
		}
	}
}

// FuzzReader checks that what is read is what the full decoder reads.
func FuzzReader(f *testing.F) {
	for _, text := range append(accepted, declined...) {
		f.Add([]byte(text))
	}
	f.Fuzz(func(t *testing.T, text []byte) {
		value, ok := read(t, text)
		if !ok {
			return
		}
		want, err := judge(text)
		if err != nil || !reflect.DeepEqual(value, want) {
			t.Errorf("%q: read as %v; the decoder says %v, %v", text, value, want, err)
		}
	})
}

func BenchmarkRaw(b *testing.B) {
	for _, size := range []int{12, 20, 31, 64, 64 << 10} {
		text := []byte(`{"jsonrpc":"2.0","id":1,"text":"` + strings.Repeat("a", size) + `"}`)
		b.Run(fmt.Sprint("strict/", size), func(b *testing.B) {
			var r strict.Reader
			b.SetBytes(int64(len(text)))
			b.ReportAllocs()
			for b.Loop() {
				r.Reset(text, maxDepth, maxValues)
				if _, ok := r.Raw(); !ok || !r.End() {
					b.Fatal("declined")
				}
			}
		})
		b.Run(fmt.Sprint("jsontext/", size), func(b *testing.B) {
			d := new(jsontext.Decoder)
			b.SetBytes(int64(len(text)))
			b.ReportAllocs()
			for b.Loop() {
				d.Reset(bytes.NewBuffer(text))
				if _, err := d.ReadValue(); err != nil {
					b.Fatal(err)
				}
			}
		})
	}
}
