package audit

import (
	"bytes"
	"cmp"
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"slices"
	"strconv"

	"github.com/go-json-experiment/json"
)

// maxFaults is how many faults a report has, and maxPieces how many pieces of lines may
// wait for their whole lines.
const (
	maxFaults = 1000
	maxPieces = 100
)

// verifier follows all chains through the lines of a log.
type verifier struct {
	report Report
	chains map[string]*link
	order  []*link
	pieces []piece
	rank   map[string]int // of each file: the order in which they are read

	at     numbered // the file that is read
	number int      // of the line
	pruned bool     // there were files before the first of its series
}

// link is where a chain has got to.
type link struct {
	Chain
	next uint64
	hash string // of the line before
	gaps []gap
}

// gap is a run of lines of a chain that have not been seen.
type gap struct {
	from, to uint64 // to is not in it
	before   Fault  // the place, without the text
}

// piece is what could not be read as a line.
type piece struct {
	text  []byte
	fault Fault
}

// parsed is a line of a log.
type parsed struct {
	Chain   string `json:"chain"`
	Seq     uint64 `json:"seq"`
	Prev    string `json:"prev"`
	Event   Event  `json:"event"`
	Hash    string `json:"hash"`
	Lines   uint64 `json:"lines"`
	Host    string `json:"host"`
	PID     int    `json:"pid"`
	Version string `json:"version"`

	text    []byte
	changed bool // does not fit its own hash
}

// parse returns false for what is no line.
func parse(text []byte) (l parsed, ok bool) {
	at := bytes.LastIndex(text, []byte(hashMember))
	if at < 0 || json.Unmarshal(text, &l) != nil || l.Chain == "" || l.Event == "" || len(l.Prev) != 2*sha256.Size {
		return l, false
	}
	sum := sha256.Sum256(text[:at])
	l.text = text
	l.changed = string(text[at:]) != hashMember+hex.EncodeToString(sum[:])+lineEnd
	return l, true
}

// head is how many bytes of the line say which it is of its chain.
func (l *parsed) head() int {
	return len(headStart+headSeq+`,"prev":""`) + len(l.Chain) + len(strconv.FormatUint(l.Seq, 10)) + len(l.Prev)
}

func newVerifier() *verifier {
	return &verifier{chains: map[string]*link{}, rank: map[string]int{}}
}

// begin goes on to another file.
func (v *verifier) begin(f numbered) {
	before := v.at
	of, _ := origin(f.path)
	ofBefore, _ := origin(before.path)
	v.at, v.number = f, 0
	v.rank[f.path] = len(v.report.Files)
	v.report.Files = append(v.report.Files, f.path)
	switch {
	case of != ofBefore:
		v.pruned = f.number > 0
	case f.number != before.number+1:
		v.fault(&parsed{}, ProblemMissingFile, "a file is missing before this one: "+nth(of, before.number+1))
	}
}

// line takes a line in.
func (v *verifier) line(text []byte) {
	v.number++
	if len(text) == 0 { // between two writes, of which the first was cut short
		return
	}
	v.report.Lines++
	if l, ok := parse(text); ok {
		v.follow(&l)
		return
	}
	if at := bytes.LastIndex(text, []byte(headStart)); at > 0 { // a write cut short, and another behind it
		if l, ok := parse(text[at:]); ok {
			v.piece(text[:at])
			v.follow(&l)
			return
		}
	}
	v.piece(text)
}

// piece keeps what is no line until it is known whether the whole line comes.
func (v *verifier) piece(text []byte) {
	f := v.place(&parsed{}, ProblemUnreadable)
	f.Text = "this is no line of an audit log, or was cut short"
	if len(v.pieces) == maxPieces {
		v.keep(f)
		return
	}
	v.pieces = append(v.pieces, piece{bytes.Clone(text), f})
}

// resume forgets pieces of the line.
func (v *verifier) resume(l *parsed) {
	before := len(v.pieces)
	v.pieces = slices.DeleteFunc(v.pieces, func(p piece) bool {
		same := min(len(p.text), l.head())
		return bytes.HasPrefix(l.text, p.text[:same])
	})
	v.report.Resumed += before - len(v.pieces)
}

