//go:build !unix

package systemd

// closeOnExec has nothing to do where there is no systemd.
func closeOnExec(int) {}
