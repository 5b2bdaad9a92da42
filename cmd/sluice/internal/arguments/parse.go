package arguments

import (
	"encoding/json"
	"fmt"
	"io"
	"os"
	"strings"

	jsonv2 "github.com/go-json-experiment/json"
	"github.com/go-json-experiment/json/jsontext"
)

// maxInput is how much is read of a file or of standard input, in bytes: more than
// any server takes in one message.
const maxInput = 64 << 20

// strict refuses what a server would refuse: a name twice, text that is not UTF-8.
var strict = jsonv2.JoinOptions(jsontext.AllowDuplicateNames(false), jsontext.AllowInvalidUTF8(false))

// Parse returns the JSON object that words stand for. Schema is the input schema of
// the tool. Errors are worded for whoever typed the words.
func Parse(schema json.RawMessage, words []string, stdin io.Reader) (json.RawMessage, error) {
	if len(words) == 1 {
		if words[0] == "-" {
			text, err := readAll(stdin, "standard input")
			if err != nil {
				return nil, err
			}
			return object(text, "standard input")
		}
		if strings.HasPrefix(strings.TrimSpace(words[0]), "{") {
			return object([]byte(words[0]), "the argument")
		}
	}
	return fromWords(newSchema(schema), words)
}

// object checks that text is one JSON object and puts it on one line.
func object(text []byte, source string) (json.RawMessage, error) {
	value := jsontext.Value(text)
	if err := value.Compact(strict); err != nil {
		return nil, fmt.Errorf("%s is not valid JSON: %w", source, err)
	}
	if value.Kind() != '{' {
		return nil, fmt.Errorf("%s must be a JSON object, such as {\"key\":\"value\"}", source)
	}
	return json.RawMessage(value), nil
}

func fromWords(s *schema, words []string) (json.RawMessage, error) {
	out, seen := []byte{'{'}, map[string]bool{}
	for _, word := range words {
		key, value, err := pair(s, word)
		if err != nil {
			return nil, err
		}
		if seen[key] {
			return nil, fmt.Errorf("%s is given twice; a list is written %s:='[1,2]'", key, key)
		}
		seen[key] = true
		if len(out) > 1 {
			out = append(out, ',')
		}
		if out, err = jsontext.AppendQuote(out, key); err != nil {
			return nil, fmt.Errorf("the name %q is not valid UTF-8", key)
		}
		out = append(append(out, ':'), value...)
	}
	return append(out, '}'), nil
}

// pair reads one word: key=value or key:=JSON.
func pair(s *schema, word string) (key string, value []byte, err error) {
	key, text, ok := strings.Cut(word, "=")
	if !ok || key == "" || key == ":" {
		return "", nil, fmt.Errorf("%q is not of the form key=value, key:=JSON or {JSON}", word)
	}
	key, forced := strings.CutSuffix(key, ":")
	if rest, found := strings.CutPrefix(text, "@"); found {
		if strings.HasPrefix(rest, "@") {
			text = rest
		} else if text, err = readFile(rest); err != nil {
			return "", nil, fmt.Errorf("%s: %w", key, err)
		}
	}
	wanted := s.typesOf(key)
	if !forced && wanted.textual() {
		value, err = jsontext.AppendQuote(nil, text)
		if err != nil {
			return "", nil, fmt.Errorf("%s is not valid UTF-8; a program may want it in base64", key)
		}
		return key, value, nil
	}
	compact := jsontext.Value(text)
	if err := compact.Compact(strict); err != nil {
		if forced {
			return "", nil, fmt.Errorf("%s is not valid JSON: %w", key, err)
		}
		return "", nil, fmt.Errorf("%s must be %s, not %q", key, wanted, clip(text))
	}
	return key, compact, nil
}

func clip(text string) string {
	const most = 60
	if len(text) > most {
		return text[:most] + "..."
	}
	return text
}

func readFile(path string) (string, error) {
	f, err := os.Open(path)
	if err != nil {
		return "", err
	}
	defer f.Close()
	text, err := readAll(f, path)
	return string(text), err
}

func readAll(r io.Reader, name string) ([]byte, error) {
	text, err := io.ReadAll(io.LimitReader(r, maxInput+1))
	if err == nil && len(text) > maxInput {
		err = fmt.Errorf("%s holds more than %d MiB", name, maxInput>>20)
	}
	return text, err
}
