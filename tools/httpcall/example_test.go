package httpcall_test

import (
	"context"
	"fmt"
	"io"
	"log"
	"net/http"
	"net/http/httptest"

	"github.com/sluice-dev/sluice/tools"
	"github.com/sluice-dev/sluice/tools/httpcall"
)

// A tool looks an order up. The server is on this machine, which the URL says in so
// many words; a name that leads there would have to stand in Allow.
func ExampleNew() {
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		w.Header().Set("Content-Type", "application/json")
		fmt.Fprintf(w, `{"path": %q, "status": "shipped"}`, r.URL.EscapedPath())
	}))
	defer server.Close()
	tool, err := httpcall.New(httpcall.Spec{
		Definition: tools.Definition{Name: "order_status", Description: "Status of an order."},
		URL:        server.URL + "/orders/{id}",
	})
	if err != nil {
		log.Fatal(err)
	}
	fmt.Println(string(tool.InputSchema))
	result, err := tool.Handler.Call(context.Background(), &tools.Call{
		Tool:      "order_status",
		Arguments: []byte(`{"id": "7/../8"}`),
	})
	fmt.Println(result, err)
	result, err = tool.Handler.Call(context.Background(), &tools.Call{
		Tool:      "order_status",
		Arguments: []byte(`{"id": "7/8"}`),
	})
	if err != nil {
		log.Fatal(err)
	}
	fmt.Println(string(result.Structured))
	// Output:
	// {"type":"object","properties":{"id":{"type":"string"}},"required":["id"],"additionalProperties":false}
	// <nil> the argument "id" is a part of a path: it may not be empty, nor be or hold "." or ".." as a step
	// {"path":"/orders/7%2F8","status":"shipped"}
}

// A secret goes along with each request, and is taken out of what comes back.
func ExampleCredential() {
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		w.WriteHeader(http.StatusForbidden)
		fmt.Fprintf(w, "%s may not read this.", r.Header.Get("Authorization"))
	}))
	defer server.Close()
	tool, err := httpcall.New(httpcall.Spec{
		Definition:  tools.Definition{Name: "read"},
		URL:         server.URL,
		Credentials: []httpcall.Credential{{Secret: func() (string, error) { return "hunter22", nil }}},
	})
	if err != nil {
		log.Fatal(err)
	}
	result, err := tool.Handler.Call(context.Background(), &tools.Call{Tool: "read"})
	if err != nil {
		log.Fatal(err)
	}
	text := result.Content[0].(tools.Text).Text
	fmt.Println(text[len(text)-len("Bearer [secret] may not read this."):])
	// Output: Bearer [secret] may not read this.
}

// The body holds the arguments that stand in no other part of the request.
func ExampleSpec() {
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		body, _ := io.ReadAll(r.Body)
		fmt.Fprintf(w, "%s %s %s", r.Method, r.URL, body)
	}))
	defer server.Close()
	tool, err := httpcall.New(httpcall.Spec{
		Definition: tools.Definition{
			Name: "rename",
			InputSchema: []byte(`{
				"type": "object",
				"properties": {"id": {"type": "integer"}, "title": {"type": "string"}, "dry_run": {"type": "boolean"}},
				"required": ["id", "title"]
			}`),
		},
		Method: "PATCH",
		URL:    server.URL + "/books/{id}?dry_run={dry_run}",
		Body:   "json",
	})
	if err != nil {
		log.Fatal(err)
	}
	result, err := tool.Handler.Call(context.Background(), &tools.Call{
		Tool:      "rename",
		Arguments: []byte(`{"id": 7, "title": "Emma"}`),
	})
	if err != nil {
		log.Fatal(err)
	}
	fmt.Println(result.Content[0].(tools.Text).Text)
	// Output: PATCH /books/7 {"title":"Emma"}
}

// Check tells whoever runs the server what is missing.
func ExampleSpec_Check() {
	err := httpcall.Spec{
		Definition: tools.Definition{Name: "read"},
		URL:        "https://api.example",
		Credentials: []httpcall.Credential{{Secret: func() (string, error) {
			return "", fmt.Errorf("the environment variable SHOP_TOKEN is not set")
		}}},
	}.Check()
	fmt.Println(err)
	// Output: httpcall: tool "read": the environment variable SHOP_TOKEN is not set
}
