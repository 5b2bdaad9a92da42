package websocket

import (
	"net/http"
	"strconv"
	"time"
)

// A refusal is the answer to a request that is not served.
type refusal struct {
	status int
	text   string        // a sentence for whoever sees it on the other side
	retry  time.Duration // when to try again; 0 where that is of no use
}

// write sends the refusal.
func (f *refusal) write(w http.ResponseWriter) {
	if f.status == http.StatusUnauthorized {
		w.Header().Set("WWW-Authenticate", "Bearer")
	}
	if f.retry > 0 {
		w.Header().Set("Retry-After", strconv.Itoa(int(f.retry.Seconds())))
	}
	http.Error(w, f.text, f.status)
}

func unauthorized(text string) *refusal {
	return &refusal{status: http.StatusUnauthorized, text: text}
}

// quote makes what a stranger sent fit to be shown.
func quote(s string) string {
	const most = 100
	if len(s) > most {
		s = s[:most]
	}
	return strconv.QuoteToASCII(s)
}
