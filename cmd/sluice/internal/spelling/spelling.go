// Package spelling finds the names that a mistyped one may stand for.
package spelling

import (
	"cmp"
	"slices"
	"strings"
)

// maxLength is the length of a name, in bytes, past which nothing is like it: it
// bounds the work.
const maxLength = 64

// Near returns at most limit of the names that typed may stand for, the most likely
// first. A name is near if few letters must be changed, or if typed is a part of it.
// Case does not count.
func Near(typed string, names []string, limit int) []string {
	type candidate struct {
		name     string
		distance int
	}
	var found []candidate
	low := strings.ToLower(typed)
	for _, name := range names {
		d := edits(low, strings.ToLower(name))
		if low != "" && strings.Contains(strings.ToLower(name), low) {
			d = min(d, 1)
		}
		if d <= max(2, len(typed)/3) {
			found = append(found, candidate{name, d})
		}
	}
	slices.SortStableFunc(found, func(a, b candidate) int { return cmp.Compare(a.distance, b.distance) })
	var near []string
	for _, c := range found[:min(limit, len(found))] {
		near = append(near, c.name)
	}
	return near
}

// edits is the optimal string alignment distance: how many letters to insert,
// drop, change or swap with their neighbour to get from a to b.
func edits(a, b string) int {
	if len(a) > maxLength || len(b) > maxLength {
		return max(len(a), len(b))
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
