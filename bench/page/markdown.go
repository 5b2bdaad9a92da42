package page

import (
	"slices"
	"strconv"
	"strings"
)

// Table lays out a Markdown table whose first row is its head. Align has l or r for each
// column.
func Table(rows [][]string, align string) string {
	rule := make([]string, len(rows[0]))
	for i := range rule {
		rule[i] = map[byte]string{'l': "---", 'r': "--:"}[align[i]]
	}
	var b strings.Builder
	for _, row := range slices.Insert(slices.Clone(rows), 1, rule) {
		b.WriteString("| ")
		for i, cell := range row {
			if i > 0 {
				b.WriteString(" | ")
			}
			b.WriteString(strings.ReplaceAll(cell, "|", `\|`))
		}
		b.WriteString(" |\n")
	}
	return b.String()
}

// Grouped writes an integer with spaces between thousands.
func Grouped(n int) string {
	text := strconv.Itoa(n)
	for i := len(text) - 3; i > 0 && text[i-1] != '-'; i -= 3 {
		text = text[:i] + " " + text[i:]
	}
	return text
}