// follow takes the line as the next of its chain, or finds out why it is not.
func (v *verifier) follow(l *parsed) {
	c := v.chains[l.Chain]
	if l.changed {
		v.fault(l, ProblemChanged, "the line was changed: it does not fit its own hash")
		if c == nil && l.Seq == 0 {
			c = v.start(l)
		}
		if c != nil && l.Seq == c.next { // the next line still has the hash that it was written with
			c.advance(l)
		}
		return
	}
	v.resume(l)
	if c == nil {
		c = v.start(l)
	}
	switch {
	case l.Seq < c.next:
		v.late(c, l)
		return
	case c.Closed:
		v.fault(l, ProblemAfterEnd, "the chain was closed before this line")
	case l.Seq > c.next:
		c.gaps = append(c.gaps, gap{c.next, l.Seq, v.place(l, ProblemMissing)})
	case l.Prev != c.hash:
		v.fault(l, ProblemReplaced, "the line before it in its chain is not the one that was written there")
	}
	c.advance(l)
}

// start returns a new chain. One that goes on from a file that is no longer kept does
// not begin at its beginning.
func (v *verifier) start(l *parsed) *link {
	c := &link{Chain: Chain{ID: l.Chain, First: l.Seq}, hash: hex.EncodeToString(make([]byte, sha256.Size))}
	if v.pruned && l.Event == EventContinued {
		c.next, c.hash = l.Seq, l.Prev
	}
	v.chains[l.Chain] = c
	v.order = append(v.order, c)
	return c
}

// advance makes the line the last of the chain.
func (c *link) advance(l *parsed) {
	c.next, c.hash = l.Seq+1, l.Hash
	c.Last, c.Hash = l.Seq, l.Hash
	c.Closed = c.Closed || l.Event == EventClosed
	switch l.Event {
	case EventDropped:
		c.Dropped += l.Lines
	case EventOpened, EventContinued:
		c.Host, c.PID, c.Version = l.Host, l.PID, l.Version
	}
}

// late says what is wrong with a line whose number the chain has passed.
func (v *verifier) late(c *link, l *parsed) {
	at := slices.IndexFunc(c.gaps, func(g gap) bool { return g.from <= l.Seq && l.Seq < g.to })
	if at < 0 {
		v.fault(l, ProblemRepeated, "the chain has a line of this number already")
		return
	}
	v.fault(l, ProblemReordered, "the line belongs further up")
	g := c.gaps[at]
	before, behind := g, g
	before.to, behind.from = l.Seq, l.Seq+1
	c.gaps = slices.Replace(c.gaps, at, at+1, before, behind)
	c.gaps = slices.DeleteFunc(c.gaps, func(g gap) bool { return g.from == g.to })
}

// place returns a fault at the line.
func (v *verifier) place(l *parsed, p Problem) Fault {
	return Fault{File: v.at.path, Line: v.number, Problem: p, Chain: l.Chain, Seq: l.Seq}
}

func (v *verifier) fault(l *parsed, p Problem, text string) {
	f := v.place(l, p)
	f.Text = text
	v.keep(f)
}

func (v *verifier) keep(f Fault) {
	if len(v.report.Faults) == maxFaults {
		v.report.MoreFaults++
		return
	}
	v.report.Faults = append(v.report.Faults, f)
}

// finish returns the report, with what only the end shows.
func (v *verifier) finish() *Report {
	for _, c := range v.order {
		v.report.Chains = append(v.report.Chains, c.Chain)
		for _, g := range c.gaps {
			g.before.Text = fmt.Sprintf("%d lines of its chain are missing before it: numbers %d to %d", g.to-g.from, g.from, g.to-1)
			v.keep(g.before)
		}
	}
	for _, p := range v.pieces {
		v.keep(p.fault)
	}
	slices.SortStableFunc(v.report.Faults, func(a, b Fault) int {
		return cmp.Or(cmp.Compare(v.rank[a.File], v.rank[b.File]), cmp.Compare(a.Line, b.Line))
	})
	return &v.report
}
