package schema

import (
	"fmt"
	"strings"
	"testing"
)

// everything is a schema with most keywords.
const everything = `{"type":"object","properties":{
	"path":{"type":"string","minLength":2,"maxLength":9},
	"mode":{"enum":["read","write",5,null]},
	"n":{"type":"integer","minimum":0.1,"exclusiveMaximum":10,"multipleOf":2},
	"m":{"format":"email","pattern":"@"},
	"fix":{"const":{"a":1}},
	"a/b c":{"anyOf":[{"type":"string"},{"type":"null"}]},
	"u":{"oneOf":[
		{"properties":{"kind":{"const":"a"},"x":{"type":"integer"}},"required":["kind"]},
		{"properties":{"kind":{"const":"b"},"y":{"type":"integer"}},"required":["kind"]}]},
	"both":{"oneOf":[{"type":"integer"},{"minimum":1}]},
	"either":{"anyOf":[{"required":["p"]},{"required":["q"]},{"minProperties":3}]},
	"list":{"type":"array","uniqueItems":true,"contains":{"const":1},"maxItems":2,"items":{"type":"integer"}},
	"never":false,
	"not":{"not":{"type":"string"}},
	"twice":{"allOf":[{"$ref":"#/$defs/n"},{"$ref":"#/$defs/n"}]},
	"many":{"anyOf":[{"minimum":1},{"minimum":2},{"minimum":3},{"minimum":4},{"minimum":5},{"minimum":6}]},
	"cond":{"if":{"required":["a"]},"then":{"required":["b"]}},
	"dep":{"dependentRequired":{"a":["b"]}}
},"$defs":{"n":{"type":"number"}},"required":["path"],"additionalProperties":false,"propertyNames":{"maxLength":6}}`

func TestViolations(t *testing.T) {
	t.Parallel()
	s := mustCompile(t, everything)
	for value, want := range map[string]string{
		`5`:  `expected object, got integer 5`,
		`{}`: `missing required property "path"`,
		`{"path":"` + strings.Repeat("é", 50) + `"}`: `/path: must have at most 9 characters, has 50`,
		`{"path":"xx","never":1}`:                    `/never: is not allowed here`,
		`{"path":"x","mode":"Reed"}`: "/mode: must be one of \"read\", \"write\", 5, null, got string \"Reed\"; did you mean \"read\"?\n" +
			`/path: must have at least 2 characters, has 1`,
		`{"path":"xx","n":"abc"}`:                 `/n: expected integer, got string "abc"`,
		`{"path":"xx","n":0}`:                     `/n: must be at least 0.1, got 0`,
		`{"path":"xx","n":1e400}`:                 `/n: must be less than 10, got 1e400`,
		`{"path":"xx","n":3}`:                     `/n: must be a multiple of 2, got 3`,
		`{"path":"xx","n":1.5}`:                   `/n: expected integer, got number 1.5`,
		`{"path":"xx","m":"a@"}`:                  `/m: must be in the format "email", got string "a@"`,
		`{"path":"xx","fix":{"a":2}}`:             `/fix: must be {"a":1}, got an object`,
		`{"path":"xx","a/b c":5}`:                 `/a~1b c: expected string or null, got integer 5`,
		`{"path":"xx","u":{"kind":"c"}}`:          `/u/kind: must be one of "a", "b", got string "c"`,
		`{"path":"xx","u":{"kind":"a","x":true}}`: `/u/x: expected integer, got boolean true`,
		`{"path":"xx","u":{"kind":"b","y":[]}}`:   `/u/y: expected integer, got an array of 0`,
		`{"path":"xx","both":1}`:                  `/both: fits more than one alternative of oneOf, those at 0 and 1`,
		`{"path":"xx","either":{}}`: `/either: fits none of 3 alternatives: (1) missing required property "p"; (2) missing required property "q"; ` +
			`(3) must have at least 3 properties, has 0`,
		`{"path":"xx","list":[2]}`:     `/list: must have at least 1 items of the kind that "contains" describes`,
		`{"path":"xx","list":[1,1]}`:   `/list: items at index 0 and 1 are equal`,
		`{"path":"xx","list":[1,"a"]}`: `/list/1: expected integer, got string "a"`,
		`{"path":"xx","list":[1,2,3]}`: `/list: must have at most 2 items, has 3`,
		`{"path":"xx","not":"a"}`:      `/not: must not be what the schema excludes by "not", got string "a"`,
		`{"path":"xx","cond":{"a":1}}`: `/cond: missing required property "b"`,
		`{"path":"xx","twice":"a"}`:    `/twice: expected number, got string "a"`,
		`{"path":"xx","many":0}`: `/many: fits none of 6 alternatives: (1) must be at least 1, got 0; (2) must be at least 2, got 0; ` +
			`(3) must be at least 3, got 0; (4) must be at least 4, got 0; ...`,
		`{"path":"xx","dep":{"a":1}}`:   `/dep: property 'b' is required, if 'a' property exists`,
		`{"pth":1,"path":"xx"}`:         `unknown property "pth"; allowed: ` + names + `; did you mean "path"?`,
		`{"path":"xx","z":1}`:           `unknown property "z"; allowed: ` + names,
		`{"path":"xx","longer~name":1}`: "unknown property \"longer~name\"; allowed: " + names + "\n/longer~0name: the name of the property: must have at most 6 characters, has 11",
	} {
		for range 5 { // the validator walks maps
			if got := fmt.Sprint(s.Validate(mustDecode(t, value))); got != want {
				t.Errorf("%s:\n got %s\nwant %s", value, got, want)
				break
			}
		}
	}
}

const names = `"a/b c", "both", "cond", "dep", "either", "fix", "list", "m", "many", "mode", "n", "never", "not", "path", "twice", "u"`

func TestViolationsAreBounded(t *testing.T) {
	t.Parallel()
	var unknown strings.Builder
	for i := range 500 {
		fmt.Fprintf(&unknown, `,"x%d":1`, i)
	}
	for _, c := range []struct {
		schema, value string
		more          int
	}{
		{`{"items":{"type":"string"}}`, wide(1000), 980},
		{`{"additionalProperties":false}`, `{"a":1` + unknown.String() + `}`, 481},
		{`{"items":{"type":"string"}}`, wide(maxViolations), 0},
		{`{"items":{"type":"string"}}`, wide(maxViolations + 1), 1},
	} {
		err, ok := mustCompile(t, c.schema).Validate(mustDecode(t, c.value)).(*ValidationError)
		if !ok || len(err.Violations) != maxViolations || err.More != c.more {
			t.Errorf("%s: %d violations and %d more; want %d and %d", c.schema, len(err.Violations), err.More, maxViolations, c.more)
		}
		if last := fmt.Sprintf("\nand %d more", c.more); c.more > 0 != strings.HasSuffix(err.Error(), last) {
			t.Errorf("%s: the text ends with %q", c.schema, err.Error()[len(err.Error())-40:])
		}
	}
	long := mustCompile(t, `{"const":"`+strings.Repeat("a", 10_000)+`"}`).Validate(strings.Repeat("b", 10_000))
	if len(long.Error()) > 200 {
		t.Errorf("a long value makes a message of %d bytes", len(long.Error()))
	}
	var values []string
	for i := range 1000 {
		values = append(values, fmt.Sprintf(`"value%d"`, i))
	}
	enum := mustCompile(t, `{"enum":[`+strings.Join(values, ",")+`]}`).Validate("none")
	if got := enum.Error(); !strings.Contains(got, "and 980 more") || len(got) > 400 {
		t.Errorf("a long enum makes the message %s", got)
	}
}
