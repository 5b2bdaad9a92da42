package executor

// A pile is a heap whose elements know their place in it, so that each of them can be
// moved or taken out in O(log n). The first is pile[0].of.
//
// The ranks by which it is ordered stand in the heap itself, and each node has four
// below it: in a heap of 100 000 nearly every look at an element is at memory that is
// in no cache, and this way it takes a step of the walk down two such looks at most.
type pile[E piled] []piece[E]

// piled is what the elements of a pile have to know.
type piled interface {
	rank() rank  // as it is now; put takes it over
	place() *int // in the pile, plus 1; 0 is not in it
}

// A rank orders a pile: what has the lowest is first.
type rank struct {
	first int64
	then  uint64 // orders those whose first is equal
}

func (r rank) before(o rank) bool {
	return r.first < o.first || r.first == o.first && r.then < o.then
}

type piece[E piled] struct {
	rank
	of E
}

const below = 4 // each node of a pile

// put adds e, or moves it after its rank has changed.
func (p *pile[E]) put(e E) {
	i, r := *e.place()-1, e.rank()
	switch {
	case i < 0:
		*p = append(*p, piece[E]{})
		i = len(*p) - 1
	case (*p)[i].rank == r:
		return
	}
	p.settle(i, piece[E]{r, e})
}

// drop takes e out, if it is in.
func (p *pile[E]) drop(e E) {
	i := *e.place() - 1
	if i < 0 {
		return
	}
	*e.place() = 0
	end := len(*p) - 1
	last := (*p)[end]
	(*p)[end] = piece[E]{}
	*p = (*p)[:end]
	if i < end {
		p.settle(i, last)
	}
}

// settle puts s where it belongs, from i on, where nothing stands that matters.
func (p pile[E]) settle(i int, s piece[E]) {
	for i > 0 && s.before(p[(i-1)/below].rank) {
		up := (i - 1) / below
		p.set(i, p[up])
		i = up
	}
	for {
		least := p.least(i)
		if least == 0 || !p[least].before(s.rank) {
			break
		}
		p.set(i, p[least])
		i = least
	}
	p.set(i, s)
}

// least returns which of those below i is first; 0 where there are none.
func (p pile[E]) least(i int) int {
	first := below*i + 1
	if first >= len(p) {
		return 0
	}
	least := first
	for j := first + 1; j < min(first+below, len(p)); j++ {
		if p[j].before(p[least].rank) {
			least = j
		}
	}
	return least
}

func (p pile[E]) set(i int, s piece[E]) {
	p[i] = s
	*s.of.place() = i + 1
}
