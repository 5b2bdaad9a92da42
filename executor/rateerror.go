package executor

import (
	"errors"
	"fmt"
	"time"

	"github.com/sluice-dev/sluice/tools"
)

// A rateError says which limit it was.
type rateError struct {
	rate    tools.Rate
	scope   string
	hurried bool // the call might have waited, but for its deadline
}

func (e *rateError) Error() string {
	return fmt.Sprintf("%v: %s is allowed %v", ErrRateLimited, e.scope, e.rate)
}

func (e *rateError) Unwrap() error { return ErrRateLimited }

// hurried reports whether a rate limit refused a call for its deadline alone.
func hurried(err error) bool {
	limit, ok := errors.AsType[*rateError](err)
	return ok && limit.hurried
}

func (x *Execution) rateLimited(rate tools.Rate, level int, wait time.Duration) *Error {
	err := x.fail(KindRateLimited, &rateError{rate: rate, scope: scopes[level]})
	err.RetryAfter = wholeMillis(wait)
	return err
}
