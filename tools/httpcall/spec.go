package httpcall

import (
	"crypto/x509"
	"errors"
	"fmt"
	"maps"
	"net/http"
	"slices"
	"strings"

	"github.com/sluice-dev/sluice/tools"
	"github.com/sluice-dev/sluice/tools/internal/template"
)

const (
	defaultResponse  = 1 << 20
	defaultRedirects = 3
	defaultRetries   = 2
)

// A Spec says how an HTTP endpoint is a tool.
type Spec struct {
	// Definition is what clients are shown. Its InputSchema must list each placeholder
	// among its properties; it defaults to one where each placeholder is a required
	// string and nothing else is accepted. Where it has an OutputSchema, the answer must
	// be one JSON value. Its Annotations say whether a call may be tried again: see
	// Retries.
	tools.Definition

	// Limits are what the engine holds the calls to.
	Limits tools.Limits

	// Method is the method of the request. Defaults to GET, and to POST with a body.
	Method string

	// URL is a template of the address. Its scheme, http or https, host and port are
	// fixed; the path and the values of the query may hold placeholders, as may Query,
	// Header and Body:
	//
	//   - {name}, of letters, digits, "_", "-" and ".", stands for the argument of that
	//     name, or where it is missing or null for the default that its schema gives;
	//   - {{ stands for one opening brace; a closing brace needs no escape.
	//
	// Values are escaped for where they stand. One in the path stays in its segment and
	// may not be empty or "..". It is required.
	URL string

	// Query are more parameters of the query, by name. One whose argument is missing is
	// left out; one that is a single placeholder is repeated for each item of a list,
	// and of a mapping the member m is the parameter name[m].
	Query map[string]string

	// Header are headers, by name. One whose argument is missing is left out; a list is
	// joined with commas. Line breaks are refused.
	Header map[string]string

	// Body is what the request carries: "json" or "form" for all arguments that stand
	// in no other part of the request, as one JSON object or as a form; anything else is
	// a template. Where ContentType is JSON, a placeholder in the template stands for a
	// whole JSON value, with its quotes. Defaults to no body.
	Body string

	// ContentType is the media type of the body. Defaults to what follows from Body, and
	// for a template to text/plain.
	ContentType string

	// Credentials are secrets that go with each request.
	Credentials []Credential

	// Allow names what the tool may connect to beside the public internet: hosts
	// ("orders.internal", "orders.internal:8080"), addresses ("10.1.2.3",
	// "[fd00::1]:8080") and ranges of them ("10.1.0.0/16"). A name stands for addresses
	// of this machine and of private networks, and never for special ones such as
	// 169.254.169.254, where clouds hand out credentials: those are named by address or
	// not reached. Where the URL itself has localhost, a loopback address or one of a
	// private network as its host, that host is allowed with its port.
	Allow []string

	// Redirects is how many redirects are followed at most. Defaults to 3; a negative
	// number follows none. To another origin only GET and HEAD are redirected, without
	// the headers and credentials.
	Redirects int

	// Retries is how often a request is sent again that got no answer, or one of 429,
	// 502, 503 and 504. Defaults to 2; a negative number never does. Only methods that
	// are idempotent (RFC 9110) are tried again and tools that say so of themselves, by
	// IdempotentHint or ReadOnlyHint of their Annotations; an IdempotentHint that is
	// false stops it. Over time no more than one in ten calls is.
	Retries int

	// Response is how many bytes of an answer are read, decompressed. A longer one is an
	// error. Defaults to 1 MiB.
	Response int64

	// Proxy is the URL of an HTTP proxy, "http://proxy.internal:3128". Defaults to none:
	// what the environment names is not used. Names are resolved by the proxy, so that
	// it has to keep the tool from local addresses.
	Proxy string

	// RootCAs are the authorities whose certificates are trusted. Defaults to those of
	// the system.
	RootCAs *x509.CertPool
}

// New returns the tool that spec describes, or an error that says what is wrong with
// the description. The network is not touched.
//
// Its calls may run at once, and share connections, which are closed when they were
// idle for 30 s. A server that cannot be reached or answers with an error is an error or a
// result that the model reads; a call whose context is done returns the cause of that.
func New(spec Spec) (*tools.Tool, error) {
	e, err := newEndpoint(&spec)
	if err != nil {
		return nil, fmt.Errorf("httpcall: tool %q: %w", spec.Name, err)
	}
	tool := &tools.Tool{Definition: spec.Definition, Handler: e, Limits: spec.Limits}
	tool.InputSchema = e.arguments.Schema
	return tool, nil
}

