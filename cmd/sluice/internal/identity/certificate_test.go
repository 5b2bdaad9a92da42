package identity

import (
	"crypto/tls"
	"crypto/x509"
	"crypto/x509/pkix"
	"errors"
	"net/http"
	"net/url"
	"strings"
	"testing"
	"time"

	"github.com/sluice-dev/sluice/cmd/sluice/internal/config"
	"github.com/sluice-dev/sluice/transport/websocket"
)

// TestCertificates checks which name of a certificate is the caller, and which certificates
// name none.
func TestCertificates(t *testing.T) {
	t.Parallel()
	link := func(text string) *url.URL {
		u, err := url.Parse(text)
		if err != nil {
			t.Fatal(err)
		}
		return u
	}
	leaf := x509.Certificate{
		Subject:        pkix.Name{CommonName: "ada"},
		DNSNames:       []string{"ada.shop.example"},
		EmailAddresses: []string{"ada@shop.example"},
		URIs:           []*url.URL{link("spiffe://shop.example/ns/prod/sa/ada")},
		NotAfter:       time.Date(2030, 1, 2, 3, 4, 5, 0, time.UTC),
	}
	changed := func(change func(*x509.Certificate)) x509.Certificate {
		c := leaf
		change(&c)
		return c
	}
	for _, test := range []struct {
		name, kind   string
		leaf         x509.Certificate
		want, refuse string
	}{
		{"common name by default", "", leaf, "ada", ""},
		{"common name", "cn", leaf, "ada", ""},
		{"DNS name", "dns", leaf, "ada.shop.example", ""},
		{"URI", "uri", leaf, "spiffe://shop.example/ns/prod/sa/ada", ""},
		{"e-mail address", "email", leaf, "ada@shop.example", ""},

		{"no common name", "cn", x509.Certificate{}, "", "one common name, and has 0"},
		{"no URI", "uri", changed(func(c *x509.Certificate) { c.URIs = nil }), "", "one URI, and has 0"},
		{"no e-mail address", "email", changed(func(c *x509.Certificate) { c.EmailAddresses = nil }), "", "one e-mail address, and has 0"},
		{"two URIs", "uri", changed(func(c *x509.Certificate) { c.URIs = append(c.URIs, link("spiffe://shop.example/root")) }), "", "one URI, and has 2"},
		{"two e-mail addresses", "email", changed(func(c *x509.Certificate) { c.EmailAddresses = append(c.EmailAddresses, "root@shop.example") }), "", "one e-mail address, and has 2"},
		{"pattern for a URI", "uri", changed(func(c *x509.Certificate) { c.URIs = []*url.URL{link("spiffe://shop.example/*")} }), "", "names no caller"},
		{"e-mail address with an escape", "email", changed(func(c *x509.Certificate) { c.EmailAddresses = []string{"ada@\x1b[2J"} }), "", "names no caller"},
		{"endless URI", "uri", changed(func(c *x509.Certificate) {
			c.URIs = []*url.URL{link("spiffe://shop.example/" + strings.Repeat("a", maxCaller))}
		}), "", "names no caller"},
	} {
		t.Run(test.name, func(t *testing.T) {
			t.Parallel()
			c := Certificates{config.Certificates{Caller: test.kind, Prefix: "cert:"}}
			verified := &http.Request{TLS: &tls.ConnectionState{VerifiedChains: [][]*x509.Certificate{{&test.leaf}}}}
			id, found, err := c.VerifyConnection(verified)
			if test.refuse != "" {
				refused, ok := errors.AsType[*websocket.CredentialError](err)
				if !found || !ok || !strings.Contains(refused.Reason, test.refuse) || id.Caller != "" {
					t.Errorf("found %v: %+v, %v", found, id, err)
				}
				return
			}
			if err != nil || !found || id.Caller != "cert:"+test.want || !id.Expires.Equal(test.leaf.NotAfter) || !c.Knows(id) {
				t.Errorf("found %v: %+v, %v", found, id, err)
			}
		})
	}
}

// TestCertificatesNotVerified checks that a certificate counts for nothing which no authority
// of the listener has signed.
func TestCertificatesNotVerified(t *testing.T) {
	t.Parallel()
	shown := []*x509.Certificate{{Subject: pkix.Name{CommonName: "ada"}}}
	for name, r := range map[string]*http.Request{
		"no TLS":         {},
		"no certificate": {TLS: &tls.ConnectionState{}},
		"not verified":   {TLS: &tls.ConnectionState{PeerCertificates: shown}},
	} {
		if id, found, err := (Certificates{}).VerifyConnection(r); found || err != nil || id.Caller != "" {
			t.Errorf("%s: found %v: %+v, %v", name, found, id, err)
		}
	}
}
