package config

import (
	"fmt"
	"math"
	"reflect"
	"strconv"
	"strings"
)

// rules are what the jsonschema tag of a field demands of its value.
type rules struct {
	required            bool
	minimum, maximum    float64
	above               float64 // which the value itself is not enough
	minItems, minLength int
	enum                []string
}

// rulesOf reads a jsonschema tag. It knows the words that config.go uses and panics
// on others, lest the schema should promise what nobody checks.
func rulesOf(tag string) rules {
	r := rules{minimum: math.Inf(-1), above: math.Inf(-1), maximum: math.Inf(1)}
	for word := range strings.SplitSeq(tag, ",") {
		name, argument, _ := strings.Cut(word, "=")
		switch name {
		case "":
		case "required":
			r.required = true
		case "enum":
			r.enum = append(r.enum, argument)
		case "minimum":
			r.minimum = float64(mustInt(argument))
		case "exclusiveMinimum":
			r.above = float64(mustInt(argument))
		case "maximum":
			r.maximum = float64(mustInt(argument))
		case "minItems":
			r.minItems = mustInt(argument)
		case "minLength":
			r.minLength = mustInt(argument)
		default:
			panic(fmt.Sprintf("config: the jsonschema tag %q binds no decoder", word))
		}
	}
	return r
}

func mustInt(s string) int {
	n, err := strconv.Atoi(s)
	if err != nil {
		panic(err)
	}
	return n
}

// A member is a field of a config type.
type member struct {
	key   string
	index []int
	rules rules
}

// membersOf returns the fields of a struct that have a key, those of embedded structs
// included, in order.
func membersOf(t reflect.Type) []member {
	var members []member
	for _, f := range reflect.VisibleFields(t) {
		if key := f.Tag.Get("yaml"); key != "" && key != "-" {
			members = append(members, member{key: key, index: f.Index, rules: rulesOf(f.Tag.Get("jsonschema"))})
		}
	}
	return members
}
