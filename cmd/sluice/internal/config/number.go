package config

// Count is a whole number, from 1.
type Count int

// Share is a part of a whole: more than 0, at most 1.
type Share float64

// A bounded is a type with rules of its own: those in the tag of a field do not reach
// what is within an OrOff.
type bounded interface{ rules() rules }

func (Count) rules() rules { return rulesOf("minimum=1") }
func (Share) rules() rules { return rulesOf("exclusiveMinimum=0,maximum=1") }
