package executor

// A caller is what one class knows of one caller. It exists while a call waits in it.
type caller struct {
	name    string
	waiting int     // counted by class.crowd
	turn    uint64  // the last that a flow of the caller's has taken
	last    *ticket // of those that wait, the one that came last
	index   int     // in class.crowd.callers

	one  flow            // its flow, where it waits for one tool; unused while it has no line
	more map[*line]*flow // those in other lines
}

// caller returns what the class of a ticket knows of its caller.
func (s *slots) caller(t *ticket) *caller {
	c := &s.classes[t.class]
	by := c.callers[t.caller]
	if by == nil {
		if by = s.spare.caller; by == nil {
			by = &caller{}
		}
		s.spare.caller, *by = nil, caller{name: t.caller}
		if c.callers == nil {
			c.callers = map[string]*caller{}
		}
		c.callers[by.name] = by
	}
	return by
}

// miss forgets a caller of whom no call waits any more in the class.
func (s *slots) miss(class int, by *caller) {
	delete(s.classes[class].callers, by.name)
	s.spare.caller = by
}

// flow returns the caller's flow in a line; nil where none of its calls waits there.
func (c *caller) flow(l *line) *flow {
	if c.one.line == l {
		return &c.one
	}
	return c.more[l]
}

// open begins the caller's flow in a line.
func (c *caller) open(l *line, a *account) *flow {
	f := &c.one
	if f.line != nil {
		f = &flow{}
		if c.more == nil {
			c.more = map[*line]*flow{}
		}
		c.more[l] = f
	}
	*f = flow{line: l, caller: c, account: a}
	l.callers++
	if a != nil {
		a.add(f)
	}
	return f
}

// close ends a flow in which no call waits any more.
func (c *caller) close(f *flow) {
	l := f.line
	l.flows.drop(f)
	l.callers--
	if f.account != nil {
		f.account.drop(f)
	}
	if f == &c.one {
		f.line = nil
	} else {
		delete(c.more, l)
	}
}

// append lets the ticket be the one that came last.
func (c *caller) append(t *ticket) {
	if t.older = c.last; t.older != nil {
		t.older.newer = t
	}
	c.last = t
}

func (c *caller) cut(t *ticket) {
	if t.older != nil {
		t.older.newer = t.newer
	}
	if t.newer != nil {
		t.newer.older = t.older
	} else {
		c.last = t.older
	}
	t.older, t.newer = nil, nil
}
