package history

import (
	"bytes"
	"slices"
	"sync/atomic"
)

// secretWords make a key secret that has one of them in it, without regard to case,
// dashes and underscores; secretNames one that is equal.
var (
	secretWords = toBytes("password", "passwd", "passphrase", "secret", "token", "apikey", "accesskey", "privatekey",
		"credential", "authorization", "cookie", "signature", "bearer", "sessionid", "cardnumber", "securitycode")
	secretNames = toBytes("auth", "pass", "pwd", "pin", "otp", "jwt", "cvv", "cvc", "ssn", "sid", "sig")
)

// privateKey begins a private key or a certificate in PEM.
var privateKey = []byte("-----BEGIN")

// secretPrefixes begin the tokens of services that mark theirs.
var secretPrefixes = toBytes("sk-", "sk_", "rk_", "pk_live_", "ghp_", "gho_", "ghu_", "ghs_", "ghr_", "github_pat_", "glpat-",
	"xoxb-", "xoxp-", "xoxa-", "xoxs-", "xapp-", "AKIA", "ASIA", "AIza", "ya29.", "npm_", "pypi-", "hf_", "dop_v1_", "SG.", "eyJ")

// minMarked is how much stands behind such a beginning at least, and minSecretPrefix the
// length of the shortest.
const (
	minMarked       = 12
	minSecretPrefix = 3
)

func toBytes(words ...string) [][]byte {
	list := make([][]byte, len(words))
	for i, word := range words {
		list[i] = []byte(word)
	}
	return list
}

// minSecretWord is the length of the shortest of secretWords.
const minSecretWord = 5

// maxKey is how much of a key is looked at.
const maxKey = 64

// secretKey reports whether the value of a key is to be masked. It remembers the key.
func (r *Redactor) secretKey(key []byte) bool {
	if len(key) > maxKey {
		return r.secretName(key)
	}
	place := &r.judge[placeOf(key)]
	if v := place.Load(); v != nil && v.key == string(key) {
		return v.secret
	}
	v := &verdict{key: string(key), secret: r.secretName(key)}
	place.Store(v)
	return v.secret
}

// verdicts are on the keys that came last: most calls have the keys of others. Each has
// its place by its hash, where it replaces another.
type verdicts [64]atomic.Pointer[verdict]

type verdict struct {
	key    string
	secret bool
}

// placeOf returns the place of a key by FNV-1a, which for a short key takes less than a hash
// with a seed: who makes keys share a place gains that they are judged anew, as any new key is.
func placeOf(key []byte) uint32 {
	hash := uint32(2166136261)
	for _, c := range key {
		hash = (hash ^ uint32(c)) * 16777619
	}
	return hash >> 16 % uint32(len(verdicts{}))
}

// secretName reports whether what has this name is secret.
func (r *Redactor) secretName(key []byte) bool {
	var buffer [maxKey]byte
	plain := appendPlain(buffer[:0], key)
	for _, word := range secretWords {
		if len(plain) >= minSecretWord && bytes.Contains(plain, word) {
			return true
		}
	}
	equal := func(word []byte) bool { return bytes.Equal(word, plain) }
	return slices.ContainsFunc(secretNames, equal) || slices.Contains(r.keys, string(plain))
}

// appendPlain appends the letters and digits of a key in lower case, and what is beyond
// ASCII as it is.
func appendPlain[T string | []byte](plain []byte, key T) []byte {
	for i := 0; i < len(key) && len(plain) < maxKey; i++ {
		switch c := key[i]; {
		case 'A' <= c && c <= 'Z':
			plain = append(plain, c+'a'-'A')
		case 'a' <= c && c <= 'z', '0' <= c && c <= '9', c >= 0x80:
			plain = append(plain, c)
		}
	}
	return plain
}

// redactWords masks the words of a text that look secret, or that stand where a secret
// does: behind "Bearer", "--password", "api_key=", "token:".
func (r *Redactor) redactWords(text []byte) (_ []byte, changed bool) {
	if len(text) >= len(privateKey) && bytes.Contains(text, privateKey) {
		return []byte("***"), true
	}
	if len(text) < 8 && wordLength(text) == len(text) {
		return text, false // nothing that short is taken for a secret by its looks
	}
	var out []byte // made when there is something to mask
	taken := 0     // how much of text is in out
	expected := false
	for at := 0; at < len(text); {
		n := wordLength(text[at:])
		end := min(at+n+1, len(text)) // behind the separator
		word, separator := text[at:at+n], text[at+n:end]
		switch {
		case n == 0: // more than one separator
		case expected && !isScheme(word), looksSecret(word), inURL(text, at, n):
			out = append(append(out, text[taken:at]...), "***"...)
			taken, expected = at+n, false
		default:
			expected = r.announces(word, separator)
		}
		at = end
	}
	if taken == 0 {
		return text, false
	}
	return append(out, text[taken:]...), true
}

// wordLength returns how long the word is with which text begins.
func wordLength(text []byte) int {
	for i, c := range text {
		if separates[c] {
			return i
		}
	}
	return len(text)
}

// separates says of each byte whether it ends a word.
var separates = setOf(" \t\n\r\"',;=&?:@()<>`")

func setOf(members string) (set [256]bool) {
	for i := range len(members) {
		set[members[i]] = true
	}
	return set
}

// announces reports whether a secret comes behind a word and what separates it.
func (r *Redactor) announces(word, separator []byte) bool {
	if len(word) == 0 || len(separator) == 0 || len(word) > maxKey {
		return false
	}
	switch separator[0] {
	case '=', ':':
		return r.secretName(word)
	case ' ':
		return isScheme(word) || word[0] == '-' && r.secretName(word)
	}
	return false
}

// isScheme reports whether a word is a scheme of HTTP authentication (RFC 9110, section
// 11), behind which the secret stands.
func isScheme(word []byte) bool {
	return bytes.EqualFold(word, []byte("Bearer")) || bytes.EqualFold(word, []byte("Basic"))
}

// inURL reports whether the n bytes of text at a place are the password of a URL
// (RFC 3986, section 3.2.1).
func inURL(text []byte, at, n int) bool {
	return at > 0 && text[at-1] == ':' && at+n < len(text) && text[at+n] == '@' && bytes.Contains(text[:at], []byte("://"))
}

func hasSecretPrefix(word []byte) bool {
	return slices.ContainsFunc(secretPrefixes, func(prefix []byte) bool {
		return len(word) >= len(prefix)+minMarked && bytes.HasPrefix(word, prefix)
	})
}

// beginsPrefix says of each byte whether one of secretPrefixes begins with it.
var beginsPrefix = func() (set [256]bool) {
	for _, prefix := range secretPrefixes {
		set[prefix[0]] = true
	}
	return set
}()

// minRandom is how long a word is that may be a key by its looks: with letters of both
// cases and digits, and nothing that paths and names have between their parts.
const minRandom = 32

// looksSecret reports whether a word is a token by its form.
func looksSecret(word []byte) bool {
	if len(word) < minSecretPrefix+minMarked {
		return false
	}
	if beginsPrefix[word[0]] && hasSecretPrefix(word) {
		return true
	}
	if len(word) < minRandom {
		return false
	}
	var lower, upper, digit bool
	for _, c := range word {
		switch {
		case 'a' <= c && c <= 'z':
			lower = true
		case 'A' <= c && c <= 'Z':
			upper = true
		case '0' <= c && c <= '9':
			digit = true
		case c != '+' && c != '_' && c != '-':
			return false
		}
	}
	return lower && upper && digit
}
