package executor

import (
	"crypto/sha256"
	"encoding/json"
	"slices"
	"strconv"
	"strings"

	"github.com/go-json-experiment/json/jsontext"

	"github.com/sluice-dev/sluice/tools"
)

// A cacheKey is the same for calls that may have the same result. The entry stands
// for the tool and its version: a tool that is registered anew has another one, and
// as the key holds it, no later one can be at its address.
type cacheKey struct {
	entry *tools.Entry
	sum   [sha256.Size]byte // of the caller, unless the tool is shared, and the arguments
}

func keyOf(x *Execution) cacheKey {
	text := make([]byte, 0, 256)
	if !x.Entry.Limits.Cache.Shared {
		text = strconv.AppendQuote(text, x.Call.Caller) // tells bytes apart that are no UTF-8
	}
	return cacheKey{entry: x.Entry, sum: sha256.Sum256(appendCanonical(text, x.Call.Values))}
}

// appendCanonical appends a decoded JSON value so that equal values have equal texts,
// and only they. This is RFC 8785 but for what would let different values meet there
// or needs a second sort: a number keeps all its digits, where the RFC has it rounded
// to a float64, and names are in the order of their bytes.
func appendCanonical(text []byte, value any) []byte {
	switch value := value.(type) {
	case bool:
		return strconv.AppendBool(text, value)
	case string:
		return appendString(text, value)
	case json.Number:
		return appendNumber(text, string(value))
	case []any:
		text = append(text, '[')
		for _, element := range value {
			text = append(appendCanonical(text, element), ',')
		}
		return append(text, ']')
	case map[string]any:
		text = append(text, '{')
		names := make([]string, 0, len(value))
		for name := range value {
			names = append(names, name)
		}
		slices.Sort(names)
		for _, name := range names {
			text = append(appendString(text, name), ':')
			text = append(appendCanonical(text, value[name]), ',')
		}
		return append(text, '}')
	}
	return append(text, "null"...)
}

// appendString cannot fail: what was decoded is UTF-8.
func appendString(text []byte, s string) []byte {
	text, _ = jsontext.AppendQuote(text, s)
	return text
}

// maxExponent is how long an exponent may be whose number is brought into one form.
// A longer one is left as it is: it fits no type that a tool could read it into.
const maxExponent = 9

// appendNumber appends a JSON number in the one form digits, "e", exponent, where the
// digits neither begin nor end with 0.
func appendNumber(text []byte, number string) []byte {
	rest, negative := strings.CutPrefix(number, "-")
	mantissa, power, _ := strings.Cut(strings.ToLower(rest), "e")
	whole, fraction, _ := strings.Cut(mantissa, ".")
	if len(power) > maxExponent {
		return append(text, number...)
	}
	exponent, _ := strconv.Atoi(power) // 0 where there is none
	digits := strings.TrimLeft(whole+fraction, "0")
	significant := strings.TrimRight(digits, "0")
	if significant == "" {
		return append(text, '0')
	}
	if negative {
		text = append(text, '-')
	}
	text = append(append(text, significant...), 'e')
	return strconv.AppendInt(text, int64(exponent-len(fraction)+len(digits)-len(significant)), 10)
}
