package main

import (
	"cmp"
	"context"
	"slices"
	"strings"

	"github.com/sluice-dev/sluice/tools/upstream"
)

// list returns the tools of the server.
func (s *session) list(ctx context.Context) ([]upstream.Tool, error) {
	list, err := s.client.ListTools(ctx)
	if err != nil {
		return nil, serverError(ctx, err)
	}
	return list, nil
}

// find returns the tool of this name; the error names those that it could have been.
func (s *session) find(ctx context.Context, name string) (*upstream.Tool, error) {
	list, err := s.list(ctx)
	if err != nil {
		return nil, err
	}
	var names []string
	for i, tool := range list {
		if tool.Name == name {
			return &list[i], nil
		}
		names = append(names, oneLine(tool.Name))
	}
	hint := "`sluice tools` lists them, with the same --url, --config or -- CMD"
	if near := nearest(name, names); len(near) > 0 {
		hint = "did you mean " + strings.Join(near, ", ") + "?"
	}
	return nil, usageError(hint, "the server has no tool %q", name)
}

// maxNear is how many names are suggested.
const maxNear = 3

// nearest returns the names that a mistyped one may stand for, the most likely
// first.
func nearest(typed string, names []string) []string {
	type candidate struct {
		name     string
		distance int
	}
	var found []candidate
	for _, name := range names {
		d := distance(strings.ToLower(typed), strings.ToLower(name))
		if strings.Contains(strings.ToLower(name), strings.ToLower(typed)) {
			d = min(d, 1) // a part of the name
		}
		if d <= max(2, len(typed)/3) {
			found = append(found, candidate{name, d})
		}
	}
	slices.SortStableFunc(found, func(a, b candidate) int { return cmp.Compare(a.distance, b.distance) })
	var near []string
	for _, c := range found[:min(maxNear, len(found))] {
		near = append(near, c.name)
	}
	return near
}

// distance counts the letters to insert, drop or change to get from a to b
// (Levenshtein).
func distance(a, b string) int {
	row := make([]int, len(b)+1)
	for j := range row {
		row[j] = j
	}
	for i := range len(a) {
		diagonal := row[0]
		row[0] = i + 1
		for j := range len(b) {
			change := diagonal
			if a[i] != b[j] {
				change++
			}
			diagonal = row[j+1]
			row[j+1] = min(change, row[j]+1, row[j+1]+1)
		}
	}
	return row[len(b)]
}
