package executor

// A crowd is the callers of whom calls wait in one class, those with the most calls first.
// A caller has always one more or one fewer than before, so it changes places with the
// first or the last of those who had as many: that costs no more with 100 000 callers
// than with two.
type crowd struct {
	callers []*caller // each knows its index
	having  []int     // by n, how many of them have n calls or more
}

// most returns the caller with the most waiting calls.
func (c *crowd) most() *caller { return c.callers[0] }

// more counts one more call of a caller, who comes in with the first.
func (c *crowd) more(by *caller) {
	if by.waiting == 0 {
		by.index = len(c.callers)
		c.callers = append(c.callers, by)
	}
	by.waiting++
	for len(c.having) <= by.waiting {
		c.having = append(c.having, 0)
	}
	c.move(by, c.having[by.waiting])
	c.having[by.waiting]++
}

// fewer counts one call less of a caller, who leaves with the last.
func (c *crowd) fewer(by *caller) {
	c.having[by.waiting]--
	c.move(by, c.having[by.waiting])
	by.waiting--
	if by.waiting == 0 {
		last := len(c.callers) - 1
		c.callers[last] = nil
		c.callers = c.callers[:last]
	}
}

// move has a caller change places with the one at i.
func (c *crowd) move(by *caller, i int) {
	other := c.callers[i]
	c.callers[by.index], c.callers[i] = other, by
	other.index, by.index = by.index, i
}
