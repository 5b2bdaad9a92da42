package main

import (
	"slices"
	"time"
)

// median returns the middle value, or the mean of the two in the middle; 0 of none.
func median(values []float64) float64 {
	if len(values) == 0 {
		return 0
	}
	sorted := slices.Sorted(slices.Values(values))
	return (sorted[(len(sorted)-1)/2] + sorted[len(sorted)/2]) / 2
}

// quantile returns the value that the share q of sorted values does not exceed; 0 of
// none.
func quantile(sorted []time.Duration, q float64) time.Duration {
	if len(sorted) == 0 {
		return 0
	}
	return sorted[min(int(q*float64(len(sorted))), len(sorted)-1)]
}

// ratio returns the median over the rounds of a to b. What slows the machine down for a
// while slows both of a round, so that it counts less than in a ratio of medians.
func ratio(a, b []float64) float64 {
	var ratios []float64
	for i := range min(len(a), len(b)) {
		if b[i] > 0 {
			ratios = append(ratios, a[i]/b[i])
		}
	}
	return median(ratios)
}

// growth returns how the last quarter of a series compares to its second quarter. The
// first is left out: a process has to find its size.
func growth(series []float64) float64 {
	quarter := len(series) / 4
	if quarter == 0 {
		return 0
	}
	before := mean(series[quarter : 2*quarter])
	if before == 0 {
		return 0
	}
	return mean(series[len(series)-quarter:]) / before
}

func mean(values []float64) float64 {
	sum := 0.0
	for _, v := range values {
		sum += v
	}
	return sum / float64(max(len(values), 1))
}
