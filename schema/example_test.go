package schema_test

import (
	"errors"
	"fmt"

	"github.com/sluice-dev/sluice/schema"
)

func ExampleCompile() {
	_, err := schema.Compile([]byte(`{"type":"objekt"}`))
	fmt.Println(err)
	// Output:
	// schema: /type: must be one of "array", "boolean", "integer", "null", "number", "object", "string", got string "objekt"; did you mean "object"?
}

func ExampleSchema_Validate() {
	s, err := schema.Compile([]byte(`{
		"type": "object",
		"properties": {"path": {"type": "string"}, "limit": {"type": "integer", "minimum": 1}},
		"required": ["path"],
		"additionalProperties": false
	}`))
	if err != nil {
		panic(err)
	}
	arguments, err := schema.Decode([]byte(`{"pth": "/tmp", "limit": 0}`))
	if err != nil {
		panic(err)
	}
	var invalid *schema.ValidationError
	if errors.As(s.Validate(arguments), &invalid) {
		for _, v := range invalid.Violations {
			fmt.Printf("%q %s\n", v.Pointer, v.Message)
		}
	}
	// Output:
	// "" unknown property "pth"; allowed: "limit", "path"; did you mean "path"?
	// "" missing required property "path"
	// "/limit" must be at least 1, got 0
}

func ExampleDecode() {
	value, err := schema.Decode([]byte(`{"id": 9007199254740993}`))
	fmt.Println(value, err)
	_, err = schema.Decode([]byte(`{"id": 1, "id": 2}`))
	fmt.Println(err)
	// Output:
	// map[id:9007199254740993] <nil>
	// schema: decode: jsontext: duplicate object member name "id"
}

func ExampleFor() {
	type arguments struct {
		City string `json:"city" jsonschema:"description=Where"`
		Days int    `json:"days,omitempty" jsonschema:"minimum=1,maximum=7"`
	}
	text, err := schema.For[arguments]()
	fmt.Println(string(text), err)
	// Output:
	// {"properties":{"city":{"type":"string","description":"Where"},"days":{"type":"integer","maximum":7,"minimum":1}},"additionalProperties":false,"type":"object","required":["city"]} <nil>
}
