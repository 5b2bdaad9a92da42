package config

// OrOff is a value for which off may stand: then it is -1, as package executor has it.
type OrOff[T ~int | ~int64 | ~float64] struct{ Value T }

func (o *OrOff[T]) switchOff() { o.Value = -1 }

func (o *OrOff[T]) inner() any { return &o.Value }

// An optional is an OrOff of any type.
type optional interface {
	switchable
	inner() any // a pointer to the value
}

// advise adds off to the advice on problems with a value for which it may stand.
func advise(problems []Problem) {
	for i := range problems {
		if hint := &problems[i].Hint; *hint == "" {
			*hint = "off switches it off"
		} else {
			*hint += "; off switches it off"
		}
	}
}
