package config

import (
	"fmt"
	"strings"
)

// suggest advises on a key that is not among known.
func suggest(key string, known []string) string {
	best, distance := "", max(2, len(key)/3)+1
	for _, candidate := range known {
		if d := edits(strings.ToLower(key), strings.ToLower(candidate)); d < distance {
			best, distance = candidate, d
		}
	}
	if best != "" {
		return fmt.Sprintf("did you mean %q?", best)
	}
	return "known keys: " + strings.Join(known, ", ")
}

// maxSuggestible is the length of a key, in bytes, past which nothing is like it.
const maxSuggestible = 64

// edits is the optimal string alignment distance: how many letters to insert,
// drop, change or swap with their neighbour to get from a to b.
func edits(a, b string) int {
	if len(a) > maxSuggestible {
		return len(a)
	}
	rows := make([][]int, len(a)+1)
	for i := range rows {
		rows[i] = make([]int, len(b)+1)
		rows[i][0] = i
	}
	for j := range rows[0] {
		rows[0][j] = j
	}
	for i := 1; i <= len(a); i++ {
		for j := 1; j <= len(b); j++ {
			change := rows[i-1][j-1]
			if a[i-1] != b[j-1] {
				change++
			}
			rows[i][j] = min(change, rows[i-1][j]+1, rows[i][j-1]+1)
			if i > 1 && j > 1 && a[i-1] == b[j-2] && a[i-2] == b[j-1] {
				rows[i][j] = min(rows[i][j], rows[i-2][j-2]+1)
			}
		}
	}
	return rows[len(a)][len(b)]
}
