package websocket

import (
	"context"
	"crypto/rand"
	"crypto/sha256"
	"crypto/subtle"
	"errors"
	"fmt"
	"slices"
)

// strongSecret is how many characters a secret should have at least. Sixteen random
// ones cannot be guessed over a network.
const strongSecret = 16

// A Token is a secret and the name of the caller that it stands for.
type Token struct {
	// Name is the caller's. Several tokens may have the same, so that one can
	// replace another without a gap.
	Name string
	// Secret is visible ASCII without commas, and should be random: see [Token.Weak].
	// To be sent by a web page it must consist of letters, digits and
	// !#$%&'*+-.^_`|~, as what [NewToken] returns does.
	Secret string `json:"-"`
}

// String returns the name, not the secret.
func (t Token) String() string { return t.Name }

// GoString returns what String does.
func (t Token) GoString() string { return t.Name }

// NewToken returns a secret of 130 random bits, in letters and digits.
func NewToken() string { return rand.Text() }

// Tokens are what callers are known by. They are safe for concurrent use.
type Tokens struct {
	entries []tokenEntry
}

type tokenEntry struct {
	name string
	hash [sha256.Size]byte
}

// String returns the name, and nothing of the secret.
func (e tokenEntry) String() string { return e.name }

var errUnknownToken = errors.New("websocket: no caller has this token")

// NewTokens returns a set of tokens. It refuses an empty set, a token without a name
// or with a secret that is empty or cannot be sent, and two callers with one
// secret. No error holds a secret.
func NewTokens(list ...Token) (*Tokens, error) {
	if len(list) == 0 {
		return nil, errors.New("websocket: there is no token")
	}
	t := &Tokens{}
	for i, token := range list {
		if err := token.check(); err != nil {
			return nil, fmt.Errorf("websocket: token %d (%q): %w", i+1, token.Name, err)
		}
		if name, taken := t.Caller(token.Secret); taken && name != token.Name {
			return nil, fmt.Errorf("websocket: callers %q and %q have the same token", name, token.Name)
		}
		t.entries = append(t.entries, tokenEntry{token.Name, sha256.Sum256([]byte(token.Secret))})
	}
	return t, nil
}

func (t Token) check() error {
	if t.Name == "" {
		return errors.New("it has no name")
	}
	for _, c := range []byte(t.Secret) {
		if c <= ' ' || c > '~' || c == ',' {
			return errors.New("its secret has a character that cannot be sent: use visible ASCII without commas")
		}
	}
	if t.Secret == "" {
		return errors.New("its secret is empty")
	}
	return nil
}

// Weak reports whether the secret has fewer than 16 characters, and so might be
// guessed by whoever can reach the server. Nothing but an address that only this
// machine reaches should be served with such a token.
func (t Token) Weak() bool { return len(t.Secret) < strongSecret }

// Caller returns whose secret it is. The time it takes says nothing about the
// secrets: all are compared, by their hashes, to the end.
func (t *Tokens) Caller(secret string) (name string, ok bool) {
	entry, ok := t.find(secret)
	return entry.name, ok
}

func (t *Tokens) find(secret string) (tokenEntry, bool) {
	hash := sha256.Sum256([]byte(secret))
	found := -1
	for i := range t.entries {
		same := subtle.ConstantTimeCompare(hash[:], t.entries[i].hash[:])
		found = subtle.ConstantTimeSelect(same, i, found)
	}
	if found < 0 {
		return tokenEntry{}, false
	}
	return t.entries[found], true
}

// Verify implements [Verifier].
func (t *Tokens) Verify(_ context.Context, secret string) (Identity, error) {
	entry, ok := t.find(secret)
	if !ok {
		return Identity{}, errUnknownToken
	}
	return Identity{Caller: entry.name, Basis: entry}, nil
}

// Knows implements [Verifier]: the token must be among these, under the same name.
func (t *Tokens) Knows(id Identity) bool {
	entry, ok := id.Basis.(tokenEntry)
	return ok && slices.Contains(t.entries, entry)
}
