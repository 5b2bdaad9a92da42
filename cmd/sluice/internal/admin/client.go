package admin

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"strings"
)

// maxDocument is how much of an answer is read.
const maxDocument = 16 << 20

// A Client asks a server. It is safe for concurrent use.
type Client struct {
	// Base is scheme://host:port.
	Base string
	// Token is sent with each request.
	Token string
	// HTTP sends the requests.
	HTTP *http.Client
}

// A StatusError is an answer that says that something cannot be done.
type StatusError struct {
	Status  int
	Message string
}

// Error returns what the server says.
func (e *StatusError) Error() string {
	if e.Message == "" {
		return fmt.Sprintf("the server answers with %d", e.Status)
	}
	return e.Message
}

// Calls returns the calls in flight.
func (c *Client) Calls(ctx context.Context) (calls Calls, err error) {
	return calls, c.do(ctx, http.MethodGet, PathCalls, nil, &calls)
}

// Metrics returns the numbers.
func (c *Client) Metrics(ctx context.Context) (m Metrics, err error) {
	return m, c.do(ctx, http.MethodGet, PathMetrics, nil, &m)
}

// Stop ends a call.
func (c *Client) Stop(ctx context.Context, id string) error {
	return c.do(ctx, http.MethodDelete, PathCalls+"/"+url.PathEscape(id), nil, &Stopped{})
}

// SetLogLevel changes from which level on the server logs.
func (c *Client) SetLogLevel(ctx context.Context, level string) error {
	return c.do(ctx, http.MethodPut, PathLogLevel, LogLevel{level}, &LogLevel{})
}

func (c *Client) do(ctx context.Context, method, path string, body, into any) error {
	var sent io.Reader
	if body != nil {
		text, err := json.Marshal(body)
		if err != nil {
			return err
		}
		sent = bytes.NewReader(text)
	}
	request, err := http.NewRequestWithContext(ctx, method, c.Base+path, sent)
	if err != nil {
		return err
	}
	if body != nil {
		request.Header.Set("Content-Type", "application/json")
	}
	if c.Token != "" {
		request.Header.Set("Authorization", "Bearer "+c.Token)
	}
	response, err := c.HTTP.Do(request)
	if err != nil {
		return err
	}
	defer response.Body.Close()
	text, err := io.ReadAll(io.LimitReader(response.Body, maxDocument))
	if err != nil {
		return err
	}
	if response.StatusCode != http.StatusOK {
		return refusal(response.StatusCode, text)
	}
	return json.Unmarshal(text, into)
}

// refusal returns the error of an answer: a document of ours, or the text of whoever stands
// in front.
func refusal(status int, text []byte) error {
	var p Problem
	if json.Unmarshal(text, &p) != nil {
		p.Error = strings.TrimSpace(string(text[:min(len(text), 300)]))
	}
	return &StatusError{status, p.Error}
}
