package executor

import (
	"math"
	"math/rand/v2"
	"slices"
	"testing"

	"github.com/sluice-dev/sluice/tools"
)

func TestMeter(t *testing.T) {
	t.Parallel()
	type p = tools.Progress
	for _, test := range []struct {
		name    string
		reports []p
		want    []p // what is read, where each report is read at once
	}{
		{"grows", []p{{Done: 1, Total: 3}, {Done: 2, Total: 3}}, []p{{Done: 1, Total: 3}, {Done: 2, Total: 3}}},
		{"from zero", []p{{Total: 3}, {Done: 1, Total: 3}}, []p{{Total: 3}, {Done: 1, Total: 3}}},
		{"falls", []p{{Done: 2}, {Done: 1, Message: "no"}, {Done: 3}}, []p{{Done: 2}, {Done: 3}}},
		{"repeats", []p{{Done: 2, Message: "a"}, {Done: 2, Message: "a"}, {Done: 2}}, []p{{Done: 2, Message: "a"}}},
		{"repeats with a message", []p{{Done: 2, Total: 5}, {Done: 2, Total: 5, Message: "a"}},
			[]p{{Done: 2, Total: 5}, {Done: 2.001, Total: 5, Message: "a"}}},
		{"messages first", []p{{Message: "a"}, {Message: "b"}, {Total: 4}, {Done: 1, Total: 4}},
			[]p{{Done: 0.001, Message: "a"}, {Done: 0.002, Message: "b"}, {Done: 0.003, Total: 4}, {Done: 1, Total: 4}}},
		{"messages between", []p{{Done: 3, Total: 9}, {Message: "a"}, {Message: "b"}, {Done: 4, Total: 9}, {Message: "c"}},
			[]p{{Done: 3, Total: 9}, {Done: 3.001, Total: 9, Message: "a"}, {Done: 3.002, Total: 9, Message: "b"},
				{Done: 4, Total: 9}, {Done: 4.001, Total: 9, Message: "c"}}},
		{"nothing new", []p{{}, {Message: "a"}, {Message: "a"}, {}}, []p{{Done: 0.001, Message: "a"}}},
		{"fine steps", []p{{Done: 0.5}, {Message: "a"}, {Done: 0.5005}, {Done: 0.502}},
			[]p{{Done: 0.5}, {Done: 0.501, Message: "a"}, {Done: 0.5015}, {Done: 0.502}}},
		{"negative", []p{{Done: -2}, {Done: -1}}, []p{{Done: -2}, {Done: -1}}},
	} {
		t.Run(test.name, func(t *testing.T) {
			t.Parallel()
			var m meter
			var got []p
			for _, report := range test.reports {
				if m.take(report) {
					got = append(got, m.read())
				}
			}
			if !slices.Equal(got, test.want) {
				t.Errorf("got  %+v\nwant %+v", got, test.want)
			}
		})
	}
}

// TestMeterManyMessages checks that any number of messages stays below the next real
// value.
func TestMeterManyMessages(t *testing.T) {
	t.Parallel()
	var m meter
	m.take(tools.Progress{Done: 1, Total: 2})
	last := m.read().Done
	for i := range 5000 {
		m.take(tools.Progress{Message: string(rune('a' + i%26))})
		if p := m.read(); p.Done <= last || p.Done >= 2 {
			t.Fatalf("message %d shows %v after %v", i, p.Done, last)
		} else {
			last = p.Done
		}
	}
	if !m.take(tools.Progress{Done: 2, Total: 2}) || m.read().Done != 2 {
		t.Error("the real value behind the messages is lost")
	}
}

// TestMeterGrows checks on random reports, read at random, that what is read strictly
// grows, and that the tool's own greatest value is reached.
func TestMeterGrows(t *testing.T) {
	t.Parallel()
	values := []float64{0, 1, 2, 3, 0.001, 0.0015, 0.5, 1e-9, 1e9, 1e300, -1e300, -1}
	for seed := range uint64(200) {
		r := rand.New(rand.NewPCG(seed, 3))
		var m meter
		last, most := math.Inf(-1), math.Inf(-1)
		for range 200 {
			p := tools.Progress{Done: values[r.IntN(len(values))], Message: string(rune('a' + r.IntN(3)))}
			if r.IntN(2) == 0 {
				p.Total = values[r.IntN(len(values))]
			}
			if p.Done != 0 || p.Total != 0 {
				most = max(most, p.Done)
			}
			if m.take(p); m.changed && r.IntN(2) == 0 {
				if p := m.read(); !(p.Done > last) || math.IsInf(p.Done, 0) {
					t.Fatalf("seed %d: %v after %v", seed, p.Done, last)
				} else {
					last = p.Done
				}
			}
		}
		if m.changed {
			last = m.read().Done
		}
		if last < most {
			t.Fatalf("seed %d: ended at %v, the tool at %v", seed, last, most)
		}
	}
}
