package arguments

import (
	"encoding/json"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
)

const everything = `{
	"type": "object",
	"required": ["s", "n", "s"],
	"properties": {
		"s": {"type": "string"}, "n": {"type": "integer"}, "f": {"type": "number"}, "b": {"type": "boolean"},
		"a": {"type": "array"}, "o": {"type": "object"}, "z": {"type": "null"},
		"either": {"type": ["integer", "string"]}, "maybe": {"anyOf": [{"type": "integer"}, {"type": "null"}]},
		"ref": {"$ref": "#/$defs/count"}, "old": {"$ref": "#/definitions/count"}, "loop": {"$ref": "#/$defs/loop"},
		"any": {}, "all": true, "odd": {"type": 7}
	},
	"$defs": {"count": {"type": "integer"}, "loop": {"$ref": "#/$defs/loop"}},
	"definitions": {"count": {"type": "integer"}}
}`

func TestParse(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	write := func(name, content string) string {
		path := filepath.Join(dir, name)
		if err := os.WriteFile(path, []byte(content), 0o600); err != nil {
			t.Fatal(err)
		}
		return path
	}
	notes, list, binary := write("notes", "two\nlines\n"), write("list", " [1, 2]\n"), write("binary", "\xff\x00")
	tests := []struct {
		words []string
		stdin string
		want  string
		err   string // a part of it
	}{
		{words: nil, want: `{}`},
		{words: []string{"s=hi"}, want: `{"s":"hi"}`},
		{words: []string{"s="}, want: `{"s":""}`},
		{words: []string{"s=a=b", "n=3"}, want: `{"s":"a=b","n":3}`},
		{words: []string{"s=3", "s2=3"}, want: `{"s":"3","s2":"3"}`},
		{words: []string{"n=-9007199254740993", "f=1.50", "b=true", "z=null"}, want: `{"n":-9007199254740993,"f":1.50,"b":true,"z":null}`},
		{words: []string{`a=[1, "x"]`, `o={"k": [] }`}, want: `{"a":[1,"x"],"o":{"k":[]}}`},
		{words: []string{"either=3", "maybe=3", "ref=3", "old=3", "loop=3", "any=3", "all=3", "odd=3"},
			want: `{"either":"3","maybe":3,"ref":3,"old":3,"loop":"3","any":"3","all":"3","odd":"3"}`},
		{words: []string{"s:=3", "any:={}", "new:=null"}, want: `{"s":3,"any":{},"new":null}`},
		{words: []string{`s=say "hi" \ ` + "\t"}, want: `{"s":"say \"hi\" \\ \t"}`},
		{words: []string{"s=@" + notes, "a=@" + list}, want: `{"s":"two\nlines\n","a":[1,2]}`},
		{words: []string{"any:=@" + list}, want: `{"any":[1,2]}`},
		{words: []string{"s=@@home", "any=a@b"}, want: `{"s":"@home","any":"a@b"}`},
		{words: []string{` {"n": 1.0} `}, want: `{"n":1.0}`},
		{words: []string{"-"}, stdin: "{\n\"s\": \"x\"\n}\n", want: `{"s":"x"}`},

		{words: []string{"n=three"}, err: `n must be an integer, not "three"`},
		{words: []string{"b=yes"}, err: "b must be true or false"},
		{words: []string{"maybe=x"}, err: "maybe must be an integer or null"},
		{words: []string{"a=1,2"}, err: "a must be a JSON array"},
		{words: []string{"n=" + strings.Repeat("x", 1000)}, err: `xxx..."`},
		{words: []string{"s:=hi"}, err: "s is not valid JSON"},
		{words: []string{"s=a", "s=b"}, err: "s is given twice"},
		{words: []string{"hello"}, err: "not of the form key=value"},
		{words: []string{"=x"}, err: "not of the form"},
		{words: []string{":=x"}, err: "not of the form"},
		{words: []string{"{}", "s=a"}, err: "not of the form"},
		{words: []string{"s=@" + filepath.Join(dir, "none")}, err: "s: open"},
		{words: []string{"s=@" + binary}, err: "s is not valid UTF-8"},
		{words: []string{"\xff=x"}, err: "not valid UTF-8"},
		{words: []string{`{"s":1,"s":2}`}, err: "not valid JSON"},
		{words: []string{`{"s":1`}, err: "not valid JSON"},
		{words: []string{"-"}, stdin: "[]", err: "standard input must be a JSON object"},
		{words: []string{"-"}, stdin: "", err: "standard input is not valid JSON"},
	}
	for _, test := range tests {
		t.Run(fmt.Sprintf("%.40q", test.words), func(t *testing.T) {
			t.Parallel()
			got, err := Parse(json.RawMessage(everything), test.words, strings.NewReader(test.stdin))
			if test.err != "" {
				if err == nil || !strings.Contains(err.Error(), test.err) {
					t.Errorf("got %s and the error %v, want %q in it", got, err, test.err)
				}
				return
			}
			if err != nil || string(got) != test.want {
				t.Errorf("got  %s (%v)\nwant %s", got, err, test.want)
			}
		})
	}
}

func TestParseWithoutSchema(t *testing.T) {
	t.Parallel()
	for _, schema := range []string{``, `7`, `{"properties":[]}`, `{"properties":{"n":7}}`} {
		got, err := Parse(json.RawMessage(schema), []string{"n=3"}, nil)
		if err != nil || string(got) != `{"n":"3"}` {
			t.Errorf("%q: got %s (%v)", schema, got, err)
		}
	}
}

func TestProperties(t *testing.T) {
	t.Parallel()
	var got []string
	for _, p := range Properties(json.RawMessage(everything)) {
		got = append(got, fmt.Sprintf("%s %s %v", p.Name, p.Type, p.Required))
	}
	want := []string{
		"s string true", "n integer true", "a array false", "all any false", "any any false", "b boolean false",
		"either integer|string false", "f number false", "loop any false", "maybe integer|null false", "o object false",
		"odd any false", "old integer false", "ref integer false", "z null false",
	}
	if !slices.Equal(got, want) {
		t.Errorf("got  %q\nwant %q", got, want)
	}
}

func FuzzParse(f *testing.F) {
	f.Add([]byte(everything), "s=hi", "n=3")
	f.Add([]byte(`{"properties":{"s":{"allOf":[{"allOf":[]}]}}}`), "s:=1", "{")
	f.Fuzz(func(t *testing.T, schema []byte, one, two string) {
		if strings.Contains(one+two, "@") {
			return // would read files
		}
		got, err := Parse(schema, []string{one, two}, strings.NewReader("{}"))
		if err == nil && (!json.Valid(got) || strings.Contains(string(got), "\n")) {
			t.Errorf("%q and %q made %s", one, two, got)
		}
		Properties(schema)
	})
}

func ExampleParse() {
	schema := json.RawMessage(`{"type":"object","properties":{"text":{"type":"string"},"times":{"type":"integer"}}}`)
	object, err := Parse(schema, []string{"text=42", "times=3"}, nil)
	fmt.Println(string(object), err)
	// Output: {"text":"42","times":3} <nil>
}
