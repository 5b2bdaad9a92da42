// Command soak serves bad tools to bad clients for long, and sees that nothing of it is
// left: it starts one Sluice with programs, HTTP endpoints and servers that misbehave,
// has clients do to it what clients do, changes its config meanwhile, and compares what
// the process holds before and after. Run it from the module's folder:
//
//	go run ./soak                            10 minutes
//	go run ./soak -for 2m -seed 7            shorter, and in another order
//	go run ./soak -for 2m -race              the server under the race detector
//	go run ./soak -write ../docs             write the figures into reliability.md
//
// It ends with 1 where something was lost, mixed up or left behind.
package main

import (
	"context"
	"flag"
	"fmt"
	"os"
	"path/filepath"
	"time"

	"github.com/sluice-dev/sluice/bench/entry"
	"github.com/sluice-dev/sluice/bench/page"
)

func main() {
	if len(os.Args) > 2 && os.Args[1] == roleArg {
		os.Exit(play(os.Args[2], os.Args[3:])) // a tool or a server of the run
	}
	entry.Main("soak", parse, run)
}

// options are the flags.
type options struct {
	length time.Duration
	seed   uint64
	write  string
	sluice string
	keep   bool
	race   bool
}

// longest is how long a run may be.
const longest = 72 * time.Hour

func parse(args []string) (o options, err error) {
	flags := flag.NewFlagSet("soak", flag.ContinueOnError)
	flags.DurationVar(&o.length, "for", 10*time.Minute, "how `long` the load lasts; before it stands a tenth of that, from 3s to 20s, to warm up")
	flags.Uint64Var(&o.seed, "seed", 1, "`number` that all choices follow from")
	flags.StringVar(&o.write, "write", "", "`folder` of reliability.md, to put the figures in")
	flags.StringVar(&o.sluice, "sluice", "..", "`folder` of the Sluice module")
	flags.BoolVar(&o.keep, "keep", false, "leave the directory of the run behind, with the server's log, and with its goroutines where there are too many of anything")
	flags.BoolVar(&o.race, "race", false, "build the server with the race detector, which ends it at the first race; its figures are others then")
	if err = flags.Parse(args); err == nil && (o.length < time.Second || o.length > longest) {
		err = fmt.Errorf("-for is from 1s to %v", longest)
		fmt.Fprintln(os.Stderr, err)
	}
	return o, err
}

// run soaks, reports, and says what was not as it should be.
func run(ctx context.Context, o options) error {
	dir, err := os.MkdirTemp("", "sluice-soak-*")
	if err != nil {
		return err
	}
	if o.keep {
		fmt.Fprintln(os.Stderr, dir)
	} else {
		defer func() { _ = os.RemoveAll(dir) }()
	}
	r, err := soak(ctx, o, dir)
	if err != nil {
		return err
	}
	fmt.Println(r.text())
	if o.write != "" && ctx.Err() == nil {
		if err := page.Write(filepath.Join(o.write, "reliability.md"), r.text()); err != nil {
			return err
		}
	}
	return r.failed()
}
