package schema

import (
	"encoding/json"
	"maps"
	"math/big"
	"reflect"
	"slices"
	"strings"
	"unicode/utf8"

	"github.com/santhosh-tekuri/jsonschema/v5"
)

// A simple is a schema of the few keywords that most tools have, compiled to tell at once
// that a value is valid. Of any other value it tells nothing: the validator judges it,
// and puts into words what is wrong. So it makes validation faster but not laxer.
type simple struct {
	never      bool       // no value is valid
	types      types      // 0 is any
	enum       []any      // strings, booleans and null; empty is any
	length     interval   // of a string, in characters
	size       interval   // of an array, in elements
	value      interval   // of a number
	properties []property // by name
	required   []string
	closed     bool    // no other properties
	items      *simple // nil is any
}

// A property is what one is to be. A sorted list of them takes a third of a map's memory, and
// is no slower: most objects have few.
type property struct {
	name string
	is   *simple
}

// property returns what a property is to be; nil where nothing is said of it.
func (c *simple) property(name string) *simple {
	i, found := slices.BinarySearchFunc(c.properties, name, func(p property, name string) int {
		return strings.Compare(p.name, name)
	})
	if !found {
		return nil
	}
	return c.properties[i].is
}

// types is a set of types.
type types uint8

const (
	nullType types = 1 << iota
	booleanType
	stringType
	integerType
	fractionType // a number that is no integer
	arrayType
	objectType
)

var typeNames = map[string]types{
	"null": nullType, "boolean": booleanType, "string": stringType, "integer": integerType, "number": integerType | fractionType,
	"array": arrayType, "object": objectType,
}

// An interval holds the integers from least to most, where these are set.
type interval struct {
	bounded     bool
	least, most int64
}

func (i interval) holds(n int64) bool { return !i.bounded || i.least <= n && n <= i.most }

// maxInteger is beyond every number that is compared: the numbers are of 15 digits.
const maxInteger = 1e15

// maxSimpleDepth bounds the walk through a schema whose references made it a circle.
const maxSimpleDepth = 8

// simpleFields are the fields of a compiled schema that simpleOf understands, or that
// mean nothing to validation.
var simpleFields = map[string]bool{
	"Location": true, "Draft": true, "Always": true, "Types": true, "Enum": true, "Required": true, "Properties": true,
	"AdditionalProperties": true, "MinItems": true, "MaxItems": true, "Items2020": true, "MinLength": true, "MaxLength": true,
	"Minimum": true, "Maximum": true,
	"MinProperties": true, "MaxProperties": true, // judged apart
	"ContainsEval": true, "MinContains": true, "MaxContains": true, // nothing without Contains
}

// simpleOf returns nil where the schema says more than a simple can hold.
func simpleOf(s *jsonschema.Schema, depth int) *simple {
	if depth > maxSimpleDepth || s.Draft != jsonschema.Draft2020 || !saysNoMore(s) {
		return nil
	}
	c := &simple{never: s.Always != nil && !*s.Always, required: s.Required}
	for _, name := range s.Types {
		c.types |= typeNames[name]
	}
	c.length, c.size = lengths(s.MinLength, s.MaxLength), lengths(s.MinItems, s.MaxItems)
	c.closed = s.AdditionalProperties == false
	if !c.list(s.Enum) || !c.bound(s.Minimum, s.Maximum) || !c.adopt(s, depth) {
		return nil
	}
	return c
}

// saysNoMore reports whether only the fields are set that simpleOf understands.
func saysNoMore(s *jsonschema.Schema) bool {
	if s.MinProperties >= 0 || s.MaxProperties >= 0 { // -1 is not set
		return false
	}
	v := reflect.ValueOf(s).Elem()
	for i := range v.NumField() {
		field, value := v.Type().Field(i), v.Field(i)
		empty := value.IsZero() || value.Kind() == reflect.Map && value.Len() == 0
		if field.IsExported() && !simpleFields[field.Name] && !empty {
			return false
		}
	}
	return true
}

