package config

import "testing"

func TestSchemasKeepWhatIsWritten(t *testing.T) {
	t.Parallel()
	for _, test := range []struct{ name, yaml, want string }{
		{"order", "{b: 1, a: 2, c: 3}", `{"b":1,"a":2,"c":3}`},
		{"integers", "{a: 1, b: -7, c: 9007199254740993, d: 18446744073709551615, e: +5}", `{"a":1,"b":-7,"c":9007199254740993,"d":18446744073709551615,"e":5}`},
		{"other bases", "{a: 0x10, b: 0o17, c: 0b101}", `{"a":16,"b":15,"c":5}`},
		{"fractions", "{a: 0.1, b: 1.50, c: 1e3, d: .5, e: 1.}", `{"a":0.1,"b":1.50,"c":1e3,"d":0.5,"e":1}`},
		{"strings", `{a: "1", b: 'true', c: yes, d: 2026-07-28, e: "\u00e9\n", f: ~, g: "~"}`, `{"a":"1","b":"true","c":"yes","d":"2026-07-28","e":"é\n","f":null,"g":"~"}`},
		{"booleans", "{a: true, b: false}", `{"a":true,"b":false}`},
		{"keys", "{1: a, true: b, 0x10: c, null: d, 1.5: e}", `{"1":"a","true":"b","0x10":"c","null":"d","1.5":"e"}`},
		{"nothing", "{a: [], b: {}, c: ''}", `{"a":[],"b":{},"c":""}`},
		{"literal", "{\"a\": \"x\"}", `{"a":"x"}`},
	} {
		t.Run(test.name, func(t *testing.T) {
			t.Parallel()
			c, err := Parse("c.yaml", []byte("tools: [{name: a, command: [x], input: "+test.yaml+"}]"))
			if err != nil {
				t.Fatal(err)
			}
			if got := string(c.Tools[0].Input); got != test.want {
				t.Errorf("got  %s\nwant %s", got, test.want)
			}
		})
	}
}

func TestBlockScalars(t *testing.T) {
	t.Parallel()
	c, err := Parse("c.yaml", []byte("name: |\n  one\n  two\ninstructions: >-\n  three\n  four\n"))
	if err != nil {
		t.Fatal(err)
	}
	if c.Name != "one\ntwo\n" || c.Instructions != "three four" {
		t.Errorf("got %q and %q", c.Name, c.Instructions)
	}
}
