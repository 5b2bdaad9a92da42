package schema

import (
	"testing"

	"go.uber.org/goleak"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

func mustCompile(t testing.TB, source string) *Schema {
	t.Helper()
	s, err := Compile([]byte(source))
	if err != nil {
		t.Fatalf("compile %.200s: %v", source, err)
	}
	return s
}

func mustDecode(t testing.TB, text string) any {
	t.Helper()
	value, err := Decode([]byte(text))
	if err != nil {
		t.Fatalf("decode %.200s: %v", text, err)
	}
	return value
}
