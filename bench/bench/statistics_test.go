package main

import (
	"math"
	"testing"
	"time"
)

func TestMedian(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		values []float64
		want   float64
	}{
		{nil, 0}, {[]float64{7}, 7}, {[]float64{9, 1}, 5}, {[]float64{3, 100, 1}, 3}, {[]float64{4, 1, 3, 2}, 2.5},
	} {
		if got := median(c.values); got != c.want {
			t.Errorf("median(%v) = %v, want %v", c.values, got, c.want)
		}
	}
}

func TestQuantile(t *testing.T) {
	t.Parallel()
	var hundred []time.Duration
	for i := range 100 {
		hundred = append(hundred, time.Duration(i+1))
	}
	for _, c := range []struct {
		sorted []time.Duration
		q      float64
		want   time.Duration
	}{
		{nil, 0.5, 0}, {[]time.Duration{5}, 0.99, 5}, {hundred, 0.5, 51}, {hundred, 0.99, 100}, {hundred, 1, 100}, {hundred, 0, 1},
	} {
		if got := quantile(c.sorted, c.q); got != c.want {
			t.Errorf("the %v of %d values is %v, want %v", c.q, len(c.sorted), got, c.want)
		}
	}
}

// TestRatioOfRounds slows one round down tenfold: the ratio does not see it.
func TestRatioOfRounds(t *testing.T) {
	t.Parallel()
	if got := ratio([]float64{2, 20, 2.2}, []float64{1, 10, 1}); got != 2 {
		t.Errorf("ratio = %v, want 2", got)
	}
	if got := ratio([]float64{1, 2}, []float64{0, 1}); got != 2 {
		t.Errorf("ratio = %v, want that of the round that has one, 2", got)
	}
	if got := ratio(nil, []float64{1}); got != 0 {
		t.Errorf("ratio of nothing = %v", got)
	}
}

func TestGrowth(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct {
		series []float64
		want   float64
	}{
		"none":           {nil, 0},
		"short":          {[]float64{1, 2, 3}, 0},
		"flat but begin": {[]float64{1, 1, 10, 10, 10, 10, 10, 10}, 1},
		"leak":           {[]float64{1, 2, 3, 4, 5, 6, 7, 8}, 7.5 / 3.5},
		"from nothing":   {[]float64{0, 0, 0, 1}, 0},
	} {
		if got := growth(c.series); math.Abs(got-c.want) > 1e-9 {
			t.Errorf("%s: growth = %v, want %v", name, got, c.want)
		}
	}
}
