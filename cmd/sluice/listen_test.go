package main

import "testing"

func TestLiteralAddress(t *testing.T) {
	t.Parallel()
	for address, want := range map[string]string{
		"localhost:7777": "127.0.0.1:7777", "LOCALHOST:0": "127.0.0.1:0", "[::1]:1": "[::1]:1", "a.example:1": "a.example:1", "localhost": "localhost",
	} {
		if got := literalAddress(address); got != want {
			t.Errorf("%s: got %s", address, got)
		}
	}
}
