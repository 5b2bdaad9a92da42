package executor

import (
	"fmt"
	"math"
	"testing"
	"time"

	"github.com/sluice-dev/sluice/tools"
)

// A circuitScript is calls of a circuit, one a letter: "+" and "-" are calls that succeed
// and fail, "." a second, "m" a minute, "?" asks whether a call is let through and has
// it say nothing.
func circuitScript(settings tools.Breaker, script string, check func(c *circuit, now time.Duration, passed bool)) {
	c := &circuit{}
	c.set(&tools.Entry{}, newRule(settings, tools.Breaker{}), 0)
	now := time.Hour
	for _, letter := range script {
		switch letter {
		case '.':
			now += time.Second
			continue
		case 'm':
			now += time.Minute
			continue
		}
		p, retry := passage{turn: c.turn}, time.Duration(0)
		if !c.closed() {
			p, retry = c.admit(now)
		}
		if retry == 0 {
			v := map[rune]verdict{'+': verdictGood, '-': verdictBad}[letter]
			c.settle(p, v, now, func() float64 { return 0 })
		}
		if letter == '?' {
			check(c, now, retry == 0)
		}
	}
}

// TestCircuit checks what opens a circuit, for how long, and what closes it.
func TestCircuit(t *testing.T) {
	t.Parallel()
	inRow := tools.Breaker{Failures: 3, Share: -1, Open: 2 * time.Second, MaxOpen: 10 * time.Second}
	share := tools.Breaker{Failures: -1, Share: 0.5, MinCalls: 4, Window: 8 * time.Second, Open: 2 * time.Second}
	for _, test := range []struct {
		settings     tools.Breaker
		script, want string // what each "?" is told: yes or no
	}{
		{inRow, "--?", "y"},
		{inRow, "---?", "n"},
		{inRow, "--+--?", "y"},
		{inRow, "---.?.?", "ny"},
		{inRow, "---..-.?.?.?.?", "nnny"},      // 4 s at the second time
		{inRow, "---..-....-.......?.?", "ny"}, // 8 s at the third
		{inRow, "---..-....-........-.........?.?.", "ny"},
		{inRow, "---..+--.?..?.?", "nny"},                // one of the ramp fails
		{inRow, "---..+++++++++++++++--?-?", "yn"},       // 15 succeed: closed
		{inRow, "---..+++++++++++++++---..?.?.?", "nny"}, // soon after: 4 s
		{inRow, "---..+++++++++++++++m---.?.?", "ny"},    // long after: 2 s again
		{inRow, "---..?m-..?..?", "yny"},                 // it was half-open meanwhile, not closed: 4 s
		{tools.Breaker{Failures: 1, Open: 10 * time.Second, MaxOpen: time.Second}, "-..........-.....?.....?", "ny"},
		{tools.Breaker{Failures: -1, Window: -1, MinCalls: 1}, "----?", "y"},
		{share, "---?", "y"},
		{share, "++--?", "n"},
		{share, "+++--?", "y"},
		{share, "+++--+-?-?", "yn"},             // it looks when one fails
		{share, "++++++..........---?-?", "yn"}, // what was before the window is forgotten
		{share, "+++++++...---?-?...-?", "yyy"},
		{tools.Breaker{}, "---------?-?", "yn"}, // the defaults
		{tools.Breaker{}, "+-+-+-+-+-+-+-+-+-?+-?", "yn"},
		{tools.Breaker{}, "----------....?.?", "ny"},
		{tools.Breaker{Failures: -1, Share: -1}, "-----------------------------------------?", "y"},
	} {
		got := ""
		circuitScript(test.settings, test.script, func(_ *circuit, _ time.Duration, passed bool) {
			got += map[bool]string{true: "y", false: "n"}[passed]
		})
		if got != test.want {
			t.Errorf("%s: got %s, want %s", test.script, got, test.want)
		}
	}
}

