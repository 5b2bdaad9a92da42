package transport

import (
	"bytes"

	"github.com/go-json-experiment/json/jsontext"
)

// maxIDLength bounds ids and progress tokens, which are echoed in every message
// about their call.
const maxIDLength = 1024

// rawID is a request id or progress token as the peer wrote it. It goes back byte
// for byte, so that no number is rounded and no string re-escaped.
type rawID []byte

// validID reports whether value is a JSON string or a number without a fraction, as
// the schemas demand of RequestId and ProgressToken, and not too long to echo.
func validID(value []byte) bool {
	if len(value) == 0 || len(value) > maxIDLength {
		return false
	}
	return value[0] == '"' || digits(value) || integral(value)
}

// digits reports whether value is a whole number as nearly all peers write their ids.
func digits(value []byte) bool {
	for _, c := range value {
		if c < '0' || c > '9' {
			return false
		}
	}
	return true
}

// integral reports whether the JSON value is a number that is surely an integer: 1,
// -1, 1.0, 1e400.
func integral(value []byte) bool {
	if value[0] != '-' && (value[0] < '0' || value[0] > '9') {
		return false
	}
	mantissa, exponent, _ := bytes.Cut(bytes.ToLower(value), []byte("e"))
	_, fraction, _ := bytes.Cut(mantissa, []byte("."))
	return len(bytes.TrimRight(fraction, "0")) == 0 && !bytes.HasPrefix(exponent, []byte("-"))
}

// key returns what two ids have in common when they are the same id: 1, 1.0 and "1"
// differ, "a" and "\u0061" do not.
func (id rawID) key() string {
	if bytes.IndexByte(id, '\\') < 0 {
		return string(id)
	}
	text, err := jsontext.AppendUnquote(nil, []byte(id))
	if err != nil {
		return string(id)
	}
	return `"` + string(text) + `"`
}
