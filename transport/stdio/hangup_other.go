//go:build !unix

package stdio

// awaitHangup does not: there is no way to wait for it.
func awaitHangup(int, int) bool { return false }
