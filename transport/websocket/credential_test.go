package websocket

import (
	"encoding/json"
	"fmt"
	"net/http"
	"slices"
	"strings"
	"testing"
	"testing/synctest"
	"time"
)

// takeTicket returns a ticket that is asked for with the header.
func takeTicket(t testing.TB, h *Handler, header string) string {
	t.Helper()
	w := ask(h, "POST", pathTicket, header)
	var answer struct {
		Ticket      string `json:"ticket"`
		ExpiresInMs int    `json:"expiresInMs"`
	}
	if err := json.Unmarshal(w.Body.Bytes(), &answer); err != nil || answer.ExpiresInMs != 30_000 || len(answer.Ticket) < 22 {
		t.Fatalf("%d: %s", w.Code, w.Body)
	}
	if got := w.Header().Get("Cache-Control"); got != "no-store" {
		t.Errorf("Cache-Control is %q", got)
	}
	return answer.Ticket
}

// admitted is what a request is answered that passed all checks and is no upgrade.
const admitted = http.StatusUpgradeRequired

func TestCredentials(t *testing.T) {
	t.Parallel()
	h := newTestHandler(t, Options{})
	const offer = "Sec-WebSocket-Protocol: "
	ticket := func(header string) string { return "?ticket=" + takeTicket(t, h, header) }
	for _, test := range []struct {
		name, query string
		headers     []string
		status      int
	}{
		{"header", "", []string{asPlanner}, admitted},
		{"header, scheme in capitals", "", []string{"Authorization: BEARER " + plannerSecret}, admitted},
		{"subprotocol", "", []string{offer + "mcp, bearer." + plannerSecret}, admitted},
		{"subprotocol in a header of its own", "", []string{offer + "bearer." + plannerSecret, offer + "mcp"}, admitted},
		{"ticket", ticket(asPlanner), nil, admitted},
		{"ticket with subprotocol", ticket(asPlanner), []string{offer + "mcp"}, admitted},
		{"two that agree", "", []string{asPlanner, offer + "mcp, bearer." + plannerSecret}, admitted},
		{"three that agree", ticket(asPlanner), []string{asPlanner, offer + "mcp,bearer." + plannerSecret}, admitted},

		{"nothing", "", nil, 401},
		{"empty header", "", []string{"Authorization: "}, 401},
		{"scheme alone", "", []string{"Authorization: Bearer"}, 401},
		{"empty token", "", []string{"Authorization: Bearer "}, 401},
		{"white space", "", []string{"Authorization: Bearer   \t "}, 401},
		{"another scheme", "", []string{"Authorization: Basic " + plannerSecret}, 401},
		{"no scheme", "", []string{"Authorization: " + plannerSecret}, 401},
		{"wrong token", "", []string{asPlanner + "x"}, 401},
		{"start of a token", "", []string{asPlanner[:len(asPlanner)-1]}, 401},
		{"case of a token", "", []string{"Authorization: Bearer " + strings.ToUpper(plannerSecret)}, 401},
		{"wrong subprotocol", "", []string{offer + "mcp, bearer.wrong"}, 401},
		{"empty subprotocol", "", []string{offer + "mcp, bearer."}, 401},
		{"unknown ticket", "?ticket=wrong", nil, 401},
		{"empty ticket", "?ticket=", nil, 401},
		{"a token as a ticket", "?ticket=" + plannerSecret, nil, 401},
		{"a ticket as a token", "", []string{"Authorization: Bearer " + takeTicket(t, h, asPlanner)}, 401},
		{"two callers, headers", "", []string{asPlanner, asWriter}, 401},
		{"two callers, header and subprotocol", "", []string{asPlanner, offer + "mcp, bearer." + writerSecret}, 401},
		{"two callers, header and ticket", ticket(asWriter), []string{asPlanner}, 401},
		{"good and wrong", "", []string{asPlanner, offer + "mcp, bearer.wrong"}, 401},
		{"wrong and good", "", []string{"Authorization: Bearer wrong", offer + "mcp, bearer." + plannerSecret}, 401},
		{"good header, used ticket", "?ticket=used", []string{asPlanner}, 401},
		{"token in the query", "?token=" + plannerSecret, nil, 401},
		{"token in the query beside a good one", "?access_token=" + plannerSecret, []string{asPlanner}, 401},
		{"token in the query, in capitals", "?Token=" + plannerSecret, []string{asPlanner}, 401},
		{"query that cannot be parsed", "?%zz", []string{asPlanner}, 401},
		{"scopes that a client gives itself", "", []string{"X-Admin: true"}, 401},
	} {
		w := ask(h, "GET", pathMCP+test.query, test.headers...)
		if w.Code != test.status {
			t.Errorf("%s: %d, want %d: %s", test.name, w.Code, test.status, w.Body)
		}
		if strings.Contains(w.Body.String(), plannerSecret) {
			t.Errorf("%s: the answer has the token in it", test.name)
		}
	}
}

func TestATicketIsTakenByHeaderOnly(t *testing.T) {
	t.Parallel()
	h := newTestHandler(t, Options{})
	for name, w := range map[string]int{
		"ticket":      ask(h, "POST", pathTicket+"?ticket="+takeTicket(t, h, asPlanner)).Code,
		"subprotocol": ask(h, "POST", pathTicket, "Sec-WebSocket-Protocol: bearer."+plannerSecret).Code,
	} {
		if w != http.StatusUnauthorized {
			t.Errorf("by %s: %d", name, w)
		}
	}
}

