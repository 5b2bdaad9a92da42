package identity

import (
	"context"
	"crypto/tls"
	"crypto/x509"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"net/http"
	"sync"
	"time"

	"github.com/MicahParks/jwkset"
	"github.com/golang-jwt/jwt/v5"

	"github.com/sluice-dev/sluice/cmd/sluice/internal/config"
)

const (
	defaultRefresh = time.Hour
	defaultStale   = 24 * time.Hour
	// fetchTimeout is how long a fetch may take.
	fetchTimeout = 5 * time.Second
	// fetchPause is the least time between two fetches: anybody can send a token with a
	// name of a key that nobody has heard of.
	fetchPause = 10 * time.Second
	maxKeys    = 100
	maxKeyText = 1 << 20
)

var (
	errUnknownKey      = errors.New("the issuer has no such key")
	errKeysUnreachable = errors.New("the keys of the issuer cannot be fetched")
)

// A keySet is the public keys of an issuer (RFC 7517), from a file or from the one address
// that is configured.
//
// It is fetched when it is first asked for, again when it is old, and when a key is asked
// for that it does not have, which is how an issuer changes its keys. While the address
// does not answer the old keys are good for some time yet. Whoever asks for a key that is
// there does not wait for any of that.
type keySet struct {
	url            string // empty where the keys are a file's
	client         *http.Client
	refresh, stale time.Duration
	now            func() time.Time
	log            *slog.Logger // nil for none

	life    context.Context // of the fetches
	end     context.CancelFunc
	running sync.WaitGroup

	mu      sync.Mutex // guards all below
	keys    []publicKey
	fetched time.Time     // when they were last fetched
	tried   time.Time     // when a fetch last began
	flight  chan struct{} // closed when the fetch ends that goes on; nil where none does
	failed  error         // of the last fetch
}

// A publicKey is one key of a set, and what it is for.
type publicKey struct {
	kid, alg string
	key      jwt.VerificationKey
}

func newKeySet(c *config.JWT, now func() time.Time, log *slog.Logger) (*keySet, error) {
	k := &keySet{url: c.JWKSURL, log: log, refresh: time.Duration(c.Refresh), stale: time.Duration(c.Stale), now: now}
	if k.refresh == 0 {
		k.refresh = defaultRefresh
	}
	if k.stale == 0 {
		k.stale = defaultStale
	}
	k.life, k.end = context.WithCancel(context.Background())
	if k.url == "" {
		text, err := config.ReadFile(c.JWKSFile)
		if err == nil {
			k.keys, err = readKeys(text)
		}
		if err != nil {
			return nil, fmt.Errorf("jwks_file: %w", err)
		}
		return k, nil
	}
	transport := &http.Transport{MaxResponseHeaderBytes: 64 << 10, DisableKeepAlives: true, TLSClientConfig: &tls.Config{MinVersion: tls.VersionTLS12}}
	if c.CAFile != "" {
		text, err := config.ReadFile(c.CAFile)
		if err != nil {
			return nil, fmt.Errorf("ca_file: %w", err)
		}
		transport.TLSClientConfig.RootCAs = x509.NewCertPool()
		if !transport.TLSClientConfig.RootCAs.AppendCertsFromPEM(text) {
			return nil, fmt.Errorf("ca_file: %s holds no certificate in PEM form", c.CAFile)
		}
	}
	k.client = &http.Client{Transport: transport, Timeout: fetchTimeout, CheckRedirect: func(*http.Request, []*http.Request) error {
		return errors.New("a redirect, which is not followed: name the address itself")
	}}
	return k, nil
}

// close ends the fetch that goes on, if one does.
func (k *keySet) close() {
	k.end()
	k.running.Wait()
}

// find returns the keys of that name for that algorithm; those of any name where the token
// names none.
func (k *keySet) find(ctx context.Context, kid, alg string) (jwt.VerificationKeySet, error) {
	found, flight := k.look(kid, alg)
	if len(found.Keys) > 0 {
		return found, nil
	}
	if flight != nil {
		select {
		case <-flight:
		case <-ctx.Done():
			return found, context.Cause(ctx)
		}
		if found, _ = k.look(kid, alg); len(found.Keys) > 0 {
			return found, nil
		}
	}
	k.mu.Lock()
	defer k.mu.Unlock()
	if !k.usable() {
		return found, errors.Join(errKeysUnreachable, k.failed)
	}
	return found, errUnknownKey
}

