package main

import (
	"crypto/sha256"
	"errors"
	"fmt"
	"io/fs"
	"net"
	"os"
	"path/filepath"
	"runtime"
	"strings"

	"github.com/sluice-dev/sluice/cmd/sluice/internal/config"
)

// tokenFilePath returns where `sluice serve` leaves the token that it made for the
// server on addr (host:port, or unix: and a path), for commands of the same user to find. The three names
// of the local machine share one file. An address without a port, or with a port
// that is not settled yet, is an error.
func tokenFilePath(addr string) (string, error) {
	name, err := tokenFileName(addr)
	if err != nil {
		return "", fmt.Errorf("token file: %w", err)
	}
	dir, err := os.UserCacheDir()
	if err != nil {
		return "", fmt.Errorf("token file: %w", err)
	}
	return filepath.Join(dir, "sluice", name+".token"), nil
}

func tokenFileName(addr string) (string, error) {
	if path, unix := config.UnixPath(addr); unix {
		return unixTokenFileName(path)
	}
	host, port, err := net.SplitHostPort(addr)
	if err != nil {
		return "", err
	}
	if port == "" || port == "0" || strings.ContainsAny(port, `/\`) {
		return "", fmt.Errorf("%q is not the port of a server", port)
	}
	switch host = strings.ToLower(host); host {
	case "127.0.0.1", "::1":
		host = "localhost"
	}
	// A colon of an IPv6 address has no place in a file name on Windows, and a
	// zone may hold anything.
	host = strings.Map(func(r rune) rune {
		if strings.ContainsRune(`:/\%`, r) {
			return '-'
		}
		return r
	}, host)
	return host + "_" + port, nil
}

// unixTokenFileName stands for the path of a UNIX socket, which may be longer than a name.
func unixTokenFileName(path string) (string, error) {
	absolute, err := filepath.Abs(path)
	if err != nil {
		return "", err
	}
	hash := sha256.Sum256([]byte(absolute))
	return fmt.Sprintf("unix_%x", hash[:12]), nil
}

// writeTokenFile leaves the token of the server on addr, readable by this user only.
// Remove takes the file away, unless another server has put its own in its place.
func writeTokenFile(addr, token string) (remove func(), err error) {
	path, err := tokenFilePath(addr)
	if err != nil {
		return nil, err
	}
	if err := replaceFile(path, token+"\n"); err != nil {
		return nil, fmt.Errorf("token file: %w", err)
	}
	return func() {
		if found, ok := readTokenFile(addr); ok && found == token {
			_ = os.Remove(path) // it is of no use to anybody once the server is gone
		}
	}, nil
}

// replaceFile writes a file of mode 0600 in one step: a reader sees the old content
// or the new, and nobody gets to choose where it is written by a link.
func replaceFile(path, content string) error {
	if err := os.MkdirAll(filepath.Dir(path), 0o700); err != nil {
		return err
	}
	f, err := os.CreateTemp(filepath.Dir(path), ".token-*") // mode 0600
	if err != nil {
		return err
	}
	_, err = f.WriteString(content)
	if err = errors.Join(err, f.Close()); err == nil {
		err = os.Rename(f.Name(), path)
	}
	if err != nil {
		return errors.Join(err, os.Remove(f.Name()))
	}
	return nil
}

// readTokenFile returns the token that a server on addr left. A file that others
// could have read or written is no token.
func readTokenFile(addr string) (string, bool) {
	path, err := tokenFilePath(addr)
	if err != nil {
		return "", false
	}
	info, err := os.Lstat(path)
	if err != nil || !private(info) {
		return "", false
	}
	content, err := os.ReadFile(path)
	token := strings.TrimSpace(string(content))
	return token, err == nil && token != ""
}

// private reports whether a file is for its owner alone. Windows keeps the cache
// directory of a user from the others, and shows no modes.
func private(info fs.FileInfo) bool {
	return info.Mode().IsRegular() && (runtime.GOOS == "windows" || info.Mode().Perm()&0o077 == 0)
}