// list takes values over that are compared by ==.
func (c *simple) list(enum []any) bool {
	c.enum = enum
	return !slices.ContainsFunc(enum, func(v any) bool { return !isComparable(v) })
}

func isComparable(value any) bool {
	switch value.(type) {
	case nil, bool, string:
		return true
	}
	return false
}

func lengths(least, most int) interval {
	if least < 0 && most < 0 {
		return interval{}
	}
	if most < 0 {
		most = maxInteger
	}
	return interval{true, int64(least), int64(most)}
}

// bound takes the bounds of a number over, where they are integers.
func (c *simple) bound(least, most *big.Rat) bool {
	c.value = interval{least != nil || most != nil, -maxInteger, maxInteger}
	return whole(least, &c.value.least) && whole(most, &c.value.most)
}

func whole(bound *big.Rat, to *int64) bool {
	if bound == nil {
		return true
	}
	*to = bound.Num().Int64()
	return bound.IsInt() && bound.Num().IsInt64()
}

// adopt compiles the schemas within s.
func (c *simple) adopt(s *jsonschema.Schema, depth int) bool {
	if _, ok := s.AdditionalProperties.(bool); !ok && s.AdditionalProperties != nil {
		return false
	}
	if s.Items2020 != nil {
		if c.items = simpleOf(s.Items2020, depth+1); c.items == nil {
			return false
		}
	}
	for _, name := range slices.Sorted(maps.Keys(s.Properties)) {
		compiled := simpleOf(s.Properties[name], depth+1)
		if compiled == nil {
			return false
		}
		c.properties = append(c.properties, property{name, compiled})
	}
	return true
}

// unconstrained is the schema of what no schema speaks of.
var unconstrained = &simple{}

// accepts reports whether the value is surely valid, looking so deep into it and no
// deeper.
func (c *simple) accepts(value any, depth int) bool {
	if depth < 0 || c.never || len(c.enum) > 0 && !c.lists(value) {
		return false
	}
	switch value := value.(type) {
	case nil:
		return c.admits(nullType)
	case bool:
		return c.admits(booleanType)
	case string:
		return c.admits(stringType) && (!c.length.bounded || c.length.holds(int64(utf8.RuneCountInString(value))))
	case json.Number:
		return c.acceptsNumber(string(value))
	case []any:
		return c.admits(arrayType) && c.size.holds(int64(len(value))) && c.acceptsItems(value, depth-1)
	case map[string]any:
		return c.admits(objectType) && c.acceptsObject(value, depth-1)
	}
	return false
}

func (c *simple) admits(t types) bool { return c.types == 0 || c.types&t != 0 }

func (c *simple) lists(value any) bool {
	return isComparable(value) && slices.Contains(c.enum, value)
}

// acceptsNumber knows integers of up to 15 digits, as they are mostly written.
func (c *simple) acceptsNumber(n string) bool {
	value, negative := int64(0), len(n) > 0 && n[0] == '-'
	if negative {
		n = n[1:]
	}
	if len(n) == 0 || len(n) > 15 {
		return false
	}
	for i := range len(n) {
		if n[i] < '0' || n[i] > '9' {
			return false
		}
		value = value*10 + int64(n[i]-'0')
	}
	if negative {
		value = -value
	}
	return c.admits(integerType) && c.value.holds(value)
}

func (c *simple) acceptsItems(list []any, depth int) bool {
	items := c.items
	if items == nil {
		items = unconstrained
	}
	for _, item := range list {
		if !items.accepts(item, depth) {
			return false
		}
	}
	return true
}

func (c *simple) acceptsObject(members map[string]any, depth int) bool {
	for _, name := range c.required {
		if _, ok := members[name]; !ok {
			return false
		}
	}
	for name, value := range members {
		property := c.property(name)
		switch {
		case property == nil && c.closed:
			return false
		case property == nil:
			property = unconstrained
		}
		if !property.accepts(value, depth) {
			return false
		}
	}
	return true
}