func TestATicketIsGoodOnceAndNotForLong(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		h := newTestHandler(t, Options{})
		once, late := takeTicket(t, h, asPlanner), takeTicket(t, h, asPlanner)
		time.Sleep(ticketLife - time.Millisecond)
		if got := ask(h, "GET", pathMCP+"?ticket="+once).Code; got != admitted {
			t.Errorf("in time: %d", got)
		}
		if got := ask(h, "GET", pathMCP+"?ticket="+once).Code; got != 401 {
			t.Errorf("again: %d", got)
		}
		time.Sleep(time.Millisecond)
		if got := ask(h, "GET", pathMCP+"?ticket="+late).Code; got != 401 {
			t.Errorf("too late: %d", got)
		}
	})
}

func TestTicketsAreBounded(t *testing.T) {
	t.Parallel()
	var taken tickets
	now := time.Now()
	for i := range maxTickets {
		ticket, ok := taken.take(pass{caller: "greedy"}, now)
		if !ok {
			t.Fatalf("ticket %d is refused", i)
		}
		taken.use(ticket, now) // which does not make room: the next is as easy to take
	}
	if _, ok := taken.take(pass{caller: "greedy"}, now.Add(ticketLife-1)); ok {
		t.Error("more tickets than may be")
	}
	if _, ok := taken.take(pass{caller: "modest"}, now); !ok {
		t.Error("another caller is refused too")
	}
	if _, ok := taken.take(pass{caller: "greedy"}, now.Add(ticketLife)); !ok {
		t.Error("refused when the first have expired")
	}
	taken.expire(now.Add(2 * ticketLife))
	if len(taken.queue)+len(taken.passes)+len(taken.issued) != 0 {
		t.Errorf("what has expired is held: %d, %d, %d", len(taken.queue), len(taken.passes), len(taken.issued))
	}

	h := newTestHandler(t, Options{})
	for range maxTickets {
		h.tickets.take(pass{caller: "planner"}, time.Now())
	}
	w := ask(h, "POST", pathTicket, asPlanner)
	if w.Code != http.StatusTooManyRequests || w.Header().Get("Retry-After") != "30" {
		t.Errorf("%d, Retry-After %q", w.Code, w.Header().Get("Retry-After"))
	}
}

func TestAPageMayAskForATicket(t *testing.T) {
	t.Parallel()
	h := newTestHandler(t, Options{Origins: []string{"https://shop.example"}})
	const from = "Origin: https://shop.example"
	w := ask(h, "OPTIONS", pathTicket, from, "Access-Control-Request-Method: POST", "Access-Control-Request-Headers: authorization")
	if w.Code != http.StatusNoContent || !strings.Contains(w.Header().Get("Access-Control-Allow-Headers"), "Authorization") ||
		w.Header().Get("Access-Control-Allow-Methods") != "POST" {
		t.Errorf("preflight: %d, %v", w.Code, w.Header())
	}
	for _, w := range []http.Header{
		w.Header(),
		ask(h, "POST", pathTicket, from, asPlanner).Header(),
		ask(h, "POST", pathTicket, from).Header(), // so that the page sees the 401
	} {
		if w.Get("Access-Control-Allow-Origin") != "https://shop.example" || w.Get("Vary") != "Origin" {
			t.Errorf("the page cannot read the answer: %v", w)
		}
	}
	for name, headers := range map[string][]string{
		"another page": {"Origin: https://evil.example", "Access-Control-Request-Method: POST"},
		"no page":      {"Access-Control-Request-Method: POST"},
		"no question":  {from},
	} {
		if w := ask(h, "OPTIONS", pathTicket, headers...); w.Code < 400 || w.Header().Get("Access-Control-Allow-Methods") != "" {
			t.Errorf("%s: %d, %v", name, w.Code, w.Header())
		}
	}
	if got := ask(h, "OPTIONS", pathMCP, from, "Access-Control-Request-Method: GET").Code; got != 401 {
		t.Errorf("preflight for /mcp: %d", got)
	}
	if got := ask(h, "GET", pathMCP, from, asPlanner).Header().Get("Access-Control-Allow-Origin"); got != "" {
		t.Errorf("/mcp may be fetched by %q", got)
	}
}

func TestSubprotocol(t *testing.T) {
	t.Parallel()
	url := startServer(t, newTestHandler(t, Options{}))
	for _, test := range []struct {
		offers   []string
		status   int
		selected string
	}{
		{nil, 101, ""},
		{[]string{"mcp"}, 101, "mcp"},
		{[]string{"other, mcp"}, 101, "mcp"},
		{[]string{"mcp, bearer." + plannerSecret}, 101, "mcp"},
		{[]string{"bearer." + plannerSecret, "mcp"}, 101, "mcp"},
		{[]string{"other"}, 400, ""},
		{[]string{"MCP"}, 400, ""},
		{[]string{"bearer." + plannerSecret}, 400, ""},
	} {
		header := authorized
		for _, offer := range test.offers {
			header += fmt.Sprintf("Sec-WebSocket-Protocol: %s\r\n", offer)
		}
		_, resp := upgradeRaw(t, connect(t, url), header)
		if resp.StatusCode != test.status || resp.Header.Get("Sec-WebSocket-Protocol") != test.selected {
			t.Errorf("%q: %s, selected %q", test.offers, resp.Status, resp.Header.Get("Sec-WebSocket-Protocol"))
		}
		for name, values := range resp.Header {
			if slices.ContainsFunc(values, func(v string) bool { return strings.Contains(v, plannerSecret) }) {
				t.Errorf("%q: the token is sent back in %s", test.offers, name)
			}
		}
	}
}
