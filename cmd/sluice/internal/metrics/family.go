package metrics

import "github.com/prometheus/client_golang/prometheus"

// A family is the metrics of one name.
type family struct {
	desc *prometheus.Desc
	kind prometheus.ValueType
}

// families are all that the collector may send.
var families []*prometheus.Desc

func counter(name, help string, labels ...string) family {
	return newFamily(prometheus.CounterValue, name, help, labels)
}

func gauge(name, help string, labels ...string) family {
	return newFamily(prometheus.GaugeValue, name, help, labels)
}

// histogram is for durations.
func histogram(name, help string, labels ...string) family {
	return newFamily(prometheus.UntypedValue, name, help, labels)
}

func newFamily(kind prometheus.ValueType, name, help string, labels []string) family {
	f := family{prometheus.NewDesc("sluice_"+name, help, labels, nil), kind}
	families = append(families, f.desc)
	return f
}

// send sends one value.
func (f family) send(to chan<- prometheus.Metric, value float64, labels ...string) {
	to <- prometheus.MustNewConstMetric(f.desc, f.kind, value, labels...)
}

func number(truth bool) float64 {
	if truth {
		return 1
	}
	return 0
}
