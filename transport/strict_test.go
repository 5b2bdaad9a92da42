package transport

import (
	"reflect"
	"strings"
	"testing"
)

// strictMessages are decoded in one pass, those behind them are not.
var (
	strictMessages = []string{
		`{"jsonrpc":"2.0","id":1,"method":"ping"}`,
		` {"method":"tools/call", "id":"a\"b","params":{"_meta":{"progressToken":1.0,"x":{}},"arguments":{"a":[1,{"b":null}]},"name":"x"},"jsonrpc":"2.0"}` + "\r",
		`{"jsonrpc":"2.0","method":"notifications/cancelled","params":{"requestId":-1,"reason":"é"}}`,
		`{"jsonrpc":"2.0","id":9007199254740993,"method":"tools/list","params":{}}`,
		`{"jsonrpc":"2.0","id":1,"method":"server/discover","params":{"_meta":{}}}`,
	}
	doubtfulMessages = []string{
		`{"jsonrpc":"2.0","id":1.5,"method":"ping"}`, `{"jsonrpc":"2.0","id":null,"method":"ping"}`, `{"jsonrpc":"2.0","id":1}`,
		`{"jsonrpc":"2.0","id":1,"method":"no/such"}`, `{"jsonrpc":"2.0","id":1,"method":"\u0070ing"}`, `{"jsonrpc":"2.0","id":1,"method":1}`,
		`{"jsonrpc":"1.0","id":1,"method":"ping"}`, `{"id":1,"method":"ping"}`, `{"jsonrpc":"2.0","id":1,"method":"ping","x":1}`,
		`{"jsonrpc":"2.0","id":1,"method":"ping","params":[]}`, `{"jsonrpc":"2.0","id":1,"method":"ping","params":{"_meta":null}}`,
		`{"jsonrpc":"2.0","id":1,"method":"ping","params":{"a":1,"a":2}}`, `{"jsonrpc":"2.0","id":1,"method":"ping","result":{}}`,
		`{"jsonrpc":"2.0","id":1,"id":1,"method":"ping"}`, `{"jsonrpc":"2.0","id":1,"method":"ping"}{}`, `[]`, ``, `{`,
		`{"jsonrpc":"2.0","id":1,"method":"ping","params":{"a":` + strings.Repeat("[", maxDepth) + strings.Repeat("]", maxDepth) + `}}`,
		`{"jsonrpc":"2.0","id":1,"method":"ping","params":{"a":[` + strings.Repeat("[],", maxValues/2) + `0]}}`,
	}
)

// TestDecodeStrict checks what is decoded in one pass, so that a benchmark measures that
// and a doubtful message gets the answer of the full decoder.
func TestDecodeStrict(t *testing.T) {
	t.Parallel()
	for _, text := range strictMessages {
		if got := decodeStrict([]byte(text)); got == nil {
			t.Errorf("declined: %s", text)
		} else if want, fault := decodeFully([]byte(text)); fault != nil || !same(got, want) {
			t.Errorf("%s: got %+v, want %+v, %v", text, got, want, fault)
		}
	}
	for _, text := range doubtfulMessages {
		if m := decodeStrict([]byte(text)); m != nil {
			t.Errorf("%.200s is decoded as %+v", text, m)
		}
	}
}

// same compares two messages; no members are as good as an empty list of them, but for
// params, where they mean another thing.
func same(a, b *message) bool {
	x, y := *a, *b
	if len(x.meta) == 0 && len(y.meta) == 0 {
		x.meta, y.meta = nil, nil
	}
	return reflect.DeepEqual(x, y)
}

// FuzzDecodeStrict holds the decoder of one pass to the full one.
func FuzzDecodeStrict(f *testing.F) {
	for _, text := range append(strictMessages, doubtfulMessages[:len(doubtfulMessages)-1]...) {
		f.Add([]byte(text))
	}
	f.Fuzz(func(t *testing.T, data []byte) {
		got := decodeStrict(data)
		if got == nil {
			return
		}
		if want, fault := decodeFully(data); fault != nil || !same(got, want) {
			t.Errorf("%q: got %+v, want %+v, %v", data, got, want, fault)
		}
	})
}
