package executor

import (
	"encoding/json"
	"fmt"
	"strings"
	"testing"

	"github.com/sluice-dev/sluice/schema"
	"github.com/sluice-dev/sluice/tools"
)

// TestCanonical checks that values of one class, and no others, have the same text.
func TestCanonical(t *testing.T) {
	t.Parallel()
	classes := [][]string{
		{`{"a":1,"b":[true,null]}`, `{ "b" : [ true , null ] , "a" : 1 }`, `{"\u0061":1.0,"b":[true,null]}`},
		{`{"a":1,"b":[null,true]}`},
		{`{"a":1,"b":[[true,null]]}`},
		{`{"a":1,"b":[true],"c":null}`},
		{`{"a,":1}`}, {`{"a":"1"}`},
		{`1`, `1.0`, `10e-1`, `0.1E+1`, `1e0`, `1E-0`},
		{`-1`, `-1.00`}, {`0`, `-0`, `0.0`, `0e5`}, {`10`, `1e1`, `10.0`}, {`100`, `1e2`, `1E+02`},
		{`0.1`, `1e-1`}, {`0.01`, `1e-2`}, {`0.10000000000000000001`},
		{`9007199254740992`}, {`9007199254740993`}, {`9007199254740993.5`},
		{`1e400`}, {`1e401`}, {`1e-400`}, {`-1e400`},
		{`1e9999999999`}, {`1e99999999999`}, {`1e-9999999999`},
		{`"1"`, `"\u0031"`}, {`"\u00e9"`, `"é"`}, {`"e\u0301"`}, {`"\ud83d\ude00"`, `"😀"`},
		{`""`}, {`null`}, {`[]`}, {`{}`}, {`[null]`}, {`[[]]`}, {`[{}]`}, {`true`}, {`false`}, {`"true"`},
	}
	seen := map[string]int{}
	for i, class := range classes {
		var text string
		for _, source := range class {
			value, err := schema.Decode([]byte(source))
			if err != nil {
				t.Fatal(err)
			}
			got := string(appendCanonical(nil, value))
			if text != "" && got != text {
				t.Errorf("%s: %s, and %s: %s", class[0], text, source, got)
			}
			text = got
		}
		if j, ok := seen[text]; ok {
			t.Errorf("%v and %v are both %s", classes[j], class, text)
		}
		seen[text] = i
	}
}

// TestCacheKey checks what else tells calls apart.
func TestCacheKey(t *testing.T) {
	t.Parallel()
	entries := func(shared bool) *tools.Entry {
		return &tools.Entry{Tool: &tools.Tool{Limits: tools.Limits{Cache: &tools.Cache{Shared: shared}}}}
	}
	own, shared := entries(false), entries(true)
	key := func(entry *tools.Entry, caller, arguments string) cacheKey {
		value, err := schema.Decode([]byte(arguments))
		if err != nil {
			t.Fatal(err)
		}
		return keyOf(&Execution{Entry: entry, Call: tools.Call{Caller: caller, Values: value.(map[string]any)}})
	}
	seen := map[cacheKey]string{}
	for _, c := range []struct {
		entry             *tools.Entry
		caller, arguments string
	}{
		{own, "ada", `{}`}, {own, "bob", `{}`}, {own, "", `{}`}, {own, "\xff", `{}`}, {own, "\xfe", `{}`}, {own, "\ufffd", `{}`},
		{own, `ada"{`, `{}`}, {own, "ada", `{"a":1}`}, {entries(false), "ada", `{}`}, {shared, "ada", `{}`},
	} {
		name := fmt.Sprintf("%p %q %s", c.entry, c.caller, c.arguments)
		k := key(c.entry, c.caller, c.arguments)
		if other, ok := seen[k]; ok {
			t.Errorf("%s and %s have one key", other, name)
		}
		seen[k] = name
	}
	if key(shared, "ada", `{}`) != key(shared, "bob", `{}`) {
		t.Error("the callers of a shared tool have keys of their own")
	}
}

// FuzzCanonical checks that a number keeps its value to the last digit: the text, read
// as a number, has itself for its text.
func FuzzCanonical(f *testing.F) {
	for _, seed := range []string{`1`, `-0.50e3`, `1e-400`, `12300`, `[1,{"a":"b"}]`} {
		f.Add(seed)
	}
	f.Fuzz(func(t *testing.T, source string) {
		value, err := schema.Decode([]byte(source))
		if err != nil {
			return
		}
		text := appendCanonical(nil, value)
		if number, ok := value.(json.Number); ok {
			if again := appendNumber(nil, string(text)); string(again) != string(text) {
				t.Errorf("%s: %s, and then %s", number, text, again)
			}
		}
	})
}

func BenchmarkCacheKey(b *testing.B) {
	for _, bytes := range []int{64, 64 << 10} {
		value, err := schema.Decode(fmt.Appendf(nil, `{"id":12345,"text":%q,"deep":{"b":true,"a":[1,2,3]}}`, strings.Repeat("x", bytes)))
		if err != nil {
			b.Fatal(err)
		}
		x := &Execution{
			Entry: &tools.Entry{Tool: &tools.Tool{Limits: tools.Limits{Cache: &tools.Cache{}}}},
			Call:  tools.Call{Caller: "ada", Values: value.(map[string]any)},
		}
		b.Run(fmt.Sprint(bytes), func(b *testing.B) {
			b.ReportAllocs()
			for b.Loop() {
				keyOf(x)
			}
		})
	}
}
