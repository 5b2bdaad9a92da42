//go:build !linux && !darwin

package main

// killChildren does nothing: on Windows the programs are in a job that ends with this
// process, elsewhere they are left to the grace of whoever started them.
func killChildren() {}
