package history

import (
	"bytes"
	"crypto/sha256"
	"encoding/hex"
)

// An Entry is a record as a store gives it back.
type Entry struct {
	Record

	// Hash is the SHA-256 of the arguments as they came, without the white space around
	// them, in hexadecimal: equal where two calls had the same arguments. Empty where
	// the call had none or the store keeps none.
	Hash string

	// Preview is the beginning of the arguments, redacted: see [Redactor].
	Preview string
}

// Arguments says what a store keeps of the arguments of a call.
type Arguments string

// What may be kept. The empty string stands for ArgumentsPreview.
const (
	ArgumentsPreview Arguments = "preview" // the hash and a redacted preview
	ArgumentsHash    Arguments = "hash"    // the hash alone
	ArgumentsOff     Arguments = "off"     // nothing
)

// Digest returns what is kept of the arguments of one call: their SHA-256, nil where
// there are none or none is kept, and their preview.
func (a Arguments) Digest(arguments []byte, redactor *Redactor) (hash []byte, preview string) {
	arguments = bytes.TrimSpace(arguments)
	if len(arguments) == 0 || a == ArgumentsOff {
		return nil, ""
	}
	sum := sha256.Sum256(arguments)
	if a != ArgumentsHash {
		preview = redactor.Preview(arguments)
	}
	return sum[:], preview
}

// newEntry makes the entry of a call of which everything may be kept.
func newEntry(record Record, arguments []byte, redactor *Redactor) Entry {
	hash, preview := ArgumentsPreview.Digest(arguments, redactor)
	return Entry{Record: record, Hash: hex.EncodeToString(hash), Preview: preview}
}
