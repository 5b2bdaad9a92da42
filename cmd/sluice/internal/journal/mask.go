package journal

import (
	"fmt"
	"log/slog"
	"net/url"
	"slices"
	"strings"
	"sync"
	"sync/atomic"

	"github.com/sluice-dev/sluice/executor/history"
)

const (
	// masked stands where a secret was.
	masked = "***"
	// minSecret is how long a secret is at least that is looked for: a shorter one would
	// take words apart.
	minSecret = 6
	// maxSecrets bounds those that are looked for; the oldest go first.
	maxSecrets = 1024
)

// hidden are the secrets that the process has been told of.
var hidden struct {
	mu       sync.Mutex // guards list, and changes of replacer
	list     []string
	replacer atomic.Pointer[strings.Replacer]
}

// looks knows secrets by how they look.
var looks = history.NewRedactor()

// Hide has a secret masked from now on, wherever it comes up in the log or passes [Mask].
// One of fewer than six characters is not.
func Hide(secret string) {
	if len(secret) < minSecret {
		return
	}
	hidden.mu.Lock()
	defer hidden.mu.Unlock()
	if slices.Contains(hidden.list, secret) {
		return
	}
	if len(hidden.list) == maxSecrets {
		hidden.list = hidden.list[1:]
	}
	hidden.list = append(hidden.list, secret)
	var pairs []string
	for _, form := range forms(hidden.list) {
		pairs = append(pairs, form, masked)
	}
	hidden.replacer.Store(strings.NewReplacer(pairs...))
}

// forms returns the secrets as they are and as they stand in URLs, the longest first, so
// that no secret hides behind one that begins like it.
func forms(secrets []string) []string {
	var all []string
	for _, s := range secrets {
		all = append(all, s, url.QueryEscape(s), url.PathEscape(s))
	}
	slices.SortFunc(all, func(a, b string) int {
		if len(a) != len(b) {
			return len(b) - len(a)
		}
		return strings.Compare(a, b)
	})
	return slices.Compact(all)
}

// Mask returns text without the secrets that the process knows, and without what looks
// like one.
func Mask(text string) string {
	if r := hidden.replacer.Load(); r != nil {
		text = r.Replace(text)
	}
	return looks.Text(text)
}

// maskAttr masks an attribute of a line, its message included.
func maskAttr(_ []string, a slog.Attr) slog.Attr {
	switch value := a.Value; value.Kind() {
	case slog.KindString:
		a.Value = slog.StringValue(maskValue(a.Key, value.String()))
	case slog.KindDuration: // with its unit in JSON too
		a.Value = slog.StringValue(value.Duration().String())
	case slog.KindAny:
		a.Value = maskAny(a.Key, value.Any())
	}
	return a
}

func maskAny(key string, value any) slog.Value {
	switch value := value.(type) {
	case nil, *slog.Source, slog.Level:
		return slog.AnyValue(value)
	case []string:
		list := make([]string, len(value))
		for i, text := range value {
			list[i] = maskValue(key, text)
		}
		return slog.AnyValue(list)
	}
	return slog.StringValue(maskValue(key, fmt.Sprint(value)))
}

// maskValue masks the value of a key. What is named after a file is not secret: it says
// where one is.
func maskValue(key, value string) string {
	if value != "" && looks.SecretKey(key) && !strings.HasSuffix(key, "_file") {
		return masked
	}
	return Mask(value)
}
