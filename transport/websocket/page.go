package websocket

import "net/http"

// allowPage lets the page that sent the request read the answer, if it asks for a
// ticket or for the client: the only requests that a page makes by the Fetch standard
// (CORS protocol). Its origin has been checked.
func allowPage(w http.ResponseWriter, r *http.Request) {
	if r.URL.Path != pathTicket && !isScript(r) {
		return
	}
	header := w.Header()
	header.Set("Vary", "Origin")
	origin := r.Header.Get("Origin")
	if origin == "" {
		return
	}
	header.Set("Access-Control-Allow-Origin", origin)
	if isPreflight(r) {
		header.Set("Access-Control-Allow-Methods", http.MethodPost)
		header.Set("Access-Control-Allow-Headers", "Authorization, Content-Type")
		header.Set("Access-Control-Max-Age", "600")
	}
}

// isPreflight says whether a browser asks if a page may ask for a ticket. It sends no
// token with the question, and learns nothing but the names of headers.
func isPreflight(r *http.Request) bool {
	return r.Method == http.MethodOptions && r.URL.Path == pathTicket &&
		r.Header.Get("Origin") != "" && r.Header.Get("Access-Control-Request-Method") != ""
}
