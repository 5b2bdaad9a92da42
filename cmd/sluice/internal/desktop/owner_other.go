//go:build !unix

package desktop

import (
	"io/fs"
	"os"
)

// keepOwner has nothing to do: the owner comes with the directory.
func keepOwner(*os.File, fs.FileInfo) error { return nil }
