package audit_test

import (
	"context"
	"errors"
	"fmt"
	"log"
	"os"
	"path/filepath"
	"strings"

	"github.com/sluice-dev/sluice/executor"
	"github.com/sluice-dev/sluice/executor/audit"
	"github.com/sluice-dev/sluice/executor/history"
	"github.com/sluice-dev/sluice/tools"
)

// An engine tells the log what it decides; a program's tests look at it in memory.
func ExampleMemory() {
	var registry tools.Registry
	pay := tools.Func("pay", "Pay a bill.", func(context.Context, struct{}) (string, error) { return "paid", nil })
	if err := registry.Add(pay); err != nil {
		log.Fatal(err)
	}
	decisions := audit.NewMemory(100)
	engine := executor.New(executor.Options{
		Registry: &registry,
		Audit:    decisions,
		Authorize: func(_ context.Context, caller string, _ *tools.Entry) error {
			if caller != "ada" {
				return errors.New("not on the list")
			}
			return nil
		},
	})
	for _, caller := range []string{"ada", "eve"} {
		_, _ = engine.Execute(context.Background(), &executor.Request{Tool: "pay", Caller: caller})
	}
	for _, e := range decisions.Entries() {
		fmt.Printf("%s: %s %q\n", e.Call.Caller, e.Event, e.Policy)
	}
	// Output:
	// ada: allowed ""
	// ada: started ""
	// ada: finished ""
	// eve: refused "authorize"
}

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
