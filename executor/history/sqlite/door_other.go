//go:build !(darwin || dragonfly || freebsd || linux || netbsd || openbsd)

package sqlite

import "errors"

// lockDir locks nothing: on Windows, a file that anybody has open cannot be renamed.
func lockDir(string, bool) (unlock func(), err error) { return nil, errors.ErrUnsupported }