// look returns the keys that there are, and the fetch that may bring more.
func (k *keySet) look(kid, alg string) (found jwt.VerificationKeySet, flight <-chan struct{}) {
	k.mu.Lock()
	defer k.mu.Unlock()
	if k.usable() {
		for _, key := range k.keys {
			if (kid == "" || kid == key.kid) && (key.alg == "" || key.alg == alg) {
				found.Keys = append(found.Keys, key.key)
			}
		}
	}
	if k.url != "" && (len(found.Keys) == 0 || k.now().Sub(k.fetched) >= k.refresh) {
		k.fetch()
	}
	return found, k.flight
}

// prepare begins the first fetch.
func (k *keySet) prepare() {
	k.mu.Lock()
	defer k.mu.Unlock()
	if k.url != "" && k.fetched.IsZero() {
		k.fetch()
	}
}

// usable reports whether the keys are not too old. The caller holds k.mu, as for fetch.
func (k *keySet) usable() bool {
	return k.url == "" || !k.fetched.IsZero() && k.now().Sub(k.fetched) < k.stale
}

// fetch begins a fetch, unless one goes on or was begun just now.
func (k *keySet) fetch() {
	if k.flight != nil || !k.tried.IsZero() && k.now().Sub(k.tried) < fetchPause || k.life.Err() != nil {
		return
	}
	k.tried, k.flight = k.now(), make(chan struct{})
	k.running.Go(func() {
		keys, err := k.get()
		if err != nil && k.life.Err() == nil && k.log != nil {
			k.log.Warn("the keys of an issuer of tokens cannot be fetched", "jwks_url", k.url, "error", err)
		}
		k.mu.Lock()
		defer k.mu.Unlock()
		if k.failed = err; err == nil {
			k.keys, k.fetched = keys, k.now()
		}
		close(k.flight)
		k.flight = nil
	})
}

func (k *keySet) get() ([]publicKey, error) {
	r, err := http.NewRequestWithContext(k.life, http.MethodGet, k.url, nil)
	if err != nil {
		return nil, err
	}
	r.Header.Set("Accept", "application/jwk-set+json, application/json")
	resp, err := k.client.Do(r)
	if err != nil {
		return nil, err
	}
	defer resp.Body.Close()
	if resp.StatusCode != http.StatusOK {
		return nil, fmt.Errorf("it answers %s", resp.Status)
	}
	text, err := io.ReadAll(io.LimitReader(resp.Body, maxKeyText+1))
	if err != nil {
		return nil, err
	}
	return readKeys(text)
}

// readKeys reads a set of keys. Those that sign nothing, or that it does not know, are left
// out; a secret key is no public one.
func readKeys(text []byte) (keys []publicKey, err error) {
	var set struct {
		Keys []json.RawMessage `json:"keys"`
	}
	if len(text) > maxKeyText {
		return nil, fmt.Errorf("the set of keys has more than %d bytes", maxKeyText)
	}
	if err := json.Unmarshal(text, &set); err != nil {
		return nil, fmt.Errorf("it is no JSON Web Key Set: %w", err)
	}
	if len(set.Keys) > maxKeys {
		return nil, fmt.Errorf("the set has more than %d keys", maxKeys)
	}
	for _, source := range set.Keys {
		jwk, err := jwkset.NewJWKFromRawJSON(source, jwkset.JWKMarshalOptions{}, jwkset.JWKValidateOptions{})
		if err != nil {
			continue
		}
		m := jwk.Marshal()
		if _, secret := jwk.Key().([]byte); !secret && (m.USE == "" || m.USE == jwkset.UseSig) {
			keys = append(keys, publicKey{m.KID, m.ALG.String(), jwk.Key()})
		}
	}
	if len(keys) == 0 {
		return nil, errors.New("the set has no public key that can verify a signature")
	}
	return keys, nil
}
