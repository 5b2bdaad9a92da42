package schema

import (
	"encoding/json"
	"flag"
	"math/big"
	"net/netip"
	"net/url"
	"os"
	"path/filepath"
	"reflect"
	"strings"
	"testing"
	"time"

	jsonv2 "github.com/go-json-experiment/json"
	"github.com/go-json-experiment/json/jsontext"
	"github.com/invopop/jsonschema"
)

var update = flag.Bool("update", false, "rewrite the golden files in testdata/reflect")

type plainFields struct {
	Text   string  `json:"text" jsonschema:"description=Some text\\, really,minLength=1,maxLength=9,pattern=^a,title=T,default=a,example=b"`
	Mode   string  `json:"mode,omitempty" jsonschema:"enum=read,enum=write"`
	Count  int     `json:"count,omitzero" jsonschema:"minimum=1,exclusiveMaximum=9,multipleOf=2,default=2"`
	Rate   float64 `json:"rate" jsonschema_description:"commas, as they are"`
	On     bool
	Tags   []string `json:"tags" jsonschema:"minItems=1,maxItems=3,uniqueItems=true,enum=x,enum=y"`
	Hidden string   `json:"-"`
}

type specialTypes struct {
	Time  time.Time
	Bytes []byte
	Hash  [4]byte
	Raw   json.RawMessage
	Any   any
	Addr  netip.Addr
	Big   *big.Int `json:",omitempty"`
	Pair  [2]int
	U     uint
	U8    uint8
	I16   int16 `jsonschema:"minimum=0"`
	Color color
	Shape shape
}

type color string

func (color) JSONSchemaExtend(s *jsonschema.Schema) { s.Enum = []any{"red", "green"} }

type shape struct{ round bool }

func (shape) JSONSchema() *jsonschema.Schema { return &jsonschema.Schema{Type: "boolean"} }
func (s shape) MarshalJSON() ([]byte, error) { return jsonv2.Marshal(s.round) }

type identified struct {
	ID string `json:"id"`
}

type embedding struct {
	identified
	*Extra
	Named identified `json:"named"`
}

type Extra struct {
	Note string `json:"note,omitempty"`
}

type pointers struct {
	Must *int                   `json:"must" jsonschema:"description=a number or null"`
	May  *int                   `json:"may,omitempty"`
	Sub  *identified            `json:"sub"`
	Two  **identified           `json:"two,omitempty"`
	Free *any                   `json:"free"`
	Maps map[string]*identified `json:"maps"`
}

type mapFields struct {
	ByName map[string]int
	ByID   map[int]string
	Any    map[string]any
	Lists  map[string][]any
}

type tree struct {
	Value int     `json:"value"`
	Kids  []*tree `json:"kids,omitempty"`
}

type forest struct {
	Trees []tree            `json:"trees"`
	Best  *tree             `json:"best" jsonschema:"description=the best one"`
	Pairs []box[identified] `json:"pairs"`
	Wrap  box[identified]   `json:"wrap"`
	List  []listOfLists     `json:"list"`
	Other map[string]tree   `json:"other"`
}

type box[T any] struct {
	Value T       `json:"value"`
	Next  *box[T] `json:"next,omitempty"`
}

type listOfLists []listOfLists

func TestReflectGolden(t *testing.T) {
	t.Parallel()
	for name, reflected := range map[string]func() (json.RawMessage, error){
		"empty": For[struct{}], "plain": For[plainFields], "special": For[specialTypes], "embedding": For[embedding],
		"pointers": For[*pointers], "maps": For[mapFields], "tree": For[tree], "forest": For[forest],
		"map": For[map[string]identified], "slice": For[[]identified], "trees": For[[]tree], "string": For[string], "any": For[any], "time": For[time.Time],
	} {
		text, err := reflected()
		if err != nil {
			t.Errorf("%s: %v", name, err)
			continue
		}
		if _, err := Compile(text); err != nil {
			t.Errorf("%s does not compile: %v\n%s", name, err, text)
		}
		pretty := jsontext.Value(text)
		if err := pretty.Indent(jsontext.WithIndent("  ")); err != nil {
			t.Fatal(err)
		}
		golden(t, filepath.Join("testdata", "reflect", name+".json"), string(pretty)+"\n")
	}
}

func golden(t *testing.T, file, got string) {
	t.Helper()
	if *update {
		if err := os.WriteFile(file, []byte(got), 0o644); err != nil {
			t.Fatal(err)
		}
		return
	}
	want, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	if strings.ReplaceAll(string(want), "\r\n", "\n") != got {
		t.Errorf("%s: got\n%s\nwant\n%s", file, got, want)
	}
}

