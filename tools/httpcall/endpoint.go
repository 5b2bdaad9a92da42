package httpcall

import (
	"context"
	"net/http"

	"github.com/sluice-dev/sluice/tools"
	"github.com/sluice-dev/sluice/tools/internal/template"
)

// An endpoint is a Spec made ready to call. Its calls share connections and the budget
// for retries.
type endpoint struct {
	tool        string
	method      string
	address     *address
	query       []parameter
	headers     []header
	body        body
	arguments   *template.Arguments
	credentials []Credential
	structured  bool  // the answer is a JSON value
	limit       int64 // bytes of an answer
	redirects   int   // at most
	retries     int   // at most
	budget      budget
	guard       *guard
	proxied     bool
	transport   *http.Transport
	client      *http.Client
}

// A prepared request is one with everything filled in.
type prepared struct {
	call   *tools.Call
	sent   int // how often
	url    string
	header http.Header
	body   []byte
}

// Call sends one request.
func (e *endpoint) Call(ctx context.Context, call *tools.Call) (*tools.Result, error) {
	if ctx.Err() != nil {
		return nil, context.Cause(ctx)
	}
	secrets, err := e.secrets()
	if err != nil {
		return nil, err
	}
	p, err := e.prepare(call, secrets)
	if err != nil {
		return nil, err
	}
	m := newMask(secrets)
	a, err := e.exchange(ctx, p)
	switch {
	case err != nil && ctx.Err() != nil:
		return nil, err
	case err != nil:
		return nil, e.explain(err, m)
	}
	return e.result(a, m)
}

// prepare fills the arguments and the secrets in.
func (e *endpoint) prepare(call *tools.Call, secrets []secret) (*prepared, error) {
	values, err := e.arguments.Values(call.Arguments)
	if err != nil {
		return nil, err
	}
	query := e.query
	p := &prepared{call: call, header: standardHeader()}
	for _, h := range e.headers {
		if err := h.fill(p.header, values); err != nil {
			return nil, err
		}
	}
	for _, s := range secrets {
		s.set(p.header)
		if s.Query != "" {
			query = append(query[:len(query):len(query)], parameter{s.Query, template.Template{{Text: s.text}}})
		}
	}
	if p.url, err = e.address.fill(values, query); err != nil {
		return nil, err
	}
	if !e.body.exists() {
		return p, nil
	}
	p.header.Set("Content-Type", e.body.contentType)
	p.body, err = e.body.fill(call, values)
	return p, err
}
