package mcp

import (
	"slices"
	"testing"
)

func TestRevisionsAreInOrder(t *testing.T) {
	var versions []string
	for _, r := range Revisions() {
		versions = append(versions, r.Version)
	}
	if !slices.IsSortedFunc(versions, func(a, b string) int { return -cmpText(a, b) }) {
		t.Errorf("not the newest first: %v", versions)
	}
	if len(versions) != 5 {
		t.Errorf("%d revisions are served", len(versions))
	}
}

func cmpText(a, b string) int { return slices.Compare([]byte(a), []byte(b)) }

// What a revision has, its successors have too, except batches.
func TestRevisionsOnlyGain(t *testing.T) {
	has := func(r *Revision) []bool {
		return []bool{
			r.Modern, r.InvalidArgumentsResult, r.AnyStructured, r.Audio, r.ResourceLinks, r.Structured,
			r.ToolAnnotations, r.Titles, r.DefinitionMeta, r.Icons, r.ProgressMessages,
		}
	}
	all := Revisions()
	for i := 1; i < len(all); i++ {
		newer, older := has(all[i-1]), has(all[i])
		for n := range older {
			if older[n] && !newer[n] {
				t.Errorf("%s lacks what %s has (%d)", all[i-1].Version, all[i].Version, n)
			}
		}
		if all[i].Batches != (all[i].Version == "2025-03-26") {
			t.Errorf("batches in %s", all[i].Version)
		}
	}
}

func TestLookup(t *testing.T) {
	for _, r := range Revisions() {
		found, other := Legacy(r.Version), Modern(r.Version)
		if r.Modern {
			found, other = other, found
		}
		if found != r || other != nil {
			t.Errorf("%s is found as %v and %v", r.Version, found, other)
		}
	}
	if Modern("2099-01-01") != nil || Legacy("") != nil {
		t.Error("a revision that is not served is found")
	}
	if got := ModernVersions(); len(got) != 1 || got[0] != "2026-07-28" {
		t.Errorf("the modern versions are %v", got)
	}
}
