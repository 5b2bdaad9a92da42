package httpcall_test

import (
	"encoding/json"
	"errors"
	"net/http"
	"net/http/httptest"
	"testing"

	"github.com/sluice-dev/sluice/executor"
	"github.com/sluice-dev/sluice/tools"
	"github.com/sluice-dev/sluice/tools/httpcall"
)

// TestBreaker holds that an endpoint which is not there opens its breaker, and one that
// refuses what it is asked does not.
func TestBreaker(t *testing.T) {
	t.Parallel()
	for status, opens := range map[int]bool{
		http.StatusOK: false, http.StatusNotFound: false, http.StatusInternalServerError: false, http.StatusTooManyRequests: false,
		http.StatusBadGateway: true, http.StatusServiceUnavailable: true, http.StatusGatewayTimeout: true,
	} {
		server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) { w.WriteHeader(status) }))
		defer server.Close()
		tool, err := httpcall.New(httpcall.Spec{
			Definition: tools.Definition{Name: "x", InputSchema: json.RawMessage(`{"type": "object"}`)},
			Limits:     tools.Limits{Breaker: tools.Breaker{Failures: 2}},
			URL:        server.URL,
			Retries:    -1,
		})
		if err != nil {
			t.Fatal(err)
		}
		registry := &tools.Registry{}
		if err := registry.Add(tool); err != nil {
			t.Fatal(err)
		}
		engine := executor.New(executor.Options{Registry: registry})
		for _, arguments := range []string{`{"a": 1}`, `{"a": 2}`} {
			_, _ = engine.Execute(t.Context(), &executor.Request{Tool: "x", Arguments: json.RawMessage(arguments)})
		}
		_, err = engine.Execute(t.Context(), &executor.Request{Tool: "x", Arguments: json.RawMessage(`{"a": 3}`)})
		if errors.Is(err, executor.ErrCircuitOpen) != opens {
			t.Errorf("%d: got %v, want an open circuit: %v", status, err, opens)
		}
	}
}
