package template

import (
	"slices"
	"strings"
	"testing"
)

func TestTemplate(t *testing.T) {
	t.Parallel()
	tests := []struct {
		source string
		want   Template
	}{
		{"", nil},
		{"a", Template{{Text: "a"}}},
		{"{a}", Template{{Name: "a"}}},
		{"x={a}{b-1}y", Template{{Text: "x="}, {Name: "a"}, {Name: "b-1"}, {Text: "y"}}},
		{"{{a}", Template{{Text: "{a}"}}},
		{"{{{a}}", Template{{Text: "{"}, {Name: "a"}, {Text: "}"}}},
		{"a{{b{{c", Template{{Text: "a{b{c"}}},
		{"}}", Template{{Text: "}}"}}},
		{"{größe.2}", Template{{Name: "größe.2"}}},
	}
	for _, test := range tests {
		got, err := Parse(test.source)
		if err != nil || !slices.Equal(got, test.want) {
			t.Errorf("%q: got %q, %v, want %q", test.source, got, err, test.want)
		}
	}
	for _, source := range []string{"{", "{a", "{}", "{a b}", "x{", "{a{b}", `{"a":1}`, "{{{"} {
		if got, err := Parse(source); err == nil {
			t.Errorf("%q: got %q, want an error", source, got)
		}
	}
}

// FuzzTemplate holds that what parses stays the same when it is written down and
// parsed again, and that a value changes nothing but its own place.
func FuzzTemplate(f *testing.F) {
	for _, source := range []string{"", "{a}", "--x={a}{b}", "{{a}", "{{{a}}", "{", "}{a}"} {
		f.Add(source, "{a} $(x)")
	}
	f.Fuzz(func(t *testing.T, source, value string) {
		parsed, err := Parse(source)
		if err != nil {
			return
		}
		again, err := Parse(parsed.String())
		if err != nil || !slices.Equal(parsed, again) {
			t.Fatalf("%q: %q is written %q and parses to %q, %v", source, parsed, parsed.String(), again, err)
		}
		values, want := map[string]string{}, ""
		for _, p := range parsed {
			want += p.Text
			if p.Name != "" {
				values[p.Name] = value
				want += value
			}
		}
		if got, ok := parsed.Fill(values); !ok || got != want {
			t.Fatalf("%q: filled to %q, %v, want %q", source, got, ok, want)
		}
		if len(values) > 0 {
			if got, ok := parsed.Fill(nil); ok {
				t.Fatalf("%q: filled with nothing to %q", source, got)
			}
		}
		led := len(parsed) > 0 && parsed[0].Name != "" && value != ""
		if name := parsed.Lead(values); (name != "") != led || led && !strings.HasPrefix(source, "{"+name+"}") {
			t.Fatalf("%q: begins with %q", source, name)
		}
	})
}
