package main

import "testing"

// TestRevisionOfAnImage checks that a program which was built where there is no version
// control, as this one was and as images are, says what it was told that it was made from.
func TestRevisionOfAnImage(t *testing.T) {
	before := revision
	defer func() { revision = before }()
	revision = "0123abcd"
	if b := buildVersion(); b.Revision != "0123abcd" {
		t.Errorf("the revision is %q", b.Revision)
	}
}
