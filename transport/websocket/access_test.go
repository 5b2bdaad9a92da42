package websocket

import (
	"context"
	"errors"
	"fmt"
	"net/http/httptest"
	"sync"
	"testing"
)

const shop = "https://shop.example"

// accessOf is the access of the caller planner with these tokens.
func accessOf(t testing.TB, secrets ...string) Access {
	t.Helper()
	var list []Token
	for _, secret := range secrets {
		list = append(list, Token{"planner", secret})
	}
	tokens, err := NewTokens(list...)
	if err != nil {
		t.Fatal(err)
	}
	return Access{Tokens: tokens, Origins: []string{shop}}
}

// wantRevoked fails the test where the server has not closed with the code that says so.
func wantRevoked(t testing.TB, err error) {
	t.Helper()
	var closed *CloseError
	if !errors.As(err, &closed) || !closed.Remote || closed.Code != 1008 {
		t.Errorf("got %v, want the peer's code 1008", err)
	}
}

func TestSetAccessClosesTheConnectionsOfATokenThatIsGone(t *testing.T) {
	t.Parallel()
	const next = "planner-next-0123456789"
	h := newTestHandler(t, Options{Origins: []string{shop}})
	url := startServer(t, h)
	dial := func(url string, opts DialOptions) *Stream {
		s, err := Dial(t.Context(), url, opts)
		if err != nil {
			t.Fatal(err)
		}
		exchange(t, s, "hello")
		t.Cleanup(func() { s.Close(1000, "") })
		return s
	}
	ticket := func() string { return takeTicket(t, h, "Authorization: Bearer "+plannerSecret) }
	planner, page := dialTest(t, url), dial(url, DialOptions{Token: plannerSecret, Origin: shop})
	byTicket := dial(url+"?ticket="+ticket(), DialOptions{})
	writer := dial(url, DialOptions{Token: writerSecret})
	late := ticket()
	exchange(t, planner, "hello")

	set := func(a Access, want int) {
		t.Helper()
		if closed, err := h.SetAccess(a); err != nil || closed != want {
			t.Errorf("%d are closed, %v; want %d", closed, err, want)
		}
	}
	set(accessOf(t, next, plannerSecret), 1) // a token beside the old one leaves that alone
	_, err := writer.Read(t.Context())
	wantRevoked(t, err)
	exchange(t, planner, "still here")

	set(Access{Tokens: accessOf(t, next, plannerSecret).Tokens}, 1)
	_, err = page.Read(t.Context())
	wantRevoked(t, err)

	set(accessOf(t, next), 2)
	for _, s := range []*Stream{planner, byTicket} {
		_, err = s.Read(t.Context())
		wantRevoked(t, err)
	}
	for name, opts := range map[string]DialOptions{url: {Token: plannerSecret}, url + "?ticket=" + late: {}} {
		if _, err := Dial(t.Context(), name, opts); err == nil {
			t.Errorf("%v lets in", opts)
		}
	}
	exchange(t, dial(url, DialOptions{Token: next, Origin: shop}), "new")
}

func TestSetAccessChangesHostsAndOrigins(t *testing.T) {
	t.Parallel()
	h := newTestHandler(t, Options{Hosts: []string{"old.example"}, Origins: []string{"https://old.example"}})
	status := func(host, origin string) int {
		r := httptest.NewRequest("GET", "/", nil)
		r.Host = host
		r.Header.Set("Origin", origin)
		r.Header.Set("Authorization", "Bearer "+plannerSecret)
		w := httptest.NewRecorder()
		h.ServeHTTP(w, r)
		return w.Code
	}
	want := func(host, origin string, code int) {
		t.Helper()
		if got := status(host, origin); got != code {
			t.Errorf("%s from %s is answered with %d, want %d", host, origin, got, code)
		}
	}
	want("old.example", "https://old.example", 404)
	for _, nonsense := range []Access{{}, {Tokens: testTokens(t), Hosts: []string{"*"}}, {Tokens: testTokens(t), Origins: []string{"*"}}} {
		if _, err := h.SetAccess(nonsense); err == nil {
			t.Errorf("%+v is taken", nonsense)
		}
	}
	want("old.example", "https://old.example", 404)
	if _, err := h.SetAccess(Access{Tokens: testTokens(t), Hosts: []string{"new.example"}, Origins: []string{"https://new.example"}}); err != nil {
		t.Fatal(err)
	}
	want("new.example", "https://new.example", 404)
	want("old.example", "https://new.example", 403)
	want("new.example", "https://old.example", 403)
}

// A token that has another name is another caller's.
func TestSetAccessKnowsTokensByTheirNames(t *testing.T) {
	t.Parallel()
	h := newTestHandler(t, Options{})
	s := dialTest(t, startServer(t, h))
	exchange(t, s, "hello")
	tokens, err := NewTokens(Token{"other", plannerSecret})
	if err != nil {
		t.Fatal(err)
	}
	if closed, err := h.SetAccess(Access{Tokens: tokens}); closed != 1 || err != nil {
		t.Errorf("%d are closed: %v", closed, err)
	}
	_, err = s.Read(t.Context())
	wantRevoked(t, err)
}

// Whoever connects while access changes is let in by what holds in the end, or closed.
func TestSetAccessWhileClientsConnect(t *testing.T) {
	t.Parallel()
	h := newTestHandler(t, Options{})
	url := startServer(t, h)
	secrets := []string{plannerSecret, "planner-next-0123456789"}
	ctx, cancel := context.WithCancel(t.Context())
	var clients sync.WaitGroup
	for i := range 8 {
		clients.Go(func() {
			for ctx.Err() == nil {
				s, err := Dial(ctx, url, DialOptions{Token: secrets[i%2]})
				if err != nil {
					continue
				}
				for ctx.Err() == nil && s.Write(ctx, []byte("x")) == nil {
					if _, err := s.Read(context.WithoutCancel(ctx)); err != nil {
						break
					}
				}
				s.Close(1000, "")
			}
		})
	}
	for i := range 50 {
		if _, err := h.SetAccess(accessOf(t, secrets[i%2])); err != nil {
			t.Fatal(err)
		}
		if found := h.strangers(); len(found) > 0 {
			t.Fatalf("inside are %v", found)
		}
	}
	cancel()
	clients.Wait()
	eventually(t, func() bool { return h.inside() == 0 && len(h.guests.inside) == 0 })
}

// strangers are those inside that would not be let in.
func (h *Handler) strangers() (list []string) {
	h.guests.mu.Lock()
	defer h.guests.mu.Unlock()
	for _, who := range h.guests.inside {
		if !h.guests.rules.Load().admit(who) {
			list = append(list, fmt.Sprint(who))
		}
	}
	return list
}
