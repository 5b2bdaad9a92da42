package progress

import (
	"strings"
	"unicode"
)

// minMessage is how many columns a message must have to be worth showing cut.
const minMessage = 8

// fitter builds a line of what fits, with a space between the parts.
type fitter struct {
	strings.Builder
	left int // columns
}

// add appends a part, if there is room for the whole of it.
func (f *fitter) add(part string) {
	if width := cells(part) + f.gap(); width <= f.left {
		f.put(part, width)
	}
}

// rest appends a text, cut to the room that is left.
func (f *fitter) rest(text string) {
	if f.left-f.gap() < min(minMessage, cells(text)) {
		return
	}
	f.add(Cut(text, f.left-f.gap()))
}

func (f *fitter) gap() int {
	if f.Len() == 0 {
		return 0
	}
	return 1
}

func (f *fitter) put(part string, width int) {
	if part == "" {
		return
	}
	if f.Len() > 0 {
		f.WriteByte(' ')
	}
	f.WriteString(part)
	f.left -= width
}

// Cut shortens text to a number of columns, with an ellipsis where something is
// missing.
func Cut(text string, columns int) string {
	if cells(text) <= columns {
		return text
	}
	used := 0
	for i, r := range text {
		if used+cell(r) > columns-1 {
			return text[:i] + "…"
		}
		used += cell(r)
	}
	return ""
}

// Columns returns how many columns of a terminal text takes.
func Columns(text string) int { return cells(text) }

func cells(text string) (columns int) {
	for _, r := range text {
		columns += cell(r)
	}
	return columns
}

// wide are the runs of letters that take two columns (Unicode Standard Annex 11),
// the rare ones left out.
var wide = &unicode.RangeTable{
	R16: []unicode.Range16{
		{Lo: 0x1100, Hi: 0x115f, Stride: 1}, {Lo: 0x2e80, Hi: 0x303e, Stride: 1}, {Lo: 0x3041, Hi: 0xa4cf, Stride: 1},
		{Lo: 0xac00, Hi: 0xd7a3, Stride: 1}, {Lo: 0xf900, Hi: 0xfaff, Stride: 1}, {Lo: 0xfe30, Hi: 0xfe6f, Stride: 1},
		{Lo: 0xff00, Hi: 0xff60, Stride: 1}, {Lo: 0xffe0, Hi: 0xffe6, Stride: 1},
	},
	R32: []unicode.Range32{
		{Lo: 0x1f300, Hi: 0x1f64f, Stride: 1}, {Lo: 0x1f680, Hi: 0x1f6ff, Stride: 1},
		{Lo: 0x1f900, Hi: 0x1f9ff, Stride: 1}, {Lo: 0x20000, Hi: 0x3fffd, Stride: 1},
	},
}

func cell(r rune) int {
	switch {
	case r < 0x300:
		return 1
	case unicode.In(r, unicode.Mn, unicode.Me, unicode.Cf):
		return 0
	case unicode.Is(wide, r):
		return 2
	}
	return 1
}