// TestCircuitProbes checks how many probes run at once, and that a place given back is
// free again.
func TestCircuitProbes(t *testing.T) {
	t.Parallel()
	const open = time.Minute
	c := &circuit{}
	c.set(&tools.Entry{}, newRule(tools.Breaker{Failures: 1, Open: open}, tools.Breaker{}), 0)
	now := time.Hour
	c.settle(passage{turn: c.turn}, verdictBad, now, func() float64 { return 0.8 })
	if _, retry := c.admit(now); retry != open+open/5 {
		t.Errorf("open for %v", retry)
	}
	now += 2 * open
	var got []int
	for range 4 {
		var probes []passage
		for p, retry := c.admit(now); retry == 0; p, retry = c.admit(now) {
			probes = append(probes, p)
		}
		c.settle(probes[0], verdictNone, now, nil)
		p, retry := c.admit(now)
		if retry != 0 {
			t.Fatal("a place that was given back is not free")
		}
		probes[0] = p
		if _, retry := c.admit(now); retry != open {
			t.Errorf("one more is refused for %v", retry)
		}
		got = append(got, len(probes))
		for _, p := range probes {
			c.settle(p, verdictGood, now, nil)
		}
	}
	if fmt.Sprint(got) != "[1 2 4 8]" || !c.closed() || c.probes != 0 {
		t.Errorf("probes at once: %v, then %s with %d", got, c.state, c.probes)
	}
}

// TestCircuitSlowProbe checks that a probe which does not return does not shut out all
// others for ever.
func TestCircuitSlowProbe(t *testing.T) {
	t.Parallel()
	circuitScript(tools.Breaker{Failures: 1, Open: time.Second}, "-..?", func(c *circuit, now time.Duration, _ bool) {
		for i := range 3 {
			if _, retry := c.admit(now); retry != 0 {
				t.Errorf("probe %d: wait %v", i, retry)
			}
			if _, retry := c.admit(now); retry != time.Second {
				t.Errorf("right after probe %d: %v", i, retry)
			}
			now += time.Second
		}
	})
}

// TestCircuitAnew checks that nothing is left of how often it opened for a tool that was
// replaced.
func TestCircuitAnew(t *testing.T) {
	t.Parallel()
	circuitScript(tools.Breaker{Failures: 1, Open: time.Second}, "-.-..-....?", func(c *circuit, now time.Duration, _ bool) {
		c.set(&tools.Entry{}, c.rule, now)
		c.settle(passage{turn: c.turn}, verdictBad, now, func() float64 { return 0 })
		if c.opened != 4 || c.until != now+time.Second {
			t.Errorf("opened %d times, now for %v", c.opened, c.until-now)
		}
	})
}

// TestCircuitForever checks that one which is to stay open for the longest time there is
// does.
func TestCircuitForever(t *testing.T) {
	t.Parallel()
	c := &circuit{}
	c.set(&tools.Entry{}, newRule(tools.Breaker{Failures: 1, Open: math.MaxInt64}, tools.Breaker{}), 0)
	c.settle(passage{turn: c.turn}, verdictBad, time.Hour, func() float64 { return 1 })
	if _, retry := c.admit(2 * time.Hour); retry < 24*time.Hour {
		t.Errorf("retry in %v", retry)
	}
}

// TestCircuitLate checks that the end of a call counts only in the state that the call
// began in.
func TestCircuitLate(t *testing.T) {
	t.Parallel()
	c := &circuit{}
	c.set(&tools.Entry{}, newRule(tools.Breaker{Failures: 1, Open: time.Second}, tools.Breaker{}), 0)
	zero := func() float64 { return 0 }
	early := passage{turn: c.turn}
	c.settle(early, verdictBad, 0, zero)
	probe, _ := c.admit(time.Second)
	c.settle(early, verdictBad, time.Second, zero)
	if c.state != BreakerHalfOpen || c.probes != 1 {
		t.Errorf("%s with %d probes", c.state, c.probes)
	}
	c.settle(probe, verdictBad, time.Second, zero)
	c.settle(probe, verdictGood, 10*time.Second, zero)
	if c.state != BreakerOpen || c.probes != 0 || c.opened != 2 {
		t.Errorf("%s with %d probes, opened %d times", c.state, c.probes, c.opened)
	}
}
