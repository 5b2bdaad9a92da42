package strict

import (
	"encoding/binary"
	"unicode/utf8"

	"github.com/go-json-experiment/json/jsontext"
)

// Plain reports whether text stands in a JSON string as it is: valid UTF-8 without
// quotes, backslashes and control characters.
func Plain(text []byte) bool {
	i := special(text, 0, true)
	if i == len(text) {
		return true
	}
	return text[i] >= utf8.RuneSelf && special(text, i, false) == len(text) && utf8.Valid(text[i:])
}

// literal reads a string with its quotes.
func (r *Reader) literal() bool {
	start, ascii := r.pos, true
	r.escapes = false
	for i := start + 1; ; {
		i = special(r.data, i, ascii)
		if i == len(r.data) {
			return false
		}
		switch c := r.data[i]; {
		case c == '"':
			r.pos = i + 1
			return ascii || utf8.Valid(r.data[start:i])
		case c >= utf8.RuneSelf:
			ascii = false
		case c == '\\':
			n := escape(r.data[i:])
			if n == 0 {
				return false
			}
			i += n
			r.escapes = true
		default:
			return false
		}
	}
}

// escape returns how long the escape is that text begins with, both halves of a pair of
// surrogates taken together; 0 where it is none (RFC 8259, section 7).
func escape(text []byte) int {
	if len(text) < 2 {
		return 0
	}
	switch text[1] {
	case '"', '\\', '/', 'b', 'f', 'n', 'r', 't':
		return 2
	}
	switch first, ok := unit(text); {
	case !ok || first&^0x3FF == 0xDC00:
		return 0
	case first&^0x3FF != 0xD800:
		return 6
	}
	if second, ok := unit(text[6:]); !ok || second&^0x3FF != 0xDC00 {
		return 0
	}
	return 12
}

// unit returns the code unit that text begins with, in the form \uXXXX.
func unit(text []byte) (unit rune, ok bool) {
	if len(text) < 6 || text[0] != '\\' || text[1] != 'u' {
		return 0, false
	}
	for _, c := range text[2:6] {
		unit <<= 4
		switch {
		case '0' <= c && c <= '9':
			unit |= rune(c - '0')
		case 'a' <= c|0x20 && c|0x20 <= 'f':
			unit |= rune(c|0x20-'a') + 10
		default:
			return 0, false
		}
	}
	return unit, true
}

// decoded returns the text of a literal that has just been read.
func (r *Reader) decoded(literal []byte) (string, bool) {
	if !r.escapes {
		return string(literal[1 : len(literal)-1]), true
	}
	text, err := jsontext.AppendUnquote(nil, literal)
	return string(text), err == nil
}

const (
	each = 0x0101010101010101 // times a byte: the byte in each place of a word
	high = 0x80 * each
)

// special returns the index, from i on, of the first byte that is a quote, a backslash,
// a control character or, where ascii is asked for, not ASCII; and the length of the
// text where there is none.
func special(text []byte, i int, ascii bool) int {
	for ; i+32 <= len(text); i += 32 { // four words at once: twice as fast as one
		block := text[i : i+32 : i+32]
		a, b, c, d := word(block[0:]), word(block[8:]), word(block[16:]), word(block[24:])
		if ascii {
			if (marks(a)|a|marks(b)|b|marks(c)|c|marks(d)|d)&high != 0 {
				break
			}
		} else if (marks(a)&^a|marks(b)&^b|marks(c)&^c|marks(d)&^d)&high != 0 {
			break
		}
	}
	for ; i+8 <= len(text); i += 8 {
		a := word(text[i:])
		found := marks(a) &^ a
		if ascii {
			found |= a
		}
		if found&high != 0 {
			break
		}
	}
	for ; i < len(text); i++ {
		if c := text[i]; c < ' ' || c == '"' || c == '\\' || ascii && c >= utf8.RuneSelf {
			return i
		}
	}
	return len(text)
}

func word(text []byte) uint64 { return binary.LittleEndian.Uint64(text) }

// marks returns a word without a high bit where the eight bytes of an ASCII word are not
// special, and with one where any is. To subtract n from each byte sets the high bit of the first
// that is below n (A. Mycroft in comp.arch, 1987). A quote with its second bit turned is a
// space, and what was below a space still is, so one subtraction finds both. Bytes that
// are not ASCII may be marked too, and mark no other.
func marks(word uint64) uint64 {
	return (word ^ 2*each - '!'*each) | (word ^ '\\'*each - each)
}
