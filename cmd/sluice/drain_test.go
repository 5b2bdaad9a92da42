package main

import (
	"testing"
	"time"

	"github.com/spf13/pflag"

	"github.com/sluice-dev/sluice/cmd/sluice/internal/config"
)

func TestDrainFlag(t *testing.T) {
	t.Parallel()
	for _, test := range []struct {
		args   []string
		config time.Duration
		want   time.Duration
	}{
		{nil, 0, 5 * time.Second},
		{nil, time.Minute, time.Minute},
		{[]string{"--grace", "0s"}, time.Minute, 0},
		{[]string{"--grace", "1s"}, 0, time.Second},
	} {
		var d drainFlag
		flags := pflag.NewFlagSet("", pflag.ContinueOnError)
		d.add(flags, "grace", 5*time.Second, "")
		if err := flags.Parse(test.args); err != nil {
			t.Fatal(err)
		}
		if got := d.of(&config.Config{Drain: config.Duration(test.config)}); got != test.want {
			t.Errorf("%v with %v: got %v", test.args, test.config, got)
		}
	}
	if err := new(drainFlag).Set("soon"); err == nil {
		t.Error("any text is taken for a time")
	}
}
