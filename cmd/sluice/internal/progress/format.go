package progress

import (
	"fmt"
	"math"
	"strconv"
	"time"
)

// count shortens a number to at most five or six characters: 42, 3.5, 99999, 1.2M.
func count(n float64) string {
	switch size := math.Abs(n); {
	case math.IsNaN(n) || math.IsInf(n, 0):
		return "?"
	case size >= 999.95e9:
		return strconv.FormatFloat(n, 'g', 3, 64)
	case size >= 999.95e6:
		return fmt.Sprintf("%.1fG", n/1e9)
	case size >= 999.95e3:
		return fmt.Sprintf("%.1fM", n/1e6)
	case size >= 1e5:
		return fmt.Sprintf("%.0fk", n/1e3)
	case n == math.Trunc(n), size >= 100:
		return fmt.Sprintf("%.0f", n)
	default:
		return strconv.FormatFloat(math.Round(n*10)/10, 'f', -1, 64)
	}
}

// perTime words a rate, given in units a second.
func perTime(rate float64) string {
	switch {
	case rate >= 1:
		return count(rate) + "/s"
	case rate*60 >= 1:
		return count(rate*60) + "/min"
	default:
		return count(rate*3600) + "/h"
	}
}

// seconds makes a time of n seconds, or of the longest that there is.
func seconds(n float64) time.Duration {
	const most = float64(math.MaxInt64 / int64(time.Second))
	return time.Duration(math.Round(min(n, most))) * time.Second
}

// span words a length of time in its two largest units: 8s, 3m20s, 1h05m, 2d03h.
func span(d time.Duration) string {
	switch s := int64(d.Round(time.Second) / time.Second); {
	case d < 0 || s >= 100*24*3600:
		return "ages"
	case s < 60:
		return fmt.Sprintf("%ds", s)
	case s < 3600:
		return fmt.Sprintf("%dm%02ds", s/60, s%60)
	case s < 24*3600:
		return fmt.Sprintf("%dh%02dm", s/3600, s/60%60)
	default:
		return fmt.Sprintf("%dd%02dh", s/(24*3600), s/3600%24)
	}
}