// Check reports what stands in the way of a call as things are now: a mistake in the
// spec, a secret that is not there. It does not look at the network. The error is for
// whoever runs the server.
func (s Spec) Check() error {
	e, err := newEndpoint(&s)
	if err == nil {
		_, err = e.secrets()
		var missing *fault
		if errors.As(err, &missing) {
			err = missing.err
		}
	}
	if err != nil {
		return fmt.Errorf("httpcall: tool %q: %w", s.Name, err)
	}
	return nil
}

// newEndpoint checks the spec and works out all that does not depend on a call.
func newEndpoint(s *Spec) (*endpoint, error) {
	e := &endpoint{
		tool:       s.Name,
		structured: s.OutputSchema != nil,
		limit:      s.Response,
		redirects:  orDefault(s.Redirects, defaultRedirects),
		retries:    orDefault(s.Retries, defaultRetries),
	}
	if e.limit == 0 {
		e.limit = defaultResponse
	}
	if e.limit < 0 {
		return nil, errors.New("the limit of the answer may not be negative")
	}
	for _, step := range []func(*Spec) error{e.setAddress, e.setBody, e.setCredentials, e.bind, e.connect} {
		if err := step(s); err != nil {
			return nil, err
		}
	}
	if e.retries > 0 && !isIdempotent(e.method, s.Annotations) {
		e.retries = 0
	}
	return e, nil
}

// orDefault returns n, the default for 0 and nothing for a negative number.
func orDefault(n, standard int) int {
	if n == 0 {
		return standard
	}
	return max(n, 0)
}

func (e *endpoint) setAddress(s *Spec) (err error) {
	if e.address, err = parseAddress(s.URL); err != nil {
		return fmt.Errorf("url: %w", err)
	}
	for _, name := range slices.Sorted(maps.Keys(s.Query)) {
		p, err := parseParameter(name, s.Query[name])
		if err != nil {
			return fmt.Errorf("query parameter %q: %w", name, err)
		}
		e.query = append(e.query, p)
	}
	e.headers, err = parseHeaders(s.Header)
	return err
}

func (e *endpoint) setBody(s *Spec) (err error) {
	if e.body, err = parseBody(s.Body, s.ContentType); err != nil {
		return err
	}
	e.method = s.Method
	switch {
	case e.method == "" && e.body.exists():
		e.method = http.MethodPost
	case e.method == "":
		e.method = http.MethodGet
	}
	switch {
	case strings.Trim(e.method, "ABCDEFGHIJKLMNOPQRSTUVWXYZ") != "":
		return fmt.Errorf("method %q: a method has only upper-case letters", e.method)
	case e.method == http.MethodConnect || e.method == http.MethodTrace:
		return fmt.Errorf("method %s is none of a tool", e.method)
	case e.body.exists() && (e.method == http.MethodGet || e.method == http.MethodHead):
		return fmt.Errorf("a request of method %s has no body", e.method)
	case e.body.kind != "" && s.InputSchema == nil:
		return fmt.Errorf("body %q takes arguments that no placeholder names: it needs an input schema", e.body.kind)
	}
	return nil
}

func (e *endpoint) setCredentials(s *Spec) error {
	for _, c := range s.Credentials {
		c, err := c.check()
		if err != nil {
			return err
		}
		if c.Header != "" && slices.ContainsFunc(e.headers, func(h header) bool { return h.name == c.Header }) {
			return fmt.Errorf("credential: the header %s is set already", c.Header)
		}
		if c.Header != "" && slices.ContainsFunc(e.credentials, func(other Credential) bool { return other.Header == c.Header }) {
			return fmt.Errorf("credential: two of them are in the header %s", c.Header)
		}
		e.credentials = append(e.credentials, c)
	}
	return nil
}

// bind ties the placeholders to the input schema.
func (e *endpoint) bind(s *Spec) (err error) {
	names := e.address.names()
	for _, p := range e.query {
		names = append(names, p.value.Names()...)
	}
	for _, h := range e.headers {
		names = append(names, h.value.Names()...)
	}
	e.body.used = slices.Clone(names)
	e.arguments, err = template.Bind(s.InputSchema, append(names, e.body.text.Names()...))
	return err
}
