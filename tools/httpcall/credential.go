package httpcall

import (
	"encoding/base64"
	"errors"
	"fmt"
	"net/http"
	"strings"

	"github.com/sluice-dev/sluice/tools"
)

// minSecret is how many bytes a secret has at least: to hide a shorter one, half of
// any text would have to go.
const minSecret = 4

// A Credential is a secret that goes with each request, to the origin of the URL and
// nowhere else: a redirect that leads away does not take it along. Whatever a call
// returns has the secret taken out of it.
type Credential struct {
	// Header is the header that carries the secret. Defaults to Authorization, where
	// neither Query nor Cookie is set.
	Header string
	// Query is the query parameter that carries the secret instead. Servers log it:
	// take a header where there is a choice.
	Query string
	// Cookie is the cookie that carries the secret instead.
	Cookie string
	// Scheme stands before the secret, with a space between. Defaults to Bearer
	// (RFC 6750) where nothing says what carries the secret, and to none otherwise.
	// With Basic (RFC 7617) the secret is user:password, which is encoded as it must be.
	Scheme string
	// Secret returns the secret. It is asked at every call, so that a new one counts at
	// once, and must be safe for concurrent use. Its errors must not hold the secret;
	// callers do not see them. It is required.
	Secret func() (string, error)
}

// check returns the credential with its defaults.
func (c Credential) check() (Credential, error) {
	places := 0
	for _, place := range []string{c.Header, c.Query, c.Cookie} {
		if place != "" {
			places++
		}
	}
	switch {
	case places > 1:
		return c, errors.New("credential: one of header, query and cookie carries the secret")
	case c.Secret == nil:
		return c, errors.New("credential: there is no secret")
	case c.Scheme != "" && (c.Query != "" || c.Cookie != ""):
		return c, errors.New("credential: a scheme needs a header")
	case !isHeaderValue(c.Scheme) || strings.ContainsAny(c.Cookie, "=;, \t") || !isHeaderValue(c.Cookie):
		return c, errors.New("credential: the scheme or the name of the cookie cannot be sent")
	case places == 0:
		c.Header = "Authorization"
		if c.Scheme == "" {
			c.Scheme = "Bearer"
		}
	}
	var err error
	if c.Header != "" {
		c.Header, err = headerName(c.Header)
	}
	return c, err
}

// A secret is a credential with what it is at the time of a call.
type secret struct {
	Credential
	text string
}

// secrets reads the secrets of the credentials.
func (e *endpoint) secrets() ([]secret, error) {
	var secrets []secret
	for _, c := range e.credentials {
		text, err := c.Secret()
		if err == nil {
			err = checkSecret(c, text)
		}
		if err != nil {
			return nil, tools.Errorf("%s cannot be called: %w", e.tool, &fault{
				reason: "a secret that it needs is not there, or cannot be one; whoever runs the server has to set it",
				err:    err,
			})
		}
		secrets = append(secrets, secret{c, text})
	}
	return secrets, nil
}

func checkSecret(c Credential, text string) error {
	switch {
	case len(text) < minSecret:
		return fmt.Errorf("a secret has at least %d bytes", minSecret)
	case !isHeaderValue(text):
		return errors.New("the secret holds a line break or another control character")
	case c.Cookie != "" && strings.ContainsAny(text, "; ,\"\\"):
		return errors.New("the secret holds what a cookie cannot carry")
	case c.basic() && !strings.Contains(text, ":"):
		return errors.New(`the secret for the scheme Basic is not of the form "user:password"`)
	}
	return nil
}

func (c Credential) basic() bool { return strings.EqualFold(c.Scheme, "Basic") }

// set puts a secret that goes into the head of a request there.
func (s secret) set(head http.Header) {
	switch {
	case s.Cookie != "":
		cookies := append(head.Values("Cookie"), s.Cookie+"="+s.text)
		head.Set("Cookie", strings.Join(cookies, "; "))
	case s.Header == "":
	case s.Scheme == "":
		head.Set(s.Header, s.text)
	default:
		head.Set(s.Header, s.Scheme+" "+s.encoded())
	}
}

func (s secret) encoded() string {
	if s.basic() {
		return base64.StdEncoding.EncodeToString([]byte(s.text))
	}
	return s.text
}
