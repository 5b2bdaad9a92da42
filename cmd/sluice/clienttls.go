package main

import (
	"crypto/tls"
	"crypto/x509"
	"fmt"
	"net/url"

	"github.com/spf13/pflag"

	"github.com/sluice-dev/sluice/cmd/sluice/internal/config"
)

// A clientTLS is what a command trusts and shows at a wss:// URL.
type clientTLS struct {
	ca, cert, key string // files; empty where they are not given
}

func (c *clientTLS) addFlags(flags *pflag.FlagSet) {
	flags.StringVar(&c.ca, "ca", "", "trust a wss:// server whose certificate is of an authority in this PEM `file`, in place of the system's")
	flags.StringVar(&c.cert, "cert", "", "show a wss:// server the certificate in this PEM `file`")
	flags.StringVar(&c.key, "key", "", "the private key for --cert, a PEM `file`")
}

// check refuses flags that have no effect, or not enough.
func (c *clientTLS) check(u *url.URL) error {
	switch {
	case *c == clientTLS{}:
		return nil
	case u.Scheme != "wss":
		return usageError("write wss:// for a server that speaks TLS", "--ca, --cert and --key are for a server at a wss:// URL")
	case (c.cert == "") != (c.key == ""):
		return usageError("give both or neither", "--cert and --key belong together")
	}
	return nil
}

// config reads the files. Where they are replaced while a bridge runs, as certificates are
// that live a day, it is asked again at its next connection.
func (c *clientTLS) config() (*tls.Config, error) {
	t := &tls.Config{MinVersion: tls.VersionTLS12}
	if c.ca != "" {
		text, err := config.ReadFile(c.ca)
		if err != nil {
			return nil, fmt.Errorf("--ca: %w", err)
		}
		t.RootCAs = x509.NewCertPool()
		if !t.RootCAs.AppendCertsFromPEM(text) {
			return nil, fmt.Errorf("--ca: %s holds no certificate in PEM form", c.ca)
		}
	}
	if c.cert != "" {
		pair, err := readKeyPair(c.cert, c.key)
		if err != nil {
			return nil, fmt.Errorf("--cert: %w", err)
		}
		t.Certificates = []tls.Certificate{pair}
	}
	return t, nil
}
