package executor

// A lane is the calls of one tool.
type lane struct {
	capacity int // slots of the tool; 0 is no limit
	running  int
	waiting  int
	lines    [classes]line
	service  average
}

func (l *lane) full() bool { return l.capacity > 0 && l.running >= l.capacity }

// aged returns the line of the lowest class below the given one that has been passed
// over too often, or nil.
func (l *lane) aged(class int) *line {
	for i := range class {
		if w := &l.lines[i]; w.free > 0 && w.passed >= patience[i] {
			return w
		}
	}
	return nil
}

// A line is the calls of one class that wait for one tool.
type line struct {
	lane    *lane
	waiting int
	free    int         // those of waiting whose callers may have more slots
	eager   int         // those of free that class.eager counts
	passed  int         // slots of the tool that went to higher classes since one went here
	flows   pile[*flow] // of callers who may have more slots, by the turns of their first calls
	callers int         // of whom calls wait
	index   int         // in class.ready
}

func (l *line) place() *int { return &l.index }
func (l *line) rank() rank  { return l.flows[0].rank }

// A flow is the calls of one caller in one line: it is served in the order of arrival.
// It exists while a call waits in it.
type flow struct {
	line        *line
	caller      *caller
	account     *account // nil where callers are not bounded
	at          int      // in account.flows
	first, last *ticket
	waiting     int
	turn        uint64 // of the first call
	seq         uint64 // orders equal turns
	index       int    // in line.flows
}

func (f *flow) place() *int { return &f.index }
func (f *flow) rank() rank  { return rank{int64(f.turn), f.seq} }

func (f *flow) append(t *ticket) {
	t.flow = f
	if t.prev = f.last; t.prev != nil {
		t.prev.next = t
	} else {
		f.first = t
	}
	f.last = t
}

func (f *flow) cut(t *ticket) {
	if t.prev != nil {
		t.prev.next = t.next
	} else {
		f.first = t.next
	}
	if t.next != nil {
		t.next.prev = t.prev
	} else {
		f.last = t.prev
	}
	t.prev, t.next = nil, nil
}
