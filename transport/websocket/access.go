package websocket

import (
	"context"
	"errors"
	"time"
)

// Access says who may connect, and who is believed where from; its fields are those of
// [Options].
type Access struct {
	// Tokens are what callers are known by. They are required where there is no other
	// verifier.
	Tokens *Tokens
	// Hosts are more names by which clients may address the server.
	Hosts []string
	// Origins are the web pages that may connect.
	Origins []string
	// Verifiers are asked, in order, for who a bearer token stands for that is none of
	// Tokens. The first that knows it is believed.
	Verifiers []Verifier
	// Connections are asked for who a connection stands for. What they find has to agree
	// with the tokens of a request, and suffices where it brings none.
	Connections []ConnectionVerifier
	// Proxies are those that stand in front of the server.
	Proxies []string
	// ProxyHeader is the header in which they tell where a request comes from.
	ProxyHeader string
}

// Check says what in a makes no sense, as SetAccess does.
func (a Access) Check() error {
	_, err := newRules(a)
	return err
}

// rules are an Access that makes sense. They never change.
type rules struct {
	tokens      []Verifier
	connections []ConnectionVerifier
	hosts       hosts
	origins     origins
	proxies     proxies
}

func newRules(a Access) (*rules, error) {
	tokens := a.Verifiers
	if a.Tokens != nil {
		tokens = append([]Verifier{a.Tokens}, tokens...)
	}
	if len(tokens)+len(a.Connections) == 0 {
		return nil, errors.New("websocket: Tokens are required")
	}
	hosts, err := newHosts(a.Hosts)
	if err != nil {
		return nil, err
	}
	origins, err := newOrigins(a.Origins)
	if err != nil {
		return nil, err
	}
	proxies, err := newProxies(a.Proxies, a.ProxyHeader)
	if err != nil {
		return nil, err
	}
	return &rules{tokens, a.Connections, hosts, origins, proxies}, nil
}

// verify returns who a bearer token stands for. The error is the most telling one.
func (r *rules) verify(ctx context.Context, token string) (Identity, error) {
	refused := errUnknownToken
	for _, v := range r.tokens {
		id, err := v.Verify(ctx, token)
		if err == nil && id.Caller != "" {
			return id, nil
		}
		if _, said := errors.AsType[*CredentialError](err); said {
			refused = err
		}
	}
	return Identity{}, refused
}

// know reports whether all that a pass rests on is still good.
func (r *rules) know(p pass) bool {
	for _, id := range p.identities {
		if !r.knowOne(id) {
			return false
		}
	}
	return len(p.identities) > 0
}

func (r *rules) knowOne(id Identity) bool {
	for _, v := range r.tokens {
		if v.Knows(id) {
			return true
		}
	}
	for _, v := range r.connections {
		if v.Knows(id) {
			return true
		}
	}
	return false
}

// admit reports whether a connection would still be let in.
func (r *rules) admit(g guest) bool {
	return r.know(g.pass) && !g.pass.expired(time.Now()) && (g.origin == "" || r.origins.allow(g.origin))
}

// SetAccess has the handler let in who a says, from now on. Connections whose credentials
// or origin a does not have, and those that were opened by a ticket for such, are
// closed with code 1008; SetAccess returns how many, and does not wait for them. The
// tickets for such a credential are void. Where the error is not nil, nothing has changed.
// It may be called at any time.
func (h *Handler) SetAccess(a Access) (closed int, err error) {
	rules, err := newRules(a)
	if err != nil {
		return 0, err
	}
	return h.guests.follow(rules), nil
}
