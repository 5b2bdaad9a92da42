package websocket

import (
	"encoding/json"
	"fmt"
	"strings"
	"testing"
)

func TestNewTokens(t *testing.T) {
	t.Parallel()
	for _, test := range []struct {
		name string
		list []Token
		want string // in the error; none if empty
	}{
		{"one", []Token{{"a", "0123456789abcdef"}}, ""},
		{"made here", []Token{{"a", NewToken()}}, ""},
		{"two of one caller", []Token{{"a", "0123456789abcdef"}, {"a", "fedcba9876543210"}}, ""},
		{"the same twice", []Token{{"a", "0123456789abcdef"}, {"a", "0123456789abcdef"}}, ""},
		{"none", nil, "no token"},
		{"no name", []Token{{"", "0123456789abcdef"}}, "token 1 (\"\"): it has no name"},
		{"empty", []Token{{"a", "0123456789abcdef"}, {"b", ""}}, "token 2 (\"b\"): its secret is empty"},
		{"short", []Token{{"a", "0123456789abcde"}}, ""},
		{"white space", []Token{{"a", strings.Repeat(" ", 20)}}, "visible ASCII"},
		{"newline at the end", []Token{{"a", "0123456789abcdef\n"}}, "visible ASCII"},
		{"comma", []Token{{"a", "0123456789,abcdef"}}, "visible ASCII"},
		{"not ASCII", []Token{{"a", "0123456789abcdefü"}}, "visible ASCII"},
		{"one secret of two callers", []Token{{"a", "0123456789abcdef"}, {"b", "0123456789abcdef"}}, `"a" and "b" have the same`},
	} {
		_, err := NewTokens(test.list...)
		if (err == nil) != (test.want == "") || err != nil && !strings.Contains(err.Error(), test.want) {
			t.Errorf("%s: got %v, want %q", test.name, err, test.want)
		}
		if err != nil && strings.Contains(err.Error(), "0123456789") {
			t.Errorf("%s: the error has the secret in it: %v", test.name, err)
		}
	}
}

func TestCaller(t *testing.T) {
	t.Parallel()
	tokens := testTokens(t)
	for secret, want := range map[string]string{plannerSecret: "planner", writerSecret: "writer", "": "", " ": "", plannerSecret + " ": ""} {
		if got, ok := tokens.Caller(secret); got != want || ok != (want != "") {
			t.Errorf("%q: got %q and %v", secret, got, ok)
		}
	}
	if got, ok := new(Tokens).Caller(""); ok {
		t.Errorf("an empty set knows %q", got)
	}
}

func TestATokenIsNotPrinted(t *testing.T) {
	t.Parallel()
	token := Token{"planner", plannerSecret}
	encoded, _ := json.Marshal(token)
	for _, text := range []string{
		fmt.Sprint(token), fmt.Sprintf("%+v", token), fmt.Sprintf("%#v", token), fmt.Sprintf("%s", []Token{token}), string(encoded),
	} {
		if strings.Contains(text, plannerSecret) {
			t.Errorf("printed: %s", text)
		}
	}
}

func TestNewToken(t *testing.T) {
	t.Parallel()
	a, b := NewToken(), NewToken()
	if a == b || len(a) < 26 || strings.ContainsFunc(a, func(c rune) bool { return (c < 'A' || c > 'Z') && (c < '2' || c > '7') }) {
		t.Errorf("got %q and %q", a, b)
	}
}

func TestWeak(t *testing.T) {
	t.Parallel()
	for secret, want := range map[string]bool{"": true, "0123456789abcde": true, "0123456789abcdef": false, NewToken(): false} {
		if got := (Token{"a", secret}).Weak(); got != want {
			t.Errorf("%d characters are weak: %v", len(secret), got)
		}
	}
}
