package websocket

import (
	"fmt"
	"net/http"
	"strconv"
	"strings"
	"time"
)

// A refusal is the answer to a request that is not served.
type refusal struct {
	status int
	text   string        // a sentence for whoever sees it on the other side
	retry  time.Duration // when to try again; 0 where that is of no use
	// challenge says what was wrong with a bearer token (RFC 6750, section 3); empty
	// where there was none.
	challenge string
	cause     error // for the log: what the client is not told
}

// write sends the refusal, and ends the connection: whoever is not served has no claim to
// one.
func (f *refusal) write(w http.ResponseWriter) {
	w.Header().Set("Connection", "close")
	if f.status == http.StatusUnauthorized || f.challenge != "" {
		w.Header().Set("WWW-Authenticate", strings.TrimSpace("Bearer "+f.challenge))
	}
	if f.retry > 0 {
		w.Header().Set("Retry-After", strconv.Itoa(int(f.retry.Seconds())))
	}
	http.Error(w, f.text, f.status)
}

func unauthorized(text string) *refusal {
	return &refusal{status: http.StatusUnauthorized, text: text}
}

// badCredential refuses a request that brings a credential which is not good.
func badCredential(text string) *refusal {
	return &refusal{status: http.StatusUnauthorized, text: text, challenge: `error="invalid_token"`}
}

// lacksScope refuses a token that is good but for what it may be used for.
func lacksScope(e *CredentialError) *refusal {
	return &refusal{status: http.StatusForbidden, text: e.Reason,
		challenge: fmt.Sprintf(`error="insufficient_scope", scope=%q`, e.Scope)}
}

// quote makes what a stranger sent fit to be shown.
func quote(s string) string {
	const most = 100
	if len(s) > most {
		s = s[:most]
	}
	return strconv.QuoteToASCII(s)
}
