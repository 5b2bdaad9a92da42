package transport

import (
	"bytes"
	"fmt"
	"strings"
	"testing"

	jsonv2 "github.com/go-json-experiment/json"
	"github.com/go-json-experiment/json/jsontext"

	"github.com/sluice-dev/sluice/transport/mcp"
)

func TestDecode(t *testing.T) {
	data := `{"params":{"name":"a","_meta":{"k":[1, 2]},"arguments":{"x":1e400}},"id":-7,"m\u0065thod":"tools/call","jsonrpc":"2.0"}`
	m, fault := decode([]byte(data))
	if fault != nil {
		t.Fatal(fault)
	}
	if m.method != "tools/call" || string(m.id) != "-7" || !m.hasParams || m.response {
		t.Errorf("decoded %+v", m)
	}
	if got := string(m.params.get("arguments")); got != `{"x":1e400}` {
		t.Errorf("arguments are %s", got)
	}
	if got := string(m.meta.get("k")); got != `[1, 2]` {
		t.Errorf("_meta k is %s", got)
	}
	if m.params.get("_meta") != nil || m.meta.get("K") != nil {
		t.Error("a member is where it should not be")
	}
}

func TestBoundsRefuseWithTheID(t *testing.T) {
	wrap := func(params string) string {
		return `{"jsonrpc":"2.0","id":"x","method":"ping","params":` + params + `}`
	}
	wide := []byte("{")
	for i := range maxValues {
		wide = fmt.Appendf(wide, `"k%d":0,`, i)
	}
	for name, params := range map[string]string{
		"deep":      strings.Repeat(`{"a":`, maxDepth) + "1" + strings.Repeat("}", maxDepth),
		"very deep": strings.Repeat("[", 1<<20),
		"wide":      string(wide) + `"z":0}`,
		"long":      `{"a":[` + strings.Repeat("0,", maxValues) + "0]}",
	} {
		m, fault := decode([]byte(wrap(params)))
		if fault == nil || fault.Code != mcp.CodeInvalidRequest || string(m.id) != `"x"` {
			t.Errorf("%s: answered %v to id %s", name, fault, m.id)
		}
	}
	almost := strings.Repeat(`{"a":`, maxDepth-1) + "1" + strings.Repeat("}", maxDepth-1)
	if _, fault := decode([]byte(wrap(almost))); fault != nil {
		t.Errorf("a message at the bound is refused: %v", fault)
	}
}

// Text that is no Unicode is refused, with the id where that can be told.
func TestTextThatIsNoUnicode(t *testing.T) {
	for data, id := range map[string]string{
		`{"jsonrpc":"2.0","id":7,"method":"tools/call","params":{"name":"x","arguments":{"text":"\ud83d"}}}`:         "7",
		`{"jsonrpc":"2.0","id":7,"method":"tools/call","params":{"name":"x","arguments":{"text":"` + "\xff" + `"}}}`: "7",
		`{"jsonrpc":"2.0","method":"ping\udc00","id":"a"}`:                                                           `"a"`,
		`{"jsonrpc":"2.0","id":"\ud83d","method":"ping"}`:                                                            "",
		`{"jsonrpc":"2.0","id":7,"method":"ping","params":{"a":"\ud83d"}}}`:                                          "", // and more is wrong
		`{"jsonrpc":"2.0","method":"ping\ud83d","id":7,"id":8}`:                                                      "",
		`{"jsonrpc":"2.0","id":1.5,"method":"ping\ud83d"}`:                                                           "",
		`{"jsonrpc":"2.0","method":"ping\ud83d"}`:                                                                    "",
	} {
		m, fault := decode([]byte(data))
		if fault == nil || fault.Code != mcp.CodeParseError || string(m.id) != id {
			t.Errorf("%s: answered %v to id %s", data, fault, m.id)
		}
	}
}

