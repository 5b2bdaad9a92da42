package tools

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"math/big"
	"strings"

	jsonv2 "github.com/go-json-experiment/json"
	"github.com/go-json-experiment/json/jsontext"
)

// input returns the arguments of a call as the input of its function.
func input[In any](call *Call, form form) (In, error) {
	var filled, decoded In
	if form != nil && call.Values != nil && form.fill(&filled, call.Values) {
		return filled, nil
	}
	err := decode(call.Arguments, &decoded)
	return decoded, err
}

// decode reads arguments that are valid against the schema of in into it. To JSON
// Schema 5.0 is an integer, to the decoder it is not: only where it fails are such
// numbers rewritten.
func decode[In any](arguments json.RawMessage, in *In) error {
	err := jsonv2.Unmarshal(arguments, in)
	if err == nil {
		return nil
	}
	if whole, changed := wholeNumbers(arguments); changed {
		var again In
		if jsonv2.Unmarshal(whole, &again) == nil {
			*in = again
			return nil
		}
	}
	return misfit(err)
}

// misfit says where the arguments do not fit, without naming Go's types more than it
// must.
func misfit(err error) error {
	var semantic *jsonv2.SemanticError
	if !errors.As(err, &semantic) || semantic.GoType == nil {
		return Errorf("the arguments do not fit: %w", err)
	}
	what := fmt.Sprintf("a JSON %v", semantic.JSONKind)
	if len(semantic.JSONValue) > 0 && len(semantic.JSONValue) <= 40 {
		what = string(semantic.JSONValue)
	}
	return &Error{
		Message: fmt.Sprintf("argument %s: %s does not fit into %v", semantic.JSONPointer, what, semantic.GoType),
		err:     err,
	}
}

// wholeNumbers rewrites the numbers of text that are integers in another notation.
func wholeNumbers(text []byte) (whole []byte, changed bool) {
	var out bytes.Buffer
	dec, enc := jsontext.NewDecoder(bytes.NewReader(text)), jsontext.NewEncoder(&out)
	for {
		token, err := dec.ReadToken()
		if errors.Is(err, io.EOF) {
			return out.Bytes(), changed
		}
		if err != nil {
			return nil, false
		}
		if token.Kind() != '0' {
			err = enc.WriteToken(token)
		} else {
			number := wholeNumber(token.String())
			changed = changed || number != token.String()
			err = enc.WriteValue(jsontext.Value(number))
		}
		if err != nil {
			return nil, false
		}
	}
}

// wholeNumber leaves alone what no Go integer holds: a huge exponent would write out
// as many digits.
func wholeNumber(number string) string {
	if !strings.ContainsAny(number, ".eE") || len(number) > 40 {
		return number
	}
	f, _, err := big.ParseFloat(number, 10, 256, big.ToNearestEven)
	if err != nil || f.MantExp(nil) > 64 || !f.IsInt() {
		return number
	}
	i, _ := f.Int(nil)
	return i.String()
}
