package httpcall

import (
	"context"
	"math/rand/v2"
	"net/http"
	"slices"
	"strconv"
	"time"

	"github.com/sluice-dev/sluice/tools"
)

const (
	// backoff is what a first wait is at most; each later one is twice that.
	backoff = 200 * time.Millisecond
	// maxWait is how long a call waits for a retry; what a server wants to be left
	// alone for longer is for the caller to wait for.
	maxWait = 10 * time.Second
)

// idempotent are the methods of which two requests do what one does (RFC 9110,
// section 9.2.2).
var idempotent = []string{http.MethodGet, http.MethodHead, http.MethodOptions, http.MethodPut, http.MethodDelete}

// isIdempotent reports whether a tool may be called again where it is not known what
// became of a call: by its own word, or else by its method.
func isIdempotent(method string, a *tools.ToolAnnotations) bool {
	if a != nil && a.IdempotentHint != nil {
		return *a.IdempotentHint
	}
	return slices.Contains(idempotent, method) || a != nil && a.ReadOnlyHint != nil && *a.ReadOnlyHint
}

// exchange sends a request and returns the answer, after retries where these are
// allowed. There is none once an answer is a success, whatever becomes of its body.
func (e *endpoint) exchange(ctx context.Context, p *prepared) (*answer, error) {
	e.budget.earn()
	for attempt := 0; ; attempt++ {
		a, err := e.attempt(ctx, p)
		if ctx.Err() != nil {
			return nil, context.Cause(ctx)
		}
		wait, again := e.again(ctx, attempt, a, err)
		if !again {
			return a, err
		}
		if err := pause(ctx, wait); err != nil {
			return nil, err
		}
	}
}

// again says whether to try once more after this many retries, and after what time.
func (e *endpoint) again(ctx context.Context, retries int, a *answer, err error) (time.Duration, bool) {
	if retries >= e.retries || !passes(a, err) {
		return 0, false
	}
	wait := rand.N(backoff << min(retries, 10))
	if a != nil && a.retryAfter > 0 {
		wait += a.retryAfter
	}
	if deadline, ok := ctx.Deadline(); wait > maxWait || ok && time.Until(deadline) <= wait {
		return 0, false
	}
	return wait, e.budget.spend()
}

// passes reports whether an outcome is one that may pass by itself.
func passes(a *answer, err error) bool {
	if err != nil {
		return isTransient(err)
	}
	switch a.status {
	case http.StatusTooManyRequests, http.StatusBadGateway, http.StatusServiceUnavailable, http.StatusGatewayTimeout:
		return true
	}
	return false
}

func pause(ctx context.Context, wait time.Duration) error {
	timer := time.NewTimer(wait)
	defer timer.Stop()
	select {
	case <-timer.C:
		return nil
	case <-ctx.Done():
		return context.Cause(ctx)
	}
}

// retryAfter reads the header of that name: seconds, or a date (RFC 9110, section
// 10.2.3). It is 0 where there is nothing to wait for.
func retryAfter(head http.Header, now time.Time) time.Duration {
	const most = 365 * 24 * 60 * 60 // s, so that nothing overflows
	text := head.Get("Retry-After")
	if seconds, err := strconv.ParseUint(text, 10, 32); err == nil {
		return time.Duration(min(seconds, most)) * time.Second
	}
	if date, err := http.ParseTime(text); err == nil {
		return max(date.Sub(now), 0)
	}
	return 0
}
