package executor

// The classes of a [Priority], as indices: what is behind is higher.
const (
	batch = iota
	normal
	interactive
	classes
)

func (p Priority) class() int {
	return int(min(max(p, PriorityBatch), PriorityInteractive) - PriorityBatch)
}

// A class is all waiting calls of a [Priority].
type class struct {
	ready   pile[*line]
	callers map[string]*caller
	crowd   crowd // the same, by how many calls they have waiting
	waiting int
	eager   int    // those of waiting whose lane is not full, nor has their caller all its slots
	round   uint64 // the highest turn that was served
	seq     uint64 // turns taken so far
	passed  int    // slots that went to higher classes while ready was not empty, since its last
}

// patience is how many slots may pass a class over before it is due.
var patience = [classes]int{batch: 64, normal: 8}

// takeTurn gives the flow a turn for its first call.
func (c *class) takeTurn(f *flow) {
	f.caller.turn = max(f.caller.turn, c.round) + 1
	c.seq++
	f.turn, f.seq = f.caller.turn, c.seq
	if !f.account.full() {
		f.line.flows.put(f)
	}
}
