package httpcall

import (
	"errors"
	"net/http"
	"net/url"
)

var (
	errRedirects     = errors.New("it redirects too often")
	errRedirectAway  = errors.New("it redirects a request that changes something to another origin")
	errRedirectClear = errors.New("it redirects from https to http")
	errRedirectKind  = errors.New("it redirects to what is neither http nor https")
)

// redirect looks at a request that follows a redirect before it is sent. That its
// address may be reached is seen when it is dialled, as for every other.
func (e *endpoint) redirect(request *http.Request, via []*http.Request) error {
	from, to := via[len(via)-1].URL, request.URL
	switch {
	case e.redirects == 0:
		return http.ErrUseLastResponse
	case len(via) > e.redirects:
		return errRedirects
	case to.Scheme != "http" && to.Scheme != "https":
		return errRedirectKind
	case from.Scheme == "https" && to.Scheme == "http":
		return errRedirectClear
	case e.proxied && e.guard.checkURL(to) != nil:
		return errBlocked
	}
	to.User = nil
	request.Header.Del("Referer") // it would carry the query along
	if !leaves(request, via) {
		return nil
	}
	if request.Method != http.MethodGet && request.Method != http.MethodHead {
		return errRedirectAway
	}
	request.Header = standardHeader()
	return nil
}

// leaves reports whether a request is to another origin than the first, or comes from
// one: it could be somebody else's idea then.
func leaves(request *http.Request, via []*http.Request) bool {
	home := via[0].URL
	for _, hop := range via[1:] {
		if !sameOrigin(home, hop.URL) {
			return true
		}
	}
	return !sameOrigin(home, request.URL)
}

// sameOrigin compares origins (RFC 6454, section 5).
func sameOrigin(a, b *url.URL) bool {
	return a.Scheme == b.Scheme && portOf(a) == portOf(b) &&
		canonicalHost(a.Hostname()) == canonicalHost(b.Hostname())
}

// standardHeader is what every request has.
func standardHeader() http.Header {
	return http.Header{
		"Accept":     {"application/json, text/*;q=0.9, */*;q=0.5"},
		"User-Agent": {"sluice"},
	}
}
