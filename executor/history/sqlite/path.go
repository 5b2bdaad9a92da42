package sqlite

import (
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"runtime"
)

// DefaultPath returns where the history of this user is: sluice/history.db in
// $XDG_STATE_HOME or ~/.local/state (XDG Base Directory Specification 0.8), in
// ~/Library/Application Support on macOS, in %LocalAppData% on Windows. It fails where
// the user has no home.
func DefaultPath() (string, error) {
	dir, err := stateDir(runtime.GOOS)
	if err != nil {
		return "", fmt.Errorf("find the directory of the history: %w", err)
	}
	return filepath.Join(dir, "sluice", "history.db"), nil
}

func stateDir(goos string) (string, error) {
	if goos == "windows" {
		if dir := os.Getenv("LocalAppData"); dir != "" {
			return dir, nil
		}
		return "", errors.New("%LocalAppData% is not set")
	}
	if dir := os.Getenv("XDG_STATE_HOME"); filepath.IsAbs(dir) && goos != "darwin" {
		return dir, nil
	}
	home, err := os.UserHomeDir()
	if err == nil && !filepath.IsAbs(home) {
		err = errors.New("the home directory is no absolute path")
	}
	if goos == "darwin" {
		return filepath.Join(home, "Library", "Application Support"), err
	}
	return filepath.Join(home, ".local", "state"), err
}
