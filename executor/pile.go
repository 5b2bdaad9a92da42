package executor

import "container/heap"

// A pile is a heap whose elements know their place in it, so that each of them can be
// moved or taken out in O(log n). The first is pile[0].
type pile[E piled[E]] []E

// piled is what the elements of a pile have to know.
type piled[E any] interface {
	before(E) bool
	place() *int // in the pile, plus 1; 0 is not in it
}

// put adds e, or moves it after its order has changed.
func (p *pile[E]) put(e E) {
	if i := *e.place(); i > 0 {
		heap.Fix(p, i-1)
		return
	}
	heap.Push(p, e)
}

// drop takes e out, if it is in.
func (p *pile[E]) drop(e E) {
	if i := *e.place(); i > 0 {
		heap.Remove(p, i-1)
	}
}

// Len, Less, Swap, Push and Pop are for container/heap.
func (p pile[E]) Len() int           { return len(p) }
func (p pile[E]) Less(i, j int) bool { return p[i].before(p[j]) }

func (p pile[E]) Swap(i, j int) {
	p[i], p[j] = p[j], p[i]
	*p[i].place(), *p[j].place() = i+1, j+1
}

func (p *pile[E]) Push(e any) {
	*p = append(*p, e.(E))
	*e.(E).place() = len(*p)
}

func (p *pile[E]) Pop() any {
	var none E
	last := len(*p) - 1
	e := (*p)[last]
	(*p)[last] = none
	*p = (*p)[:last]
	*e.place() = 0
	return e
}
