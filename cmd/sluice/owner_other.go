//go:build !unix

package main

import "io/fs"

// isOurs leaves it to the system whether this user may remove a file.
func isOurs(fs.FileInfo) bool { return true }

// isTrusted leaves it to the system who may write a file.
func isTrusted(_, _ fs.FileInfo) error { return nil }
