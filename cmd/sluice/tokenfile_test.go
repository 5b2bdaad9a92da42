package main

import (
	"os"
	"path/filepath"
	"runtime"
	"testing"
)

// ownCache gives the test a cache directory of its own.
func ownCache(t *testing.T) {
	t.Helper()
	dir := t.TempDir()
	for _, name := range []string{"XDG_CACHE_HOME", "HOME", "LocalAppData"} {
		t.Setenv(name, dir)
	}
}

func TestTokenFilePath(t *testing.T) {
	ownCache(t)
	tests := []struct{ addr, want string }{
		{"127.0.0.1:7777", "localhost_7777.token"},
		{"localhost:7777", "localhost_7777.token"},
		{"LocalHost:7777", "localhost_7777.token"},
		{"[::1]:7777", "localhost_7777.token"},
		{"127.0.0.2:7777", "127.0.0.2_7777.token"},
		{"[fe80::1%../x]:1", "fe80--1-..-x_1.token"},
		{"localhost", ""},
		{"localhost:", ""},
		{"localhost:0", ""},
		{"localhost:../../x", ""},
	}
	for _, test := range tests {
		path, err := tokenFilePath(test.addr)
		if test.want == "" {
			if err == nil {
				t.Errorf("%s: no error, but %s", test.addr, path)
			}
			continue
		}
		if filepath.Base(path) != test.want || filepath.Base(filepath.Dir(path)) != "sluice" {
			t.Errorf("%s: %s (%v), want sluice/%s", test.addr, path, err, test.want)
		}
	}
}

func TestTokenFileIsFoundAndRemoved(t *testing.T) {
	ownCache(t)
	const addr = "127.0.0.1:7777"
	if _, ok := readTokenFile(addr); ok {
		t.Fatal("a token before any server")
	}
	remove, err := writeTokenFile(addr, "first")
	if err != nil {
		t.Fatal(err)
	}
	if got, ok := readTokenFile("localhost:7777"); !ok || got != "first" {
		t.Errorf("read %q", got)
	}
	removeSecond, err := writeTokenFile(addr, "second")
	if err != nil {
		t.Fatal(err)
	}
	remove() // must leave the other server's
	if got, ok := readTokenFile(addr); !ok || got != "second" {
		t.Errorf("read %q", got)
	}
	removeSecond()
	removeSecond()
	if got, ok := readTokenFile(addr); ok {
		t.Errorf("read %q after it was removed", got)
	}
}

func TestTokenFileOfOthersIsNotRead(t *testing.T) {
	if runtime.GOOS == "windows" {
		t.Skip("files have no modes here")
	}
	ownCache(t)
	const addr = "127.0.0.1:7777"
	if _, err := writeTokenFile(addr, "secret"); err != nil {
		t.Fatal(err)
	}
	path, _ := tokenFilePath(addr)
	info, err := os.Stat(path)
	if err != nil || info.Mode().Perm() != 0o600 {
		t.Errorf("the file has mode %v (%v), want 0600", info.Mode(), err)
	}
	if err := os.Chmod(path, 0o644); err != nil {
		t.Fatal(err)
	}
	if _, ok := readTokenFile(addr); ok {
		t.Error("a token that others can read was taken")
	}
	if err := os.Rename(path, path+".real"); err != nil {
		t.Fatal(err)
	}
	if err := os.Symlink(path+".real", path); err != nil {
		t.Fatal(err)
	}
	if _, ok := readTokenFile(addr); ok {
		t.Error("a link was followed")
	}
}
