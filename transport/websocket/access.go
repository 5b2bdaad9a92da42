package websocket

import "errors"

// Access says who may connect; its fields are those of [Options].
type Access struct {
	// Tokens are what callers are known by. They are required.
	Tokens *Tokens
	// Hosts are more names by which clients may address the server.
	Hosts []string
	// Origins are the web pages that may connect.
	Origins []string
}

// Check says what in a makes no sense, as SetAccess does.
func (a Access) Check() error {
	_, err := newRules(a)
	return err
}

// rules are an Access that makes sense. They never change.
type rules struct {
	tokens  *Tokens
	hosts   hosts
	origins origins
}

func newRules(a Access) (*rules, error) {
	if a.Tokens == nil {
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
	return &rules{a.Tokens, hosts, origins}, nil
}

// admit reports whether a connection would still be let in.
func (r *rules) admit(g guest) bool {
	return len(g.pass.tokens) > 0 && r.tokens.know(g.pass) && (g.origin == "" || r.origins.allow(g.origin))
}

// SetAccess has the handler let in who a says, from now on. Connections whose token or
// origin a does not have, and those that were opened by a ticket for such a token, are
// closed with code 1008; SetAccess returns how many, and does not wait for them. The
// tickets for such a token are void. Where the error is not nil, nothing has changed. It
// may be called at any time.
func (h *Handler) SetAccess(a Access) (closed int, err error) {
	rules, err := newRules(a)
	if err != nil {
		return 0, err
	}
	return h.guests.follow(rules), nil
}
