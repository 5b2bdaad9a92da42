package executor

import (
	"math/rand/v2"
	"testing"
)

// checkPile fails the test unless the pile is in order, the ranks in it are those of its
// elements, and these know where they are.
func checkPile[E piled](t *testing.T, p pile[E]) {
	t.Helper()
	for i, s := range p {
		if s.rank != s.of.rank() || *s.of.place() != i+1 || i > 0 && s.before(p[(i-1)/below].rank) {
			t.Fatalf("element %d of %d is out of place: rank %v, it says %v at %d", i, len(p), s.rank, s.of.rank(), *s.of.place())
		}
	}
}

type stone struct {
	weight int64
	index  int
}

func (s *stone) place() *int { return &s.index }
func (s *stone) rank() rank  { return rank{first: s.weight} }

// TestPile checks that a pile stays in order whatever comes, moves and goes.
func TestPile(t *testing.T) {
	t.Parallel()
	r := rand.New(rand.NewPCG(1, 4))
	var p pile[*stone]
	stones := make([]stone, 100)
	in := 0
	for range 20_000 {
		s := &stones[r.IntN(len(stones))]
		was := s.index > 0
		if s.weight = r.Int64N(50) - 25; r.IntN(2) == 0 {
			p.put(s)
			if !was {
				in++
			}
		} else {
			p.drop(s)
			if was {
				in--
			}
		}
		if len(p) != in {
			t.Fatalf("%d are in, it has %d", in, len(p))
		}
		checkPile(t, p)
	}
	for last := int64(-100); len(p) > 0; {
		s := p[0].of
		if p.drop(s); s.weight < last || s.index != 0 {
			t.Fatalf("%d came after %d, and is at %d", s.weight, last, s.index)
		}
		last = s.weight
	}
}
