package main

import (
	"fmt"
	"path/filepath"
	"strings"
	"testing"

	"github.com/sluice-dev/sluice/cmd/sluice/internal/config"
)

func TestHealthCommand(t *testing.T) {
	t.Parallel()
	s := serve(t)
	code, out, errOut := runCommand(t, "health", "--url", s.base+"/readyz")
	if code != exitOK || !strings.Contains(out, "ready") || errOut != "" {
		t.Errorf("%d: %s%s", code, out, errOut)
	}
	file := writeFile(t, fmt.Sprintf("listen: {address: %q}\ntools: []\n", strings.Replace(s.base, "http://127.0.0.1", "0.0.0.0", 1)))
	if code, out, errOut = runCommand(t, "health", "--config", file); code != exitOK || !strings.Contains(out, "ok") {
		t.Errorf("%d: %s%s", code, out, errOut)
	}
	if code, _, errOut = runCommand(t, "health", "--url", s.base+"/none"); code != exitFailure || !strings.Contains(errOut, "401") {
		t.Errorf("%d: %s", code, errOut)
	}
	if code, _, errOut = runCommand(t, "health", "--url", "http://127.0.0.1:1"); code != exitFailure {
		t.Errorf("%d: %s", code, errOut)
	}
}

func TestProberOf(t *testing.T) {
	t.Parallel()
	for _, test := range []struct {
		listen    config.Listen
		ready     bool
		want, err string
	}{
		{config.Listen{Address: "127.0.0.1:7777", Admin: "0.0.0.0:7778"}, false, "http://127.0.0.1:7778/healthz", ""},
		{config.Listen{Address: "[::]:7777"}, true, "http://[::1]:7777/readyz", ""},
		{config.Listen{Address: ":7777"}, false, "http://127.0.0.1:7777/healthz", ""},
		{config.Listen{Address: "shop:7777"}, false, "http://shop:7777/healthz", ""},
		{config.Listen{Address: "unix:" + filepath.Join("run", "s")}, false, "http://localhost/healthz", ""},
		{config.Listen{Address: "systemd:mcp"}, false, "", "only systemd knows"},
		{config.Listen{Address: "0.0.0.0:7777", TLS: &config.TLS{}}, false, "", "behind TLS"},
	} {
		p, err := proberOf(&test.listen, test.ready)
		if p.url != test.want || (err == nil) != (test.err == "") || err != nil && !strings.Contains(err.Error(), test.err) {
			t.Errorf("%+v: %s, %v", test.listen, p.url, err)
		}
	}
}
