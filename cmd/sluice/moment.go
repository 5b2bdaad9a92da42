package main

import (
	"fmt"
	"time"

	"github.com/sluice-dev/sluice/cmd/sluice/internal/config"
)

const momentHint = `write 90m or 7d for how long ago, 14:05, 2026-07-28 or "2026-07-28 14:05"`

// parseMoment reads a moment as people write it: how long before now, a local day or time,
// or RFC 3339. The empty string is the zero time.
func parseMoment(text string, now time.Time) (time.Time, error) {
	if text == "" {
		return time.Time{}, nil
	}
	var ago config.Duration
	if ago.UnmarshalText([]byte(text)) == nil {
		return now.Add(-time.Duration(ago)), nil
	}
	for _, layout := range []string{time.DateOnly, "2006-01-02 15:04", time.DateTime, "2006-01-02T15:04:05", time.RFC3339} {
		if moment, err := time.ParseInLocation(layout, text, now.Location()); err == nil {
			return moment, nil
		}
	}
	for _, layout := range []string{"15:04", time.TimeOnly} {
		if clock, err := time.Parse(layout, text); err == nil {
			year, month, day := now.Date()
			return time.Date(year, month, day, clock.Hour(), clock.Minute(), clock.Second(), 0, now.Location()), nil
		}
	}
	return time.Time{}, fmt.Errorf("%q is no time", text)
}
