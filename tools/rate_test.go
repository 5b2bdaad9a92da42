package tools_test

import (
	"encoding/json"
	"fmt"
	"testing"
	"time"

	"github.com/sluice-dev/sluice/tools"
)

func TestParseRate(t *testing.T) {
	t.Parallel()
	for _, test := range []struct {
		text string
		want tools.Rate
		back string // what String returns; text where empty
	}{
		{"20/s", tools.Rate{Count: 20, Per: time.Second, Burst: 20}, ""},
		{"100/m", tools.Rate{Count: 100, Per: time.Minute, Burst: 100}, ""},
		{"5/h", tools.Rate{Count: 5, Per: time.Hour, Burst: 5}, ""},
		{"1000/d", tools.Rate{Count: 1000, Per: 24 * time.Hour, Burst: 1000}, ""},
		{"3/15m", tools.Rate{Count: 3, Per: 15 * time.Minute, Burst: 3}, "3/15m0s"},
		{"60/1m", tools.Rate{Count: 60, Per: time.Minute, Burst: 60}, "60/m"},
		{"20/s burst 40", tools.Rate{Count: 20, Per: time.Second, Burst: 40}, ""},
		{"20/s burst 20", tools.Rate{Count: 20, Per: time.Second, Burst: 20}, "20/s"},
		{"none", tools.Rate{Count: -1}, ""},
		{"", tools.Rate{}, ""},
	} {
		got, err := tools.ParseRate(test.text)
		if err != nil || got != test.want {
			t.Errorf("%q: %+v, %v", test.text, got, err)
		}
		back := test.back
		if back == "" {
			back = test.text
		}
		if got.String() != back {
			t.Errorf("%q became %q", test.text, got)
		}
		if again, err := tools.ParseRate(got.String()); err != nil || again != got {
			t.Errorf("%q read again: %+v, %v", got, again, err)
		}
	}
}

func TestParseRateRefuses(t *testing.T) {
	t.Parallel()
	for _, text := range []string{
		"20", "20/", "/s", "0/s", "-1/s", "1.5/s", "20/x", "20/0s", "20/-1s", "20 /s", " 20/s", "20/s ", "s/20",
		"20/s burst", "20/s burst 0", "20/s burst -1", "20/s burst x", "99999999999/s", "2000000000/s", "1/d burst 4294967295", "off",
	} {
		if got, err := tools.ParseRate(text); err == nil {
			t.Errorf("%q is taken for %+v", text, got)
		}
	}
}

func ExampleParseRate() {
	rate, err := tools.ParseRate("100/m burst 10")
	fmt.Println(rate.Count, rate.Per, rate.Burst, err)
	fmt.Println(tools.Rate{Count: 20})
	// Output:
	// 100 1m0s 10 <nil>
	// 20/s
}

// TestRateText checks that a rate stands as text in configurations.
func TestRateText(t *testing.T) {
	t.Parallel()
	var config struct{ Rate tools.Rate }
	if err := json.Unmarshal([]byte(`{"Rate":"5/h"}`), &config); err != nil || config.Rate.Per != time.Hour {
		t.Errorf("%+v, %v", config, err)
	}
	if text, err := json.Marshal(config); string(text) != `{"Rate":"5/h"}` {
		t.Errorf("%s, %v", text, err)
	}
	before := config
	if err := json.Unmarshal([]byte(`{"Rate":"often"}`), &config); err == nil || config != before {
		t.Errorf("%+v, %v", config, err)
	}
}
