package schema

import (
	"strings"
	"unicode/utf8"
)

// maxCompared bounds the length of names, in bytes, and how many are compared: the
// distance costs their product.
const maxCompared = 64

// didYouMean returns a question with the name that given was most likely meant to be,
// or nothing.
func didYouMean(given string, names []string) string {
	best, least := "", 1+min(2, utf8.RuneCountInString(given)/3)
	for _, name := range names[:min(len(names), maxCompared)] {
		if d := distance(strings.ToLower(given), strings.ToLower(name)); d < least {
			best, least = name, d
		}
	}
	if best == "" {
		return ""
	}
	return "; did you mean " + quote(best) + "?"
}

// distance is how many runes must be put in, taken out or replaced to make b of a
// (Levenshtein).
func distance(a, b string) int {
	if len(a) > maxCompared || len(b) > maxCompared {
		return maxCompared
	}
	from, to := []rune(a), []rune(b)
	row := make([]int, len(to)+1)
	for j := range row {
		row[j] = j
	}
	for i, r := range from {
		diagonal := row[0]
		row[0] = i + 1
		for j, s := range to {
			cost := diagonal
			if r != s {
				cost = 1 + min(diagonal, row[j], row[j+1])
			}
			diagonal, row[j+1] = row[j+1], cost
		}
	}
	return row[len(to)]
}
