package sqlite

import (
	"bufio"
	"context"
	"fmt"
	"io"
	"math/rand/v2"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/sluice-dev/sluice/executor/history"
)

// The environment of this test binary when it runs as a process that only appends.
const (
	childPath = "SLUICE_TEST_HISTORY"      // the file
	childName = "SLUICE_TEST_HISTORY_NAME" // what its ids begin with
	childRows = "SLUICE_TEST_HISTORY_ROWS" // how many it appends; 0 until it is killed
)

// kills sets how often TestKill kills; 200 take half a minute.
const kills = "SLUICE_TEST_KILLS"

// runChild appends rows and prints how many of them it has been told are written.
func runChild(path string) {
	s := New(path, Options{})
	name, rows := os.Getenv(childName), 0
	if _, err := fmt.Sscan(os.Getenv(childRows), &rows); err != nil {
		panic(err)
	}
	if rows == 0 {
		go func() { // so that it is killed while it writes
			for s.Flush(context.Background()) == nil {
			}
		}()
	}
	for i := 0; rows == 0 || i < rows; i++ {
		s.Append(call(fmt.Sprint(name, "-", i), 0), []byte(`{"path":"/srv/docs/a.txt"}`))
		if i%50 == 0 {
			fmt.Println(s.Health().Written)
			time.Sleep(time.Millisecond)
		}
	}
	if err := s.Close(); err != nil {
		panic(err)
	}
	if h := s.Health(); h.Dropped > 0 {
		panic(fmt.Sprintf("%+v", h))
	}
}

// child returns a process of this test binary that appends rows.
func child(t *testing.T, path, name string, rows int) (*exec.Cmd, io.Reader) {
	t.Helper()
	cmd := exec.Command(os.Args[0])
	cmd.Env = append(os.Environ(), childPath+"="+path, childName+"="+name, childRows+"="+strconv.Itoa(rows))
	cmd.Stderr = os.Stderr
	out, err := cmd.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	return cmd, out
}

// check fails the test where the file is damaged; it returns how many rows each process
// has in it.
func check(t *testing.T, path string) map[string]int {
	t.Helper()
	c, err := openConn(path, "mode=rw")
	if err != nil {
		t.Fatal(err)
	}
	defer c.close()
	f := &file{conn: c}
	if f.info, err = os.Stat(path); err != nil {
		t.Fatal(err)
	}
	if err := f.check(); err != nil {
		t.Fatal(err)
	}
	found, last := map[string]int{}, map[string]int{}
	for _, e := range collect(t, New(path, Options{}).Query(t.Context(), history.Filter{})) {
		name, number, _ := strings.Cut(e.ID, "-")
		n, err := strconv.Atoi(number)
		if err != nil || e.Preview == "" {
			t.Fatalf("a strange row: %+v", e)
		}
		found[name]++
		last[name] = max(last[name], n)
	}
	for name, rows := range found {
		if rows != last[name]+1 {
			t.Errorf("process %s has %d rows, the last of them is %d", name, rows, last[name])
		}
	}
	return found
}

// TestProcesses lets several processes begin one file at once and write to it.
func TestProcesses(t *testing.T) {
	t.Parallel()
	path := filepath.Join(t.TempDir(), "sluice", "x.db")
	const processes, rows = 5, 2000
	var all sync.WaitGroup
	for i := range processes {
		cmd, out := child(t, path, fmt.Sprint(i), rows)
		all.Go(func() {
			_, _ = io.Copy(io.Discard, out)
			if err := cmd.Wait(); err != nil {
				t.Errorf("process %d: %v", i, err)
			}
		})
	}
	all.Wait()
	found := check(t, path)
	for i := range processes {
		if n := found[fmt.Sprint(i)]; n != rows {
			t.Errorf("process %d has %d rows, want %d", i, n, rows)
		}
	}
	if asides, _ := filepath.Glob(path + ".*"); len(asides) > 0 {
		t.Errorf("set aside: %q", asides)
	}
}

// TestKill kills a process that writes at a random moment, over and over, on one file:
// what it was told is written is there, in order and without a gap, and the file is whole.
func TestKill(t *testing.T) {
	t.Parallel()
	path := filepath.Join(t.TempDir(), "x.db")
	rounds := 40
	if testing.Short() || raceEnabled {
		rounds = 10
	}
	if n, err := strconv.Atoi(os.Getenv(kills)); err == nil {
		rounds = n
	}
	random := rand.New(rand.NewPCG(1, 2))
	told := map[string]int{}
	for i := range rounds {
		name := fmt.Sprint(i)
		cmd, out := child(t, path, name, 0)
		after := random.IntN(60) // lines, of 50 rows each, and then a moment in between
		moment := time.Duration(random.IntN(2000)) * time.Microsecond
		lines := bufio.NewScanner(out)
		for n := 0; lines.Scan(); n++ {
			told[name], _ = strconv.Atoi(lines.Text())
			if n == after {
				time.AfterFunc(moment, func() { _ = cmd.Process.Kill() })
			}
		}
		_ = cmd.Wait() // killed
		if i%40 == 39 || i == rounds-1 {
			checkTold(t, path, told)
		}
	}
}

// checkTold fails the test where rows are missing that processes were told are written.
func checkTold(t *testing.T, path string, told map[string]int) {
	t.Helper()
	found := check(t, path)
	sum := 0
	for name, rows := range told {
		sum += rows
		if found[name] < rows {
			t.Errorf("process %s was told of %d rows, %d are there", name, rows, found[name])
		}
	}
	if sum == 0 || sum < 100*len(told) && !raceEnabled {
		t.Errorf("%d processes were told of %d rows: they are killed too soon to show anything", len(told), sum)
	}
}