func TestIDKey(t *testing.T) {
	same := [][2]string{{`"a"`, `"\u0061"`}, {`"/"`, `"\/"`}}
	for _, pair := range same {
		if rawID(pair[0]).key() != rawID(pair[1]).key() {
			t.Errorf("%s and %s are told apart", pair[0], pair[1])
		}
	}
	ids := []string{`1`, `1.0`, `"1"`, `0`, `""`, `9007199254740993`, `9007199254740992`}
	seen := map[string]string{}
	for _, id := range ids {
		key := rawID(id).key()
		if other, ok := seen[key]; ok {
			t.Errorf("%s and %s are not told apart", id, other)
		}
		seen[key] = id
	}
}

func TestValidID(t *testing.T) {
	for id, want := range map[string]bool{
		`1`: true, `-1`: true, `1.0`: true, `1e400`: true, `1E+2`: true, `""`: true, `"a"`: true,
		`1.5`: false, `15e-1`: false, `null`: false, `true`: false, `{}`: false, `[]`: false, ``: false,
		`"` + strings.Repeat("a", maxIDLength) + `"`: false,
	} {
		if validID([]byte(id)) != want {
			t.Errorf("validID(%.20s) is %v", id, !want)
		}
	}
}

// FuzzDecode holds the decoder to the strict semantics of encoding/json/v2, and what
// it returns to the text it came from.
func FuzzDecode(f *testing.F) {
	for _, seed := range []string{
		`{"jsonrpc":"2.0","id":1,"method":"ping"}`,
		`{"jsonrpc":"2.0","id":"a","method":"tools/call","params":{"name":"x","arguments":{"a":[1,{"b":null}]},"_meta":{"progressToken":1.0}}}`,
		`{"jsonrpc":"2.0","method":"notifications/cancelled","params":{"requestId":1}}`,
		`{"jsonrpc":"2.0","id":1,"result":{}}`, `{"a":1,"a":2}`, `[{}]`, `{"id":"\ud800"}`, "\xff", `{"id":1}{}`, `{"id" : "a\"}" , "x":[}`,
	} {
		f.Add([]byte(seed))
	}
	f.Fuzz(func(t *testing.T, data []byte) {
		m, fault := decode(data)
		if m == nil {
			t.Fatal("no message")
		}
		var object map[string]jsontext.Value
		err := jsonv2.Unmarshal(data, &object)
		if fault == nil && (err != nil || object == nil) {
			t.Fatalf("accepted what is not an object: %v", err)
		}
		if err != nil && !bytes.Contains([]byte(err.Error()), []byte("duplicate")) &&
			jsontext.Value(data).Kind() == '{' && fault.Code != mcp.CodeParseError && survey(data).excess() == "" {
			t.Fatalf("%v is answered with %d", err, fault.Code)
		}
		if fault != nil {
			return
		}
		if got := string(object["id"]); got != string(m.id) {
			t.Fatalf("id %s was read as %s", got, m.id)
		}
		if object["method"] != nil {
			var method string
			if jsonv2.Unmarshal(object["method"], &method) != nil || method != m.method {
				t.Fatalf("method %s was read as %q", object["method"], m.method)
			}
		}
	})
}

func BenchmarkDecode(b *testing.B) {
	for _, size := range []int{64, 4 << 10, 64 << 10} {
		data := []byte(`{"jsonrpc":"2.0","id":12,"method":"tools/call","params":{"name":"echo","arguments":{"text":"` +
			strings.Repeat("a", size) + `"},"_meta":{"io.modelcontextprotocol/protocolVersion":"2026-07-28","io.modelcontextprotocol/clientCapabilities":{}}}}`)
		b.Run(fmt.Sprint(size), func(b *testing.B) {
			b.ReportAllocs()
			b.SetBytes(int64(len(data)))
			for b.Loop() {
				if _, fault := decode(data); fault != nil {
					b.Fatal(fault)
				}
			}
		})
	}
}
