package main

import (
	"crypto/x509"
	"fmt"

	"github.com/sluice-dev/sluice/cmd/sluice/internal/config"
	"github.com/sluice-dev/sluice/tools/httpcall"
)

// httpSpec says in the terms of package httpcall what the config says of a tool.
func httpSpec(t *config.Tool) (httpcall.Spec, error) {
	h := t.HTTP
	spec := httpcall.Spec{
		Definition:  definition(t),
		Limits:      limits(t),
		Method:      h.Method,
		URL:         h.URL,
		Query:       h.Query,
		Header:      h.Headers,
		Body:        h.Body,
		ContentType: h.ContentType,
		Allow:       h.Allow,
		Redirects:   orDefault(h.Redirects),
		Retries:     orDefault(h.Retries),
		Response:    int64(t.Limits.Output),
		Proxy:       h.Proxy,
	}
	for _, c := range h.Auth {
		spec.Credentials = append(spec.Credentials, httpcall.Credential{
			Header: c.Header, Query: c.Query, Cookie: c.Cookie, Scheme: c.Scheme, Secret: hiding(c.Secret),
		})
	}
	if h.CAFile == "" {
		return spec, nil
	}
	var err error
	spec.RootCAs, err = readAuthorities(h.CAFile)
	return spec, err
}

// orDefault turns a number that may be left out into one that is 0 for the default and
// negative for none.
func orDefault(n *int) int {
	switch {
	case n == nil:
		return 0
	case *n == 0:
		return -1
	}
	return *n
}

func readAuthorities(path string) (*x509.CertPool, error) {
	text, err := config.ReadFile(path)
	if err != nil {
		return nil, fmt.Errorf("ca_file: %w", err)
	}
	pool := x509.NewCertPool()
	if !pool.AppendCertsFromPEM(text) {
		return nil, fmt.Errorf("ca_file: %s holds no certificate in PEM form", path)
	}
	return pool, nil
}
