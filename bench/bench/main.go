// Command bench measures Sluice beside its peers and beside servers that do nothing,
// all driven by one raw client. Run it from the module's folder:
//
//	go run ./bench                     every comparison and budget; about 15 minutes
//	go run ./bench -quick              the same, too short to be exact; 2 minutes
//	go run ./bench -only 'stdio/64B'   what matches
//	go run ./bench -write ../docs      write performance.md and its plots too
//
// To see what a change brings, measure it in turns with what was before it, and where
// the time goes:
//
//	go run ./bench -only 'stdio/64B$' -before ../../sluice-before -profile /tmp
package main

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"os"
	"regexp"
	"time"

	"github.com/sluice-dev/sluice/bench/entry"
)

func main() { entry.Main("bench", parse, run) }

// options are the flags.
type options struct {
	rounds int
	length time.Duration
	quick  bool
	only   *regexp.Regexp
	write  string
	sluice string

	profile string
	before  string
}

func parse(args []string) (o options, err error) {
	o.only = regexp.MustCompile("")
	flags := flag.NewFlagSet("bench", flag.ContinueOnError)
	flags.IntVar(&o.rounds, "rounds", 5, "`times` that each server is measured in each comparison, in turns")
	flags.DurationVar(&o.length, "length", time.Second, "how `long` one measurement lasts")
	flags.BoolVar(&o.quick, "quick", false, "one short round, and a twentieth of the long runs")
	flags.Func("only", "measure only what has a name that matches the `regexp`", func(text string) (err error) {
		o.only, err = regexp.Compile(text)
		return err
	})
	flags.StringVar(&o.write, "write", "", "`folder` of performance.md, to put the tables and plots in")
	flags.StringVar(&o.before, "before", "", "`folder` of another Sluice module to measure in turns with this one, in place of the peers")
	flags.StringVar(&o.profile, "profile", "", "`folder` to write a profile of the processor time of each server in each comparison to")
	flags.StringVar(&o.sluice, "sluice", "..", "`folder` of the Sluice module")
	err = flags.Parse(args)
	if o.quick {
		o.rounds, o.length = 1, 400*time.Millisecond
	}
	return o, err
}

// count returns how much of a long run is done.
func (o options) count(n int) int {
	if o.quick {
		return n / 20
	}
	return n
}

// partial says that the figures are not those of a whole run.
func (o options) partial() bool { return o.quick || o.only.String() != "" || o.before != "" }

// run measures and reports. What could not be measured is its error in the end.
func run(ctx context.Context, o options) (failed error) {
	dir, err := os.MkdirTemp("", "sluice-bench-*")
	if err != nil {
		return err
	}
	defer func() { _ = os.RemoveAll(dir) }()
	fleet, err := build(ctx, o.sluice, dir)
	if err != nil {
		return err
	}
	r := &report{machine: describe(fleet), partial: o.partial()}
	if o.before != "" {
		if err := fleet.beside(ctx, o.before); err != nil {
			return err
		}
	}
	if r.results, err = compare(ctx, fleet, o); err != nil {
		return err
	}
	r.budgets, failed = measureBudgets(ctx, fleet, o)
	r.budgets = append(relate(r.results), r.budgets...)
	fmt.Println(r.text())
	if o.write != "" && ctx.Err() == nil {
		failed = errors.Join(failed, r.write(o.write))
	}
	return failed
}
