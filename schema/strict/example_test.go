package strict_test

import (
	"fmt"

	"github.com/sluice-dev/sluice/schema/strict"
)

// What is read is certain; what is declined is for a full decoder to judge.
func ExampleReader() {
	var r strict.Reader
	for _, text := range []string{`{"name": "echo", "arguments": {"text": "hi"}}`, `{"name": "a", "name": "b"}`} {
		r.Reset([]byte(text), 10, 100)
		o := r.Object()
		for o.Next() {
			name := o.Name()
			value, ok := r.Raw()
			if !ok {
				break
			}
			fmt.Printf("%s: %s\n", name, value)
		}
		fmt.Println(o.Closed() && r.End())
	}
	// Output:
	// name: "echo"
	// arguments: {"text": "hi"}
	// true
	// name: "a"
	// false
}
