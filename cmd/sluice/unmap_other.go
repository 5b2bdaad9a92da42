//go:build !linux

package main

// unmapProgram does nothing: systems other than Linux take such pages back by themselves,
// or are not told.
func unmapProgram() {}
