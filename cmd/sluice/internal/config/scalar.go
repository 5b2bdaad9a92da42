package config

import (
	"errors"
	"fmt"
	"math"
	"regexp"
	"strconv"
	"strings"
	"time"
)

// A scalar is a type that is written as one string in the file.
type scalar interface {
	UnmarshalText([]byte) error
	// form says what the string looks like, for people.
	form() string
	// pattern is the regular expression (ECMA-262 and RE2) that the string matches.
	pattern() string
}

// Duration is a time span, written like "30s", "1m30s", "250ms" or "30d"; more than 0. A
// day has 24 hours.
type Duration time.Duration

var durationPattern = regexp.MustCompile(Duration(0).pattern())

func (Duration) form() string { return "a duration such as 30s or 1m30s" }

func (Duration) pattern() string { return `^([0-9]+(\.[0-9]+)?(ms|s|m|h|d))+$` }

// UnmarshalText reads the duration.
func (d *Duration) UnmarshalText(text []byte) error {
	if !durationPattern.Match(text) {
		return fmt.Errorf("%q is not %s", text, d.form())
	}
	var span time.Duration
	for _, part := range durationParts.FindAllString(string(text), -1) {
		length, err := parsePart(part)
		if err != nil || length > math.MaxInt64-span {
			return fmt.Errorf("%q is longer than a duration can be", text)
		}
		span += length
	}
	if span <= 0 {
		return errors.New("must be more than 0; leave the key out for the default")
	}
	*d = Duration(span)
	return nil
}

// durationParts are the numbers of a duration with their units.
var durationParts = regexp.MustCompile(`[0-9.]+[a-z]+`)

func parsePart(part string) (time.Duration, error) {
	number, days := strings.CutSuffix(part, "d")
	if !days {
		return time.ParseDuration(part)
	}
	length, err := time.ParseDuration(number + "h")
	if err == nil && length > math.MaxInt64/24 {
		err = strconv.ErrRange
	}
	return 24 * length, err
}

// Size is a number of bytes, written like "512KiB" or "1MiB"; more than 0.
type Size int64

var (
	sizePattern = regexp.MustCompile(Size(0).pattern())
	sizeUnits   = map[string]int64{"B": 1, "KiB": 1 << 10, "MiB": 1 << 20, "GiB": 1 << 30}
)

func (Size) form() string { return "a size such as 512KiB or 1MiB" }

func (Size) pattern() string { return `^([0-9]+)(B|KiB|MiB|GiB)$` }

// UnmarshalText reads the size.
func (s *Size) UnmarshalText(text []byte) error {
	parts := sizePattern.FindSubmatch(text)
	if parts == nil {
		return fmt.Errorf("%q is not %s", text, s.form())
	}
	unit := sizeUnits[string(parts[2])]
	number, err := strconv.ParseInt(string(parts[1]), 10, 64)
	if err != nil || number > math.MaxInt64/unit {
		return fmt.Errorf("%q is more than can be counted", text)
	}
	if number == 0 {
		return errors.New("must be more than 0; leave the key out for the default")
	}
	*s = Size(number * unit)
	return nil
}
