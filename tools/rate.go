package tools

import (
	"fmt"
	"math"
	"strconv"
	"strings"
	"time"
)

// A Rate is how often something may happen: as often as a bucket has tokens that holds
// Burst of them, is full at first, and is filled with Count in every Per. The zero
// value says nothing: whatever stands behind it counts. A negative Count is a rate
// without limit.
type Rate struct {
	// Count is how often in every Per, on average.
	Count int
	// Per is the time that Count is for. Defaults to a second.
	Per time.Duration
	// Burst is how often at once, after a pause. Defaults to Count.
	Burst int
}

// unlimited is the text of a rate without limit.
const unlimited = "none"

var units = []struct {
	name string
	per  time.Duration
}{{"s", time.Second}, {"m", time.Minute}, {"h", time.Hour}, {"d", 24 * time.Hour}}

// ParseRate reads a rate in the form "20/s", "100/m", "5/h" or "1000/d", where the time
// may also be one that [time.ParseDuration] reads, as in "5/15m"; a burst may follow,
// as in "20/s burst 40". "none" is a rate without limit, nothing at all the zero value.
func ParseRate(text string) (Rate, error) {
	switch text {
	case "":
		return Rate{}, nil
	case unlimited:
		return Rate{Count: -1}, nil
	}
	speed, burst, hasBurst := strings.Cut(text, " burst ")
	count, per, _ := strings.Cut(speed, "/")
	var r Rate
	var ok [3]bool
	r.Count, ok[0] = parseCount(count)
	r.Per, ok[1] = parsePer(per)
	r.Burst, ok[2] = r.Count, true
	if hasBurst {
		r.Burst, ok[2] = parseCount(burst)
	}
	if ok != [3]bool{true, true, true} {
		return Rate{}, fmt.Errorf(`%q is not a rate: write it as "20/s", "100/m", "5/h" or "20/s burst 40"`, text)
	}
	return r, r.check()
}

// check refuses what cannot be counted in whole nanoseconds.
func (r Rate) check() error {
	every := r.Per / time.Duration(r.Count)
	if every <= 0 {
		return fmt.Errorf("the rate %v is more than one in a nanosecond", r)
	}
	if int64(r.Burst) > math.MaxInt64/4/int64(every) {
		return fmt.Errorf("the burst of the rate %v is too large", r)
	}
	return nil
}

func parseCount(text string) (int, bool) {
	n, err := strconv.ParseUint(text, 10, 32)
	return int(n), err == nil && n > 0
}

func parsePer(text string) (time.Duration, bool) {
	for _, unit := range units {
		if unit.name == text {
			return unit.per, true
		}
	}
	per, err := time.ParseDuration(text)
	return per, err == nil && per > 0
}

// String returns the rate in the form that ParseRate reads.
func (r Rate) String() string {
	switch {
	case r.Count == 0:
		return ""
	case r.Count < 0:
		return unlimited
	}
	text := strconv.Itoa(r.Count) + "/" + r.unit()
	if r.Burst > 0 && r.Burst != r.Count {
		text += " burst " + strconv.Itoa(r.Burst)
	}
	return text
}

func (r Rate) unit() string {
	if r.Per <= 0 {
		return "s"
	}
	for _, unit := range units {
		if unit.per == r.Per {
			return unit.name
		}
	}
	return r.Per.String()
}

// MarshalText returns the text that [Rate.String] does.
func (r Rate) MarshalText() ([]byte, error) { return []byte(r.String()), nil }

// UnmarshalText reads the text as [ParseRate] does.
func (r *Rate) UnmarshalText(text []byte) error {
	parsed, err := ParseRate(string(text))
	if err != nil {
		return err
	}
	*r = parsed
	return nil
}
