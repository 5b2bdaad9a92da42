package main

import (
	"context"
	"crypto/tls"
	"fmt"
	"log/slog"
	"net"
	"strings"
	"sync/atomic"
	"time"

	"github.com/sluice-dev/sluice/cmd/sluice/internal/config"
)

// certificates are what a listener shows and asks for over TLS. They may change while it
// listens; connections that are open keep what they began with.
type certificates struct {
	current atomic.Pointer[tls.Config]
}

func newCertificates(t *config.TLS) (*certificates, error) {
	loaded, err := loadTLS(t)
	if err != nil {
		return nil, err
	}
	c := &certificates{}
	c.current.Store(loaded)
	return c, nil
}

// within returns a listener that speaks TLS over l, with what is current as a connection
// begins.
func (c *certificates) within(l net.Listener) net.Listener {
	return tls.NewListener(l, &tls.Config{
		MinVersion:         tls.VersionTLS12,
		GetConfigForClient: func(*tls.ClientHelloInfo) (*tls.Config, error) { return c.current.Load(), nil },
	})
}

// loadTLS reads the files that a config names. A session is resumed by nobody who has to
// show a certificate: whether that is still good is then asked each time.
func loadTLS(t *config.TLS) (*tls.Config, error) {
	pair, err := readKeyPair(t.CertFile, t.KeyFile)
	if err != nil {
		return nil, fmt.Errorf("%s and %s: %w", t.CertFile, t.KeyFile, err)
	}
	c := &tls.Config{
		MinVersion:   tls.VersionTLS12,
		Certificates: []tls.Certificate{pair},
		NextProtos:   []string{"http/1.1"}, // which a WebSocket begins with
	}
	if t.ClientCAFile == "" {
		return c, nil
	}
	if c.ClientCAs, err = readAuthorities(t.ClientCAFile); err != nil {
		return nil, fmt.Errorf("client_%w", err)
	}
	c.SessionTicketsDisabled = true
	c.ClientAuth = tls.RequireAndVerifyClientCert
	if t.ClientCert == "optional" {
		c.ClientAuth = tls.VerifyClientCertIfGiven
	}
	return c, nil
}

// readKeyPair reads a certificate and its key, in PEM form.
func readKeyPair(certificate, key string) (tls.Certificate, error) {
	first, err := config.ReadFile(certificate)
	if err != nil {
		return tls.Certificate{}, err
	}
	second, err := config.ReadFile(key)
	if err != nil {
		return tls.Certificate{}, err
	}
	return tls.X509KeyPair(first, second)
}

// follow has new connections begin with next, and says so where it is another.
func (c *certificates) follow(next *tls.Config, address string, logger *slog.Logger) {
	old := c.current.Swap(next)
	if !next.Certificates[0].Leaf.Equal(old.Certificates[0].Leaf) {
		c.announce(address, logger)
	}
}

// soonExpired is how long before its end a certificate should have been replaced.
const soonExpired = 7 * 24 * time.Hour

// announce says which certificate is shown, and when it ends.
func (c *certificates) announce(address string, logger *slog.Logger) {
	leaf := c.current.Load().Certificates[0].Leaf
	level, message := slog.LevelInfo, "clients are shown this certificate"
	switch left := time.Until(leaf.NotAfter); {
	case left <= 0:
		level, message = slog.LevelError, "clients will refuse this certificate, which has expired"
	case left < soonExpired:
		level, message = slog.LevelWarn, "clients are shown this certificate, which expires soon"
	}
	logger.Log(context.Background(), level, message,
		"address", address, "subject", leaf.Subject.String(), "names", strings.Join(leaf.DNSNames, " "), "expires", leaf.NotAfter.UTC())
}
