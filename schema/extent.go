package schema

import (
	"encoding/json"
	"errors"
	"fmt"
	"strconv"
	"strings"

	"github.com/go-json-experiment/json/jsontext"
)

// maxDigits bounds the digits of a number and its decimal exponent: comparing
// numbers exactly costs what their digits cost, and "1e999999" has a million.
const maxDigits = 1000

// An extent is how much there is of a decoded value.
type extent struct {
	values  int // all of them
	schemas int // objects and booleans: what may be a schema
	depth   int
	bytes   int // of strings and names
	longest int // bytes of the longest string or name
}

// measure returns the extent of a value, or why it cannot be validated: it is not
// what [Decode] returns, or it holds a number beyond maxDigits.
func measure(value any) (extent, error) {
	var e extent
	return e, e.add(value, 0)
}

func (e *extent) add(value any, depth int) error {
	e.values++
	switch value := value.(type) {
	case nil:
	case bool:
		e.schemas++
	case string:
		e.text(value)
	case json.Number:
		return checkNumber(string(value))
	case []any:
		return e.array(value, depth+1)
	case map[string]any:
		e.schemas++
		return e.object(value, depth+1)
	default:
		return fmt.Errorf("not a decoded JSON value: %T", value)
	}
	return nil
}

func (e *extent) text(s string) {
	e.bytes += len(s)
	e.longest = max(e.longest, len(s))
}

func (e *extent) array(list []any, depth int) error {
	if err := e.descend(depth); err != nil {
		return err
	}
	for _, value := range list {
		if err := e.add(value, depth); err != nil {
			return err
		}
	}
	return nil
}

func (e *extent) object(object map[string]any, depth int) error {
	if err := e.descend(depth); err != nil {
		return err
	}
	for name, value := range object {
		e.text(name)
		if err := e.add(value, depth); err != nil {
			return err
		}
	}
	return nil
}

// descend also ends the walk of a value that holds itself, which Decode never makes.
func (e *extent) descend(depth int) error {
	if depth > MaxDepth {
		return fmt.Errorf("nested more than %d deep", MaxDepth)
	}
	e.depth = max(e.depth, depth)
	return nil
}

func checkNumber(text string) error {
	if len(text) > maxDigits {
		return fmt.Errorf("a number has more than %d digits", maxDigits)
	}
	if v := jsontext.Value(text); v.Kind() != '0' || !v.IsValid() {
		return errors.New("not a JSON number: " + strconv.Quote(text))
	}
	if i := strings.IndexAny(text, "eE"); i >= 0 {
		exponent, err := strconv.Atoi(text[i+1:])
		if err != nil || exponent > maxDigits || exponent < -maxDigits {
			return fmt.Errorf("the number %s has more than %d digits", shorten(text, 40), maxDigits)
		}
	}
	return nil
}
