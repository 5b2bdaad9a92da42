package identity

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"strings"
	"time"

	"github.com/golang-jwt/jwt/v5"

	"github.com/sluice-dev/sluice/cmd/sluice/internal/config"
	"github.com/sluice-dev/sluice/transport/websocket"
)

const (
	defaultLeeway = 30 * time.Second
	defaultClaim  = "sub"
)

var (
	errNoJWT       = errors.New("the token is no JSON Web Token")
	errOtherIssuer = errors.New("the token is of another issuer")
	errCritical    = errors.New("the token has a header that must be understood, and is not")
)

// An Issuer knows callers by the JSON Web Tokens (RFC 7519) that it signs.
type Issuer struct {
	config config.JWT
	basis  issuerBasis
	parser *jwt.Parser
	keys   *keySet
}

// issuerBasis is all that is configured of an issuer, in a form that compares.
type issuerBasis string

func newIssuer(c config.JWT, now func() time.Time, log *slog.Logger) (*Issuer, error) {
	keys, err := newKeySet(&c, now, log)
	if err != nil {
		return nil, err
	}
	algorithms := []string{"RS256", "ES256"}
	if len(c.Algorithms) > 0 {
		algorithms = nil
		for _, a := range c.Algorithms {
			algorithms = append(algorithms, string(a))
		}
	}
	if c.Leeway == 0 {
		c.Leeway = config.Duration(defaultLeeway)
	}
	return &Issuer{config: c, basis: basisOf(c), keys: keys, parser: jwt.NewParser(
		jwt.WithValidMethods(algorithms), jwt.WithIssuer(c.Issuer), jwt.WithAudience(c.Audience...),
		jwt.WithExpirationRequired(), jwt.WithLeeway(time.Duration(c.Leeway)), jwt.WithStrictDecoding(), jwt.WithTimeFunc(now),
	)}, nil
}

func basisOf(c config.JWT) issuerBasis {
	if c.Leeway == 0 {
		c.Leeway = config.Duration(defaultLeeway)
	}
	return issuerBasis(fmt.Sprintf("%+v", c))
}

// Knows implements [websocket.Verifier]. What rests on an issuer rests on all that is
// configured of it.
func (i *Issuer) Knows(id websocket.Identity) bool { return id.Basis == i.basis }

// Verify implements [websocket.Verifier]. What is wrong with a token whose signature is
// good is told to whoever sent it; of any other it is not.
func (i *Issuer) Verify(ctx context.Context, token string) (websocket.Identity, error) {
	if strings.Count(token, ".") != 2 {
		return websocket.Identity{}, errNoJWT
	}
	claims := jwt.MapClaims{}
	_, err := i.parser.ParseWithClaims(token, claims, func(t *jwt.Token) (any, error) { return i.keyOf(ctx, t) })
	if err != nil {
		return websocket.Identity{}, explain(err)
	}
	return i.identify(claims)
}

// keyOf returns the keys that may have signed the token. Of its header it reads the name of
// the key alone: whatever addresses or keys stand there (jku, x5u, jwk, x5c) are nothing
// to go by.
func (i *Issuer) keyOf(ctx context.Context, t *jwt.Token) (any, error) {
	issuer, err := t.Claims.GetIssuer()
	if err != nil || issuer != i.config.Issuer {
		return nil, errOtherIssuer
	}
	if _, critical := t.Header["crit"]; critical {
		return nil, errCritical
	}
	kid, _ := t.Header["kid"].(string)
	return i.keys.find(ctx, kid, t.Method.Alg())
}

// explain returns what may be said of a token that is refused.
func explain(err error) error {
	for _, is := range []struct {
		err  error
		said string
	}{
		{errKeysUnreachable, "The keys of the token's issuer cannot be had at the moment. Try again later."},
		{jwt.ErrTokenExpired, "The token has expired. Get a new one."},
		{jwt.ErrTokenNotValidYet, "The token is not valid yet. Check the clocks."},
		{jwt.ErrTokenInvalidAudience, "The token is for another audience than this server."},
		{jwt.ErrTokenRequiredClaimMissing, "The token lacks a claim that is required: iss, aud, exp."},
	} {
		if errors.Is(err, is.err) {
			return &websocket.CredentialError{Reason: is.said}
		}
	}
	return err
}

// identify makes an identity of the claims of a token that is good.
func (i *Issuer) identify(claims jwt.MapClaims) (websocket.Identity, error) {
	claim := i.config.Caller
	if claim == "" {
		claim = defaultClaim
	}
	name, _ := claims[claim].(string)
	if !validName(name) {
		return websocket.Identity{}, &websocket.CredentialError{Reason: fmt.Sprintf("The token names no caller: its claim %s must be a word.", claim)}
	}
	if lacks := i.lacking(claims); len(lacks) > 0 {
		return websocket.Identity{}, &websocket.CredentialError{
			Reason: "The token lacks a scope: " + strings.Join(lacks, ", ") + ".", Scope: strings.Join(i.config.Scopes, " "),
		}
	}
	ends, err := claims.GetExpirationTime()
	if err != nil || ends == nil {
		return websocket.Identity{}, errNoJWT // the parser has asked for it
	}
	id := websocket.Identity{Caller: i.config.Prefix + name, Expires: ends.Add(time.Duration(i.config.Leeway)), Basis: i.basis}
	if i.config.ToolsClaim != "" {
		id.Detail = &grant{NewTools(append([]string{}, words(claims[i.config.ToolsClaim])...))}
	}
	return id, nil
}

// lacking returns the scopes that the token should have and has not (RFC 8693, section
// 4.2; scp is what others call it).
func (i *Issuer) lacking(claims jwt.MapClaims) (lacks []string) {
	has := map[string]bool{}
	for _, scope := range append(words(claims["scope"]), words(claims["scp"])...) {
		has[scope] = true
	}
	for _, scope := range i.config.Scopes {
		if !has[scope] {
			lacks = append(lacks, scope)
		}
	}
	return lacks
}

// words returns those of a claim that is a list of strings, or a string with spaces.
func words(claim any) (list []string) {
	switch claim := claim.(type) {
	case string:
		return strings.Fields(claim)
	case []any:
		for _, item := range claim {
			if word, ok := item.(string); ok {
				list = append(list, word)
			}
		}
	}
	return list
}
