package executor

// reserved is the part of the room, 1 in so many, that the calls of a class keep when
// those of higher classes fill the rest; 0 is none.
var reserved = [classes]int{batch: 64, normal: 8}

// reserve returns how many places the class keeps.
func (s *slots) reserve(class int) int {
	if reserved[class] == 0 {
		return 0
	}
	return s.room / reserved[class]
}

// yields returns the call that gives its place in a full room to the ticket; nil where
// that has no better right to it than any that waits. Were a room closed to all alike
// when it is full, whoever calls most would have it all, and hardly one interactive call
// would find a place among batch ones. So
//
//   - a lower class gives up what it has beyond its reserve, the lowest first;
//   - a class that has less than its reserve takes it from a higher one;
//   - within a class the caller with the most waiting calls gives one up to a caller who
//     has fewer, both counted with the new call.
//
// It is always the last call of the caller who has the most.
func (s *slots) yields(t *ticket) *ticket {
	own := &s.classes[t.class]
	poor := own.waiting < s.reserve(t.class)
	for i := range s.classes {
		c := &s.classes[i]
		if (i < t.class || i > t.class && poor) && c.waiting > s.reserve(i) {
			return c.crowd.most().last
		}
	}
	mine := 1
	if by := own.callers[t.caller]; by != nil {
		mine += by.waiting
	}
	if len(own.crowd.callers) > 0 && own.crowd.most().waiting > mine {
		return own.crowd.most().last
	}
	return nil
}

// yieldsOwn returns the call of the same caller that gives its place to the ticket, where
// the caller has all the places that it may: the last one of a lower class; nil where there
// is none.
func (s *slots) yieldsOwn(t *ticket) *ticket {
	for i := range t.class {
		if by := s.classes[i].callers[t.caller]; by != nil {
			return by.last
		}
	}
	return nil
}

// pushOut ends the wait of a call whose place another has.
func (s *slots) pushOut(t *ticket, why refusal) {
	s.leave(t)
	s.refused[why]++
	t.pushed, t.retry = why, s.expect(t)
	close(t.granted)
}
