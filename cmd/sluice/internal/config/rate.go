package config

import (
	"fmt"
	"regexp"

	"github.com/sluice-dev/sluice/tools"
)

// Rate is how often something may happen, written like "20/s", "100/m" or
// "20/s burst 40".
type Rate tools.Rate

var ratePattern = regexp.MustCompile(Rate{}.pattern())

func (Rate) form() string { return "a rate such as 20/s, 100/m or 20/s burst 40" }

func (Rate) pattern() string {
	return `^0*[1-9][0-9]*/(s|m|h|d|([0-9]+(\.[0-9]+)?(ms|s|m|h))+)( burst 0*[1-9][0-9]*)?$`
}

// UnmarshalText reads the rate.
func (r *Rate) UnmarshalText(text []byte) error {
	if !ratePattern.Match(text) {
		return fmt.Errorf("%q is not %s", text, r.form())
	}
	return (*tools.Rate)(r).UnmarshalText(text)
}
