//go:build unix

package main

import (
	"os"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
)

// TestCheckWaitsForNoPipe holds that no file which a config names is waited for: a named
// pipe that nobody writes to would keep a check, a start and each reload for ever.
func TestCheckWaitsForNoPipe(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	pipe := filepath.Join(dir, "pipe")
	if err := syscall.Mkfifo(pipe, 0o600); err != nil {
		t.Fatal(err)
	}
	certificate, key := filepath.Join(dir, "cert.pem"), filepath.Join(dir, "key.pem")
	if err := os.WriteFile(certificate, nil, 0o600); err != nil {
		t.Fatal(err)
	}
	for name, yaml := range map[string]string{
		"token":                      "auth: {tokens: [{name: a, token_file: PIPE}]}",
		"keys of an issuer":          "auth: {jwt: [{issuer: 'https://a.example', audience: [b], jwks_file: PIPE}]}",
		"authorities of an issuer":   "auth: {jwt: [{issuer: 'https://a.example', audience: [b], jwks_url: 'https://a.example/keys', ca_file: PIPE}]}",
		"certificate":                "listen: {address: '127.0.0.1:0', tls: {cert_file: PIPE, key_file: " + key + "}}",
		"key":                        "listen: {address: '127.0.0.1:0', tls: {cert_file: " + certificate + ", key_file: PIPE}}",
		"secret of an endpoint":      "tools: [{name: a, http: {url: 'http://a.example', auth: [{token_file: PIPE}]}}]",
		"authorities of an endpoint": "tools: [{name: a, http: {url: 'https://a.example', ca_file: PIPE}}]",
		"token of an upstream":       "upstreams: [{name: a, url: 'wss://a.example/mcp', token_file: PIPE}]",
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			path := writeFile(t, strings.ReplaceAll(yaml, "PIPE", pipe))
			if _, out, errOut := runCommand(t, "check", "--config", path); !strings.Contains(out+errOut, "it is not a regular file") {
				t.Errorf("%s%s", out, errOut)
			}
		})
	}
}
