package command

import (
	"math"
	"strconv"
	"strings"

	"github.com/sluice-dev/sluice/tools"
	"github.com/sluice-dev/sluice/tools/internal/display"
)

// parseProgress reads a line "::progress DONE/TOTAL MESSAGE", of which the total and
// the message may be missing.
func parseProgress(line []byte) (tools.Progress, bool) {
	const mark = "::progress "
	if len(line) < len(mark) || string(line[:len(mark)]) != mark {
		return tools.Progress{}, false
	}
	numbers, message, _ := strings.Cut(strings.TrimSpace(string(line[len(mark):])), " ")
	doneText, totalText, hasTotal := strings.Cut(numbers, "/")
	done, ok := parseAmount(doneText)
	if !ok {
		return tools.Progress{}, false
	}
	total := 0.0
	if hasTotal {
		if total, ok = parseAmount(totalText); !ok {
			return tools.Progress{}, false
		}
	}
	return tools.Progress{Done: done, Total: total, Message: display.OneLine(message)}, true
}

// parseAmount reads a finite number that is not negative.
func parseAmount(text string) (float64, bool) {
	n, err := strconv.ParseFloat(text, 64)
	return n, err == nil && n >= 0 && !math.IsInf(n, 0)
}
