package main

import (
	"time"

	"github.com/spf13/pflag"

	"github.com/sluice-dev/sluice/cmd/sluice/internal/config"
)

// A drainFlag says how long running calls may go on at the end. It goes before the config's
// drain, and that before the command's own default.
type drainFlag struct {
	value, standard time.Duration
	given           bool
}

// add adds the flag under a name.
func (d *drainFlag) add(flags *pflag.FlagSet, name string, standard time.Duration, usage string) {
	d.standard, d.value = standard, standard
	flags.Var(d, name, usage)
}

// of returns what holds with a config.
func (d *drainFlag) of(cfg *config.Config) time.Duration {
	switch {
	case d.given:
		return d.value
	case cfg.Drain > 0:
		return time.Duration(cfg.Drain)
	}
	return d.standard
}

// Set, String and Type are for pflag.
func (d *drainFlag) Set(text string) (err error) {
	d.value, err = time.ParseDuration(text)
	d.given = err == nil
	return err
}

func (d *drainFlag) String() string { return d.value.String() }

func (d *drainFlag) Type() string { return "duration" }
