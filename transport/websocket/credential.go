package websocket

import (
	"errors"
	"net/http"
	"net/url"
	"strings"
	"time"
)

const (
	subprotocol  = "mcp"
	bearerPrefix = "bearer." // of the subprotocol that carries a token
)

// authenticate returns who the caller is. Every credential that comes with a request, or
// with its connection, must be good and stand for the same caller: that one of them would
// have sufficed is no excuse for the other. At a route of our own an upgrade may bring
// what others may not, and the client for pages is given to anybody.
func (h *Handler) authenticate(r *http.Request, rules *rules, own bool) (pass, *refusal) {
	query, err := url.ParseQuery(r.URL.RawQuery)
	if err != nil {
		return pass{}, unauthorized("The query of the URL cannot be parsed.")
	}
	if tokenIn(query) {
		return pass{}, unauthorized("A token must not stand in a URL. Send it in the Authorization header, " +
			"as the subprotocol bearer.TOKEN beside mcp, or exchange it for a ticket at POST /ticket.")
	}
	if own && isScript(r) {
		return pass{}, nil
	}
	var found evidence
	found.addConnection(r, rules)
	for _, header := range r.Header.Values("Authorization") {
		scheme, token, _ := strings.Cut(header, " ")
		if !strings.EqualFold(scheme, "Bearer") {
			found.refuse(errUnknownToken)
			continue
		}
		found.add(rules.verify(r.Context(), strings.TrimSpace(token)))
	}
	if own && r.URL.Path == pathMCP {
		h.upgradeCredentials(r, rules, query, &found)
	}
	return found.pass()
}

// upgradeCredentials adds what only an upgrade may bring, since a page cannot set
// headers there.
func (h *Handler) upgradeCredentials(r *http.Request, rules *rules, query url.Values, found *evidence) {
	for _, offer := range offers(r) {
		if token, ok := strings.CutPrefix(offer, bearerPrefix); ok {
			found.add(rules.verify(r.Context(), token))
		}
	}
	for _, ticket := range query["ticket"] {
		p, ok := h.tickets.use(ticket, time.Now())
		if !ok || !rules.know(p) {
			found.refuse(errUnknownToken)
			continue
		}
		found.merge(p)
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

// evidence is what the credentials of one request come to.
type evidence struct {
	found  pass
	count  int   // of the credentials
	wrong  error // of the first that is not good
	differ bool  // they do not stand for one caller
}

// add takes in one credential.
func (e *evidence) add(id Identity, err error) {
	if err != nil {
		e.refuse(err)
		return
	}
	e.count++
	e.differ = !e.found.add(id) || e.differ
}

// merge takes in a ticket, and so all that it was given for.
func (e *evidence) merge(p pass) {
	e.count++
	e.differ = !e.found.merge(p) || e.differ
}

// refuse takes in a credential that is not good.
func (e *evidence) refuse(why error) {
	e.count++
	if e.wrong == nil {
		e.wrong = why
	}
}

// addConnection takes in what the connection of the request says.
func (e *evidence) addConnection(r *http.Request, rules *rules) {
	for _, v := range rules.connections {
		if id, found, err := v.VerifyConnection(r); found || err != nil {
			e.add(id, err)
		}
	}
}

// pass returns what lets the request in, or why it is refused.
func (e *evidence) pass() (pass, *refusal) {
	p, refused := e.judge()
	if refused != nil {
		refused.cause = e.wrong
	}
	return p, refused
}

func (e *evidence) judge() (pass, *refusal) {
	said, ok := errors.AsType[*CredentialError](e.wrong)
	switch {
	case e.count == 0:
		return pass{}, unauthorized("A token is required: Authorization: Bearer TOKEN.")
	case e.wrong == nil && !e.differ && e.found.expired(time.Now()):
		return pass{}, badCredential("The token has expired. Connect with a new one.")
	case e.wrong == nil && !e.differ:
		return e.found, nil
	case ok && said.Scope != "":
		return pass{}, lacksScope(said)
	case ok:
		return pass{}, badCredential(said.Reason)
	case e.count > 1:
		return pass{}, badCredential("Several credentials were sent, and they do not all stand for the same caller.")
	}
	return pass{}, badCredential("The token or ticket is wrong, or the ticket has been used or has expired.")
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
