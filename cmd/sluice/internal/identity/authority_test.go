package identity

import (
	"encoding/pem"
	"io"
	"log"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"testing"

	"github.com/golang-jwt/jwt/v5"

	"github.com/sluice-dev/sluice/cmd/sluice/internal/config"
)

// TestKeysOverTLS checks that the keys come from whom the authorities of ca_file vouch for,
// and from nobody else.
func TestKeysOverTLS(t *testing.T) {
	t.Parallel()
	p := newIDP(t)
	secure := httptest.NewUnstartedServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) { _, _ = w.Write(*p.jwks.Load()) }))
	secure.Config.ErrorLog = log.New(io.Discard, "", 0) // it refuses a client on purpose
	secure.StartTLS()
	t.Cleanup(secure.Close)
	ca := filepath.Join(t.TempDir(), "ca.pem")
	text := pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: secure.Certificate().Raw})
	if err := os.WriteFile(ca, text, 0o600); err != nil {
		t.Fatal(err)
	}
	token := sign(t, jwt.SigningMethodRS256, testKeys()["rsa"], p.claims(nil), kid("rsa"))
	for file, good := range map[string]bool{ca: true, "": false} {
		_, err := p.issuer(t, func(c *config.JWT) { c.JWKSURL, c.CAFile = secure.URL, file }).Verify(t.Context(), token)
		if (err == nil) != good {
			t.Errorf("with the authorities of %q: %v", file, err)
		}
	}
}
