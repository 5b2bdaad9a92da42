package display

import (
	"strings"
	"testing"
	"unicode/utf8"
)

func TestPlain(t *testing.T) {
	t.Parallel()
	for text, want := range map[string]string{
		"":                                 "",
		"a\tb\nc naïve \U0001F600 e\u0301": "a\tb\nc naïve \U0001F600 e\u0301",
		"\x1b[31;1merror\x1b[0m: no":       "error: no",
		"\x1b[2J\x1b[1;1H\x1b[?25l\x1b[>4;2ma\x1b[0 qb":                                          "ab",
		"\u009b31mred\u009bm":                                                                    "red",
		"\x1b]0;title\x07a\x1b]52;c;aGk=\x1b\\b":                                                 "ab",
		"\x1b]8;;https://x.example\x1b\\link\x1b]8;;\x1b\\":                                      "link",
		"\u009d0;title\u009ca\x1bPq#0~\x1b\\b\u0090q\u009cc\x1b_x\x1b\\\x1b^x\x1b\\\x1bXx\x1b\\": "abc",
		"\x1b]0;no end\nb":                                                                       "0;no end\nb",
		"\x1b[31":                                                                                "31",
		"\x1b(B\x1b7\x1bcx\x1b":                                                                  "x",
		"\x1b\x1b[31mx":                                                                          "x",
		"\x1b\u009b":                                                                             "",
		"10%\r20%\r\ndone\r\n":                                                                   "10%\n20%\ndone\n",
		"a\bb\x7fc\u0085d\vx":                                                                    "abcdx",
		"a\x00\xffb":                                                                             "a\uFFFDb",
		"\u202eevil\u202c \u2066x\u2069\u200f\u200e\u061c":                                       "evil x",
		"hi\U000E0001\U000E0069\U000E007F":                                                       "hi",
		"1\u200d2":                                                                               "1\u200d2",
	} {
		if got := Plain(text); got != want {
			t.Errorf("%q: got %q, want %q", text, got, want)
		}
	}
}

func TestOneLine(t *testing.T) {
	t.Parallel()
	for text, want := range map[string]string{
		" a\tb \r\n":                  "a b",
		"a\u2028b\u2029c\u0085":       "a b c",
		"\x1b[1m\x1b[0m\n":            "",
		"1  2":                        "1  2",
		"\x1b[32m✓\x1b[0m done\x1b[K": "✓ done",
	} {
		if got := OneLine(text); got != want {
			t.Errorf("%q: got %q, want %q", text, got, want)
		}
	}
}

func TestCutRune(t *testing.T) {
	t.Parallel()
	for text, want := range map[string]string{
		"": "", "a": "a", "aé": "aé", "a\xc3": "a", "a\xe2\x82": "a", "a\xf0\x9f\x98": "a", "a\xff": "a\xff", "\x80\x80\x80\x80": "\x80\x80\x80\x80",
	} {
		if got := CutRune(text); got != want {
			t.Errorf("%q: got %q, want %q", text, got, want)
		}
	}
}

// FuzzPlain holds that nothing gets past plain, and that it is done in one go.
func FuzzPlain(f *testing.F) {
	for _, seed := range []string{"a\nb", "\x1b[31mx\x1b[0m", "\x1b]0;x\x07", "\x1b\x1b[[", "\u202e\xff\x00", "\r\n\r"} {
		f.Add(seed)
	}
	f.Fuzz(func(t *testing.T, text string) {
		got := Plain(text)
		if !utf8.ValidString(got) || strings.ContainsFunc(got, isControl) {
			t.Errorf("%q became %q", text, got)
		}
		if again := Plain(got); again != got {
			t.Errorf("%q became %q and then %q", text, got, again)
		}
		if strings.ContainsAny(OneLine(text), "\n\t\u2028\u2029") {
			t.Errorf("%q became the line %q", text, OneLine(text))
		}
	})
}

func BenchmarkPlain(b *testing.B) {
	for name, text := range map[string]string{
		"text":    strings.Repeat("a line of the output of a program ", 3),
		"colours": strings.Repeat("\x1b[31mred\x1b[0m and not ", 5),
	} {
		b.Run(name, func(b *testing.B) {
			b.SetBytes(int64(len(text)))
			b.ReportAllocs()
			for b.Loop() {
				Plain(text)
			}
		})
	}
}
