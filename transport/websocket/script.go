package websocket

import (
	"bytes"
	"crypto/sha256"
	_ "embed" // the client for pages
	"fmt"
	"net/http"
	"time"
)

//go:embed js/sluice.js
var script []byte

// scriptTag names this version of the client (RFC 9110, section 8.8.3).
var scriptTag = fmt.Sprintf(`"%x"`, sha256.Sum256(script))

// isScript says whether a browser asks for the client for pages. A page cannot send a
// token with an import, and the client holds no secret, so it needs none; Host and
// Origin have been checked, and a module that is imported from elsewhere always comes
// with an Origin.
func isScript(r *http.Request) bool {
	return r.URL.Path == pathScript && (r.Method == http.MethodGet || r.Method == http.MethodHead)
}

// serveScript answers GET and HEAD of the client for pages. A copy may be kept, and
// used once this server has said that it is still the one that fits it.
func serveScript(w http.ResponseWriter, r *http.Request) {
	header := w.Header()
	header.Set("Content-Type", "text/javascript; charset=utf-8")
	header.Set("X-Content-Type-Options", "nosniff")
	header.Set("Cross-Origin-Resource-Policy", "same-origin") // not as a plain script, which brings no Origin
	header.Set("Cache-Control", "no-cache")
	header.Set("ETag", scriptTag)
	http.ServeContent(w, r, "", time.Time{}, bytes.NewReader(script))
}
