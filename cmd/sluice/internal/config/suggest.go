package config

import (
	"fmt"
	"strings"

	"github.com/sluice-dev/sluice/cmd/sluice/internal/spelling"
)

// suggest advises on a key that is not among known.
func suggest(key string, known []string) string {
	if near := spelling.Near(key, known, 1); len(near) > 0 {
		return fmt.Sprintf("did you mean %q?", near[0])
	}
	return "known keys: " + strings.Join(known, ", ")
}
