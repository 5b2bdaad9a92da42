package sqlite_test

import (
	"context"
	"fmt"
	"os"
	"path/filepath"
	"time"

	"github.com/sluice-dev/sluice/executor/history"
	"github.com/sluice-dev/sluice/executor/history/sqlite"
)

func Example() {
	dir, err := os.MkdirTemp("", "")
	if err != nil {
		fmt.Println(err)
		return
	}
	defer os.RemoveAll(dir)
	store := sqlite.New(filepath.Join(dir, "history.db"), sqlite.Options{Age: 7 * 24 * time.Hour})
	defer store.Close()

	// An engine does this for each call: executor.Options{History: store}.
	now := time.Now()
	store.Append(history.Record{Tool: "sort", Queued: now, Finished: now, Outcome: history.OutcomeOK}, []byte(`{"path":"a.txt"}`))

	for e, err := range store.Query(context.Background(), history.Filter{Since: now.Add(-time.Hour), Limit: 10}) {
		if err != nil {
			fmt.Println(err)
			return
		}
		fmt.Println(e.Tool, e.Outcome, e.Preview)
	}
	fmt.Println(store.Health().Dropped, "dropped")
	// Output:
	// sort ok {"path":"a.txt"}
	// 0 dropped
}
