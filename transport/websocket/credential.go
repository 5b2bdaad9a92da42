package websocket

import (
	"net/http"
	"net/url"
	"strings"
	"time"
)

const (
	subprotocol  = "mcp"
	bearerPrefix = "bearer." // of the subprotocol that carries a token
)

// authenticate returns who the caller is: nobody, where the client for pages is asked
// for. Every credential that comes with another request must be good and stand for the
// same caller: that one of them would have sufficed is no excuse for the other.
func (h *Handler) authenticate(r *http.Request, rules *rules) (pass, *refusal) {
	query, err := url.ParseQuery(r.URL.RawQuery)
	if err != nil {
		return pass{}, unauthorized("The query of the URL cannot be parsed.")
	}
	if tokenIn(query) {
		return pass{}, unauthorized("A token must not stand in a URL. Send it in the Authorization header, " +
			"as the subprotocol bearer.TOKEN beside mcp, or exchange it for a ticket at POST /ticket.")
	}
	if isScript(r) {
		return pass{}, nil
	}
	var found identity
	for _, header := range r.Header.Values("Authorization") {
		scheme, token, _ := strings.Cut(header, " ")
		p, ok := rules.tokens.pass(strings.TrimSpace(token))
		found.add(p, ok && strings.EqualFold(scheme, "Bearer"))
	}
	if r.URL.Path == pathMCP {
		h.upgradeCredentials(r, rules, query, &found)
	}
	return found.pass()
}

// upgradeCredentials adds what only an upgrade may bring, since a page cannot set
// headers there.
func (h *Handler) upgradeCredentials(r *http.Request, rules *rules, query url.Values, found *identity) {
	for _, offer := range offers(r) {
		if token, ok := strings.CutPrefix(offer, bearerPrefix); ok {
			found.add(rules.tokens.pass(token))
		}
	}
	for _, ticket := range query["ticket"] {
		p, ok := h.tickets.use(ticket, time.Now())
		found.add(p, ok && rules.tokens.know(p))
	}
}

// tokenIn says whether a query has a token under one of the names in use.
func tokenIn(query url.Values) bool {
	for key := range query {
		switch strings.ToLower(key) {
		case "token", "access_token":
			return true
		}
	}
	return false
}

// An identity is what the credentials of one request come to.
type identity struct {
	found pass
	count int
	bad   bool
}

// add takes in one credential.
func (i *identity) add(p pass, ok bool) {
	if !ok || i.count > 0 && p.caller != i.found.caller {
		i.bad = true
	}
	i.found.caller = p.caller
	i.found.tokens = append(i.found.tokens, p.tokens...)
	i.count++
}

func (i *identity) pass() (pass, *refusal) {
	switch {
	case i.count == 0:
		return pass{}, unauthorized("A token is required: Authorization: Bearer TOKEN.")
	case i.bad && i.count > 1:
		return pass{}, unauthorized("Several credentials were sent, and they do not all stand for the same caller.")
	case i.bad:
		return pass{}, unauthorized("The token or ticket is wrong, or the ticket has been used or has expired.")
	}
	return i.found, nil
}

// offers returns the subprotocols that a client offers.
func offers(r *http.Request) []string {
	var list []string
	for _, header := range r.Header.Values("Sec-WebSocket-Protocol") {
		for offer := range strings.SplitSeq(header, ",") {
			list = append(list, strings.TrimSpace(offer))
		}
	}
	return list
}

// checkOffers refuses a client that wants to speak something else. The MCP
// specification has no WebSocket binding, so a client that offers nothing is taken.
func checkOffers(list []string) *refusal {
	for _, offer := range list {
		if offer == subprotocol {
			return nil
		}
	}
	if len(list) == 0 {
		return nil
	}
	return &refusal{status: http.StatusBadRequest, text: "This server speaks the subprotocol mcp, which the client does not offer."}
}
