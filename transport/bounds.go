package transport

import (
	"bytes"
	"fmt"
)

// Bounds on one message, checked before anything of it is decoded: a few megabytes
// of nested or repeated small values would otherwise become fifty times their size
// in memory.
const (
	maxDepth  = 128     // objects and arrays within each other
	maxValues = 100_000 // members, elements and nesting together
)

// outline is what one quick pass over a message tells, be it valid JSON or not.
type outline struct {
	depth, values int
	id            rawID // the value of the first top-level member "id", where one is
}

// survey counts the structure of data without decoding it. On text that is not JSON
// the counts mean nothing; the strict pass finds that out.
func survey(data []byte) outline {
	var o outline
	depth := 0
	for i := 0; i < len(data); i++ {
		switch data[i] {
		case '{', '[':
			depth++
			o.values++
			o.depth = max(o.depth, depth)
		case '}', ']':
			depth--
		case ',':
			o.values++
		case '"':
			end := stringEnd(data, i)
			if depth == 1 && o.id == nil && string(data[i:end]) == `"id"` {
				o.id = scalarAfterColon(data[end:])
			}
			i = end - 1
		}
	}
	return o
}

// stringEnd returns the index behind the string that starts at data[start].
func stringEnd(data []byte, start int) int {
	for i := start + 1; i < len(data); i++ {
		next := bytes.IndexAny(data[i:], `"\`)
		if next < 0 {
			break
		}
		i += next
		if data[i] == '"' {
			return i + 1
		}
		i++ // the escaped character
	}
	return len(data)
}

// scalarAfterColon returns the string or number that follows a colon, or nil.
func scalarAfterColon(data []byte) rawID {
	data = bytes.TrimLeft(data, " \t\r\n")
	if len(data) == 0 || data[0] != ':' {
		return nil
	}
	data = bytes.TrimLeft(data[1:], " \t\r\n")
	if len(data) == 0 {
		return nil
	}
	end := bytes.IndexAny(data, ",} \t\r\n")
	if data[0] == '"' {
		end = stringEnd(data, 0)
	}
	if end <= 0 || !validID(data[:end]) {
		return nil
	}
	return rawID(data[:end])
}

// excess says which bound the message breaks, or is empty.
func (o outline) excess() string {
	switch {
	case o.depth > maxDepth:
		return fmt.Sprintf("the message is nested deeper than %d levels", maxDepth)
	case o.values > maxValues:
		return fmt.Sprintf("the message holds more than %d values", maxValues)
	}
	return ""
}