type bough struct {
	Kids []bough `json:"kids"`
}

// TestReflectNames has two types of one name, and a list of them on the way.
func TestReflectNames(t *testing.T) {
	t.Parallel()
	type tree struct {
		Other []*tree `json:"other"`
	}
	type twins struct {
		A *tree
		B any
		C []bough
	}
	fields := reflect.VisibleFields(reflect.TypeFor[twins]())
	fields[1].Type = reflect.TypeFor[forest]().Field(1).Type // the other tree
	text, err := Reflect(reflect.StructOf([]reflect.StructField{fields[0], fields[1], fields[2]}))
	if err != nil {
		t.Fatal(err)
	}
	s := mustCompile(t, string(text))
	if err := s.Validate(mustDecode(t, `{"A":{"other":[{"other":[]}]},"B":{"value":1,"kids":[{"value":2}]},"C":[{"kids":[]}]}`)); err != nil {
		t.Errorf("%v\n%s", err, text)
	}
	if err := s.Validate(mustDecode(t, `{"A":{"value":1},"B":{"other":[]},"C":[{}]}`)); err == nil {
		t.Errorf("one type stands for the other in %s", text)
	}
	if strings.Contains(string(text), `"#/$defs/"`) || strings.Count(string(text), `"type":"object"`) != 4 {
		t.Errorf("more definitions than types that contain themselves: %s", text)
	}
}

// TestReflectFitsEncoding sees that values encode to what their schema says.
func TestReflectFitsEncoding(t *testing.T) {
	t.Parallel()
	seven, b := 7, &identified{ID: "x"}
	fits(t, struct{}{})
	fits(t, plainFields{Text: "ab", Count: 2, Tags: []string{"x"}})
	fits(t, specialTypes{Time: time.Unix(1e9, 0), Bytes: []byte("a"), Raw: json.RawMessage("{}"), Color: "red", U8: 255, Addr: netip.MustParseAddr("::1")})
	fits(t, embedding{})
	fits(t, embedding{Extra: &Extra{Note: "n"}})
	fits(t, pointers{})
	fits(t, pointers{Must: &seven, May: &seven, Sub: b, Two: &b})
	fits(t, mapFields{})
	fits(t, mapFields{ByID: map[int]string{-1: "a"}, Any: map[string]any{"a": nil}, Lists: map[string][]any{"a": nil}})
	fits(t, tree{Kids: []*tree{{Value: 1}, {Kids: []*tree{{}}}}})
	fits(t, forest{})
	fits(t, forest{Trees: []tree{{}}, Best: &tree{}, Pairs: []box[identified]{{}}, List: []listOfLists{{{}, {}}, nil}})
	fits(t, []tree(nil))
	fits(t, map[string]identified(nil))
}

func fits[T any](t *testing.T, value T) {
	t.Helper()
	text, err := For[T]()
	if err != nil {
		t.Error(err)
		return
	}
	encoded, err := jsonv2.Marshal(value)
	if err != nil {
		t.Errorf("%T: %v", value, err)
		return
	}
	if err := mustCompile(t, string(text)).Validate(mustDecode(t, string(encoded))); err != nil {
		t.Errorf("%T: %s does not fit %s:\n%v", value, encoded, text, err)
	}
}

type EmbedsItself struct{ *EmbedsToo }
type EmbedsToo struct{ *EmbedsItself }

func TestReflectRefuses(t *testing.T) {
	t.Parallel()
	for want, reflected := range map[string]func() (json.RawMessage, error){
		"a chan int at .C[] has no JSON form":      For[struct{ C []chan int }],
		"a func() at .A.F":                         For[struct{ A struct{ F func() } }],
		"a complex128 has no JSON form":            For[complex128],
		"a time.Duration at .D has no JSON form":   For[struct{ D *time.Duration }],
		"a url.URL at [] has no JSON form":         For[map[string]url.URL],
		"a map with keys of type struct {} has no": For[map[struct{}]int],
		"schema.EmbedsItself embeds itself":        For[EmbedsItself],
	} {
		if text, err := reflected(); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%s, %v; want an error with %q", text, err, want)
		}
	}
}

func BenchmarkFor(b *testing.B) {
	b.ReportAllocs()
	for b.Loop() {
		if _, err := For[plainFields](); err != nil {
			b.Fatal(err)
		}
	}
}
