package progress

import (
	"strings"
	"testing"
)

func TestConsole(t *testing.T) {
	t.Parallel()
	var out strings.Builder
	c := NewConsole(&out)
	write := func(text string) {
		if n, err := c.Write([]byte(text)); n != len(text) || err != nil {
			t.Errorf("wrote %d of %d: %v", n, len(text), err)
		}
	}
	write("before\n")
	c.Draw("")
	c.Draw("10%")
	c.Draw("10%") // the same again costs nothing
	write("between\n")
	c.Draw("20%")
	c.Draw("")
	write("after\n")
	want := "before\n" + "\r10%\x1b[K" + "\r\x1b[Kbetween\n10%" + "\r20%\x1b[K" + "\r\x1b[K" + "after\n"
	if out.String() != want {
		t.Errorf("got  %q\nwant %q", out.String(), want)
	}
}

func TestLines(t *testing.T) {
	t.Parallel()
	var got []string
	l := NewLines(func(line string) { got = append(got, line) })
	for _, text := range []string{"a\nb", "", "c\r\n", "\n", strings.Repeat("x", maxLine), "y"} {
		if n, err := l.Write([]byte(text)); n != len(text) || err != nil {
			t.Errorf("wrote %d of %d: %v", n, len(text), err)
		}
	}
	l.Close()
	l.Close()
	want := "a|bc||" + strings.Repeat("x", maxLine) + "|y"
	if joined := strings.Join(got, "|"); joined != want {
		t.Errorf("got %.100q, want %.100q", joined, want)
	}
}
