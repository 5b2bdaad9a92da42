package httpcall

import (
	"crypto/tls"
	"fmt"
	"net/http"
	"net/url"
	"strings"
	"time"
)

// connect makes the client. It is the tool's own, with its connections: one that a
// tool was allowed to make must not serve another that is not.
func (e *endpoint) connect(s *Spec) error {
	e.guard = &guard{}
	for _, text := range s.Allow {
		t, err := parseTarget(text)
		if err != nil {
			return fmt.Errorf("allow: %w", err)
		}
		e.guard.targets = append(e.guard.targets, t)
	}
	if t, ok := literalTarget(e.address.base); ok {
		e.guard.targets = append(e.guard.targets, t)
	}
	if err := e.guard.checkURL(e.address.base); err != nil {
		return fmt.Errorf("url: the host %s is a special address, which only an entry under \"allow\" opens", e.address.base.Host)
	}
	e.transport = &http.Transport{
		DialContext:            e.guard.dial,
		ForceAttemptHTTP2:      true,
		MaxIdleConnsPerHost:    16,
		IdleConnTimeout:        30 * time.Second,
		TLSHandshakeTimeout:    connectTimeout,
		MaxResponseHeaderBytes: 64 << 10,
		TLSClientConfig:        &tls.Config{RootCAs: s.RootCAs, MinVersion: tls.VersionTLS12},
	}
	e.client = &http.Client{Transport: e.transport, CheckRedirect: e.redirect}
	return e.setProxy(s)
}

// setProxy sends everything through the proxy, and allows to connect to it: the config
// names it.
func (e *endpoint) setProxy(s *Spec) error {
	if s.Proxy == "" {
		return nil
	}
	proxy, err := parseBase(s.Proxy)
	if err != nil || proxy.Path != "" {
		return fmt.Errorf("proxy %q: it must be of the form http://host:port", s.Proxy)
	}
	t, err := parseTarget(fmt.Sprintf("%s:%d", hostOf(proxy), portOf(proxy)))
	if err != nil {
		return fmt.Errorf("proxy: %w", err)
	}
	e.guard.targets = append(e.guard.targets, t)
	e.proxied = true
	e.transport.Proxy = http.ProxyURL(proxy)
	return nil
}

// hostOf returns the host of a URL as it stands before a port.
func hostOf(u *url.URL) string {
	if host := u.Hostname(); !strings.Contains(host, ":") {
		return host
	}
	return "[" + u.Hostname() + "]"
}
