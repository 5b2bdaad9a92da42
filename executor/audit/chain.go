package audit

import (
	"crypto/sha256"
	"encoding/hex"
	"os"
	"strconv"

	"github.com/google/uuid"
)

// format is the number of the format of lines; a change that breaks readers counts it
// up.
const format = 1

// process is what the first line of a chain says of who writes it.
type process struct {
	host    string
	pid     int
	version string
}

func thisProcess(version string) process {
	host, _ := os.Hostname() // empty where there is none
	return process{host: host, pid: os.Getpid(), version: version}
}

// A chain gives each line its number and the hash of the line before. It is a plain
// value: a copy goes on from the same line, which is how lines that could not be
// written are made again.
type chain struct {
	id   string
	seq  uint64            // of the next line
	prev [sha256.Size]byte // hash of the line before; zeros before the first
}

func newChain() chain { return chain{id: uuid.NewString()} }

// The members that hold a line together; head is all up to the number, which tells a
// line from any other.
const (
	headStart  = `{"chain":"`
	headSeq    = `","seq":`
	hashMember = `,"hash":"`
	lineEnd    = `"}`
)

// append adds the next line to b.
func (c *chain) append(b []byte, e *Entry, p *process) []byte {
	start := len(b)
	l := line(append(b, headStart...))
	l = append(l, c.id...)
	l = append(l, headSeq...)
	l = strconv.AppendUint(l, c.seq, 10)
	l.hex("prev", c.prev[:])
	l.name("time")
	l = append(e.Time.UTC().AppendFormat(append(l, '"'), timeLayout), '"')
	l.text("event", string(e.Event))
	l.entry(e, p)
	c.prev = sha256.Sum256(l[start:])
	c.seq++
	l = hex.AppendEncode(append(l, hashMember...), c.prev[:])
	return append(l, lineEnd+"\n"...)
}
