package jsonc

import (
	"bytes"
	"encoding/json"
	"reflect"
	"strings"
	"testing"

	"github.com/tailscale/hujson"
	"go.uber.org/goleak"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

// entry is what is put in.
type entry struct {
	Command string   `json:"command"`
	Args    []string `json:"args"`
}

var ours = entry{"/opt/<x>/sluice", []string{"stdio"}}

// TestSet sets a member and removes it again, and sees every other byte stay.
func TestSet(t *testing.T) {
	t.Parallel()
	for _, test := range []struct {
		name, source, want string
		gone               string // after Remove; empty is source
	}{
		{"nothing", "", "{\n  \"s\": {\n    \"n\": {\n      \"command\": \"/opt/<x>/sluice\",\n      \"args\": [\n        \"stdio\"\n      ]\n    }\n  }\n}\n", "{\n  \"s\": {}\n}\n"},
		{"an empty object", "{}", "{\n  \"s\": {\n    \"n\": V2\n  }\n}", "{\n  \"s\": {}\n}"},
		{"an empty object on two lines", "{\n}\n", "{\n  \"s\": {\n    \"n\": V2\n  }\n}\n", "{\n  \"s\": {}\n}\n"},
		{"no section, tabs, a comment at the end", "{\n\t\"a\": 1 // one\n}\n", "{\n\t\"a\": 1, // one\n\t\"s\": {\n\t\t\"n\": VT\n\t}\n}\n", "{\n\t\"a\": 1, // one\n\t\"s\": {}\n}\n"},
		{"an empty section", "{\n  \"s\": {}\n}", "{\n  \"s\": {\n    \"n\": V2\n  }\n}", ""},
		{"others in the section, and a comma at the end", "{\n  \"s\": {\n    \"o\": {}, // other\n    \"p\": [1,\n2], /* p */\n  },\n  \"z\": 0,\n}", "{\n  \"s\": {\n    \"o\": {}, // other\n    \"p\": [1,\n2], /* p */\n    \"n\": V2,\n  },\n  \"z\": 0,\n}", ""},
		{"others in the section, odd layout", "{ \"s\" :\n  { \"o\" : {\n} // o\n } }", "{ \"s\" :\n  { \"o\" : {\n}, // o\n \"n\": V0\n } }", "odd"},
		{"one line", `{"a":1,"s":{"o":{}}}`, `{"a":1,"s":{"o":{}, "n": V0}}`, ""},
		{"lines of Windows, with a mark", "\ufeff{\r\n    \"s\": {\r\n        \"o\": {}\r\n    }\r\n}\r\n", "\ufeff{\r\n    \"s\": {\r\n        \"o\": {},\r\n        \"n\": VW\r\n    }\r\n}\r\n", ""},
		{"only a comment in the section", "{\n  \"s\": {\n    // none yet\n  }\n}", "{\n  \"s\": {\n    // none yet\n    \"n\": V2\n  }\n}", ""},
		{"a name that is spelt otherwise", "{\n  \"\\u0073\": {\n    \"o\": {}\n  }\n}", "{\n  \"\\u0073\": {\n    \"o\": {},\n    \"n\": V2\n  }\n}", ""},
	} {
		t.Run(test.name, func(t *testing.T) {
			t.Parallel()
			got, err := Set([]byte(test.source), "s", "n", ours)
			if err != nil {
				t.Fatal(err)
			}
			want := layout(test.want)
			if string(got) != want && test.gone != "odd" {
				t.Fatalf("set:\n%q\nwant:\n%q", got, want)
			}
			if again, err := Set(got, "s", "n", ours); err != nil || !bytes.Equal(again, got) {
				t.Errorf("set again: %v\n%s", err, again)
			}
			gone := test.gone
			if gone == "" {
				gone = test.source
			}
			left, err := Remove(got, "s", "n")
			if err != nil || string(left) != gone && test.gone != "odd" {
				t.Errorf("removed: %v\n%q\nwant:\n%q", err, left, gone)
			}
			checkSet(t, []byte(test.source), got)
			checkSet(t, []byte(test.source), mustSet(t, left))
		})
	}
}

func mustSet(t *testing.T, source []byte) []byte {
	t.Helper()
	got, err := Set(source, "s", "n", ours)
	if err != nil {
		t.Fatal(err)
	}
	return got
}

// layout puts the entry into a wanted text, in the layout that is asked for.
func layout(want string) string {
	indented := func(prefix, unit string) string {
		return `{` + prefix + unit + `"command": "/opt/<x>/sluice",` + prefix + unit + `"args": [` + prefix + unit + unit + `"stdio"` + prefix + unit + `]` + prefix + `}`
	}
	return strings.NewReplacer(
		"V0", `{"command":"/opt/<x>/sluice","args":["stdio"]}`,
		"V2", indented("\n    ", "  "), "VT", indented("\n\t\t", "\t"), "VW", indented("\r\n        ", "    "),
	).Replace(want)
}

// checkSet fails the test where anything but the member differs.
func checkSet(t *testing.T, source, got []byte) {
	t.Helper()
	before, after := decode(t, source), decode(t, got)
	section, _ := after["s"].(map[string]any)
	if section == nil || !reflect.DeepEqual(section["n"], map[string]any{"command": "/opt/<x>/sluice", "args": []any{"stdio"}}) {
		t.Fatalf("not set in:\n%s", got)
	}
	delete(section, "n")
	if before["s"] == nil && len(section) == 0 {
		delete(after, "s")
	}
	if old, _ := before["s"].(map[string]any); old != nil {
		delete(old, "n")
	}
	if !reflect.DeepEqual(before, after) {
		t.Errorf("before: %v\nafter: %v", before, after)
	}
}

func decode(t *testing.T, text []byte) map[string]any {
	t.Helper()
	text = bytes.TrimPrefix(text, []byte(mark))
	value := map[string]any{}
	if len(bytes.TrimSpace(text)) == 0 {
		return value
	}
	standard, err := hujson.Standardize(text)
	if err != nil {
		t.Fatalf("%v in:\n%s", err, text)
	}
	if err := json.Unmarshal(standard, &value); err != nil {
		t.Fatal(err)
	}
	return value
}

// TestSetReplaces changes a member and nothing around it.
func TestSetReplaces(t *testing.T) {
	t.Parallel()
	source := "{\n  \"s\": {\n    \"n\": {\"command\": \"old\" /* gone */}, // ours\n    \"o\": 1\n  }\n}"
	want := layout("{\n  \"s\": {\n    \"n\": V2, // ours\n    \"o\": 1\n  }\n}")
	if got := mustSet(t, []byte(source)); string(got) != want {
		t.Errorf("got:\n%s\nwant:\n%s", got, want)
	}
	left, err := Remove([]byte(want), "s", "n")
	if err != nil || string(left) != "{\n  \"s\": { // ours\n    \"o\": 1\n  }\n}" {
		t.Errorf("removed: %v\n%s", err, left)
	}
}

func TestRemoveOfNothing(t *testing.T) {
	t.Parallel()
	for _, source := range []string{"", "{}", `{"s":{}}`, `{"s":{"o":1}}`, `{"n":1}`} {
		if left, err := Remove([]byte(source), "s", "n"); err != nil || string(left) != source {
			t.Errorf("%q: %q, %v", source, left, err)
		}
	}
}

func TestRefused(t *testing.T) {
	t.Parallel()
	for source, want := range map[string]string{
		`{"s": {`:                     "not JSON",
		`[]`:                          "not a JSON object",
		`{"s": []}`:                   `its "s" is not an object`,
		`{"s": null}`:                 `its "s" is not an object`,
		`{"s": {}, "s": {}}`:          `it has "s" twice`,
		`{"s": {"n": 1, "\u006e":2}}`: `it has "n" twice`,
		"{'s': 1}":                    "not JSON",
	} {
		for name, act := range map[string]func() error{
			"set":    func() error { _, err := Set([]byte(source), "s", "n", ours); return err },
			"remove": func() error { _, err := Remove([]byte(source), "s", "n"); return err },
			"get":    func() error { _, err := Get([]byte(source), "s", "n"); return err },
		} {
			if err := act(); err == nil || !strings.Contains(err.Error(), want) {
				t.Errorf("%s of %s: %v", name, source, err)
			}
		}
	}
}

// FuzzSet sets and removes a member in whatever is an object, and nothing else of it may
// change.
func FuzzSet(f *testing.F) {
	for _, seed := range []string{"{}", "{\n}", `{"s":{"o":1,},}`, "{\n\t\"s\": { // c\n\t\t\"n\" : 1 /* d */, \"z\": {}\n\t}\n}", "{/*a*/\"s\"/*b*/:/*c*/{/*d*/\"o\"/*e*/:/*f*/1/*g*/,/*h*/}/*i*/}"} {
		f.Add([]byte(seed))
	}
	f.Fuzz(func(t *testing.T, source []byte) {
		got, err := Set(source, "s", "n", ours)
		if err != nil {
			return
		}
		if decodable(source) {
			checkSet(t, source, got)
		}
		left, err := Remove(got, "s", "n")
		if err != nil {
			t.Fatalf("%v of:\n%s", err, got)
		}
		if value, err := Get(left, "s", "n"); err != nil || value != nil {
			t.Fatalf("%s, %v in:\n%s", value, err, left)
		}
	})
}

// decodable reports whether the text has each name once, so that it can be compared.
func decodable(text []byte) bool {
	value, err := hujson.Parse(bytes.TrimPrefix(text, []byte(mark)))
	if err != nil {
		return false
	}
	for v := range value.All() {
		if o, ok := v.Value.(*hujson.Object); ok {
			names := map[string]bool{}
			for _, m := range o.Members {
				name := m.Name.Value.(hujson.Literal).String()
				if names[name] {
					return false
				}
				names[name] = true
			}
		}
	}
	return true
}
