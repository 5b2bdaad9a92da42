package config_test

import (
	"fmt"

	"github.com/sluice-dev/sluice/cmd/sluice/internal/config"
)

func ExampleParse() {
	c, err := config.Parse("sluice.yaml", []byte(`
tools:
  - name: word_count
    command: [wc, -w, "{path}"]
    timeout: 10s
`))
	if err != nil {
		fmt.Println(err)
		return
	}
	fmt.Println(c.Name, c.Listen.Address, c.Tools[0].Name, c.Tools[0].Command)

	_, err = config.Parse("sluice.yaml", []byte("tools:\n  - {name: a, command: [date], tiemout: 10s}\n"))
	fmt.Println(err)
	// Output:
	// sluice 127.0.0.1:7777 word_count [wc -w {path}]
	// sluice.yaml:2:32: unknown key "tiemout" in tools[0]
	//     2 |   - {name: a, command: [date], tiemout: 10s}
	//       |                                ^
	//         did you mean "timeout"?
}
