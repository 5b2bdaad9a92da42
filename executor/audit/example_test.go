package audit_test

import (
	"context"
	"fmt"
	"log"
	"os"
	"path/filepath"
	"strings"

	"github.com/sluice-dev/sluice/executor/audit"
	"github.com/sluice-dev/sluice/executor/history"
)

// A log is written, found whole, changed, and found changed.
func ExampleVerify() {
	dir, err := os.MkdirTemp("", "audit-")
	if err != nil {
		log.Fatal(err)
	}
	defer os.RemoveAll(dir)
	path := filepath.Join(dir, "audit.jsonl")

	file := audit.NewFile(audit.FileOptions{Path: path, Version: "v1.0.0"})
	for _, caller := range []string{"ada", "bob"} {
		file.Append(audit.Entry{Event: audit.EventAllowed, Call: history.Record{Tool: "pay", Caller: caller}})
	}
	if err := file.Close(context.Background()); err != nil {
		log.Fatal(err)
	}
	show := func() {
		report, err := audit.Verify(context.Background(), path)
		if err != nil {
			log.Fatal(err)
		}
		fmt.Println(report.Lines, "lines, closed:", report.Chains[0].Closed)
		for _, fault := range report.Faults {
			fmt.Printf("line %d: %s\n", fault.Line, fault.Text)
		}
	}
	show()
	text, _ := os.ReadFile(path)
	_ = os.WriteFile(path, []byte(strings.Replace(string(text), "bob", "eve", 1)), 0o600)
	show()
	// Output:
	// 4 lines, closed: true
	// 4 lines, closed: true
	// line 3: the line was changed: it does not fit its own hash
}
