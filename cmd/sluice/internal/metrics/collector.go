package metrics

import (
	"sync"

	"github.com/prometheus/client_golang/prometheus"

	"github.com/sluice-dev/sluice/executor"
)

// other is the label of what has none of its own.
const other = "other"

// maxTools is how many tools have a label of their own. Whoever is called first has one,
// for as long as the engine has counts of it.
const maxTools = 1000

// A Collector reads a source when it is scraped. It is safe for concurrent use.
type Collector struct {
	source Source

	mu    sync.Mutex // guards tools
	tools map[string]bool
}

// NewCollector returns a collector for the numbers of a source.
func NewCollector(s Source) *Collector { return &Collector{source: s, tools: map[string]bool{}} }

// Describe implements [prometheus.Collector].
func (c *Collector) Describe(to chan<- *prometheus.Desc) {
	for _, desc := range families {
		to <- desc
	}
}

// Collect implements [prometheus.Collector].
func (c *Collector) Collect(to chan<- prometheus.Metric) {
	m := c.source.Engine()
	for name, counts := range c.labelled(&m) {
		sendTool(to, name, counts)
	}
	for name, counts := range callers(&m) {
		sendCaller(to, name, counts)
	}
	sendQueue(to, &m)
	sendRefusals(to, &m)
	sendInFlight(to, &m)
	c.source.sendServer(to)
}

// labelled returns the counts of tools by the labels that they have.
func (c *Collector) labelled(m *executor.Metrics) map[string]*executor.Counts {
	c.mu.Lock()
	defer c.mu.Unlock()
	for name := range c.tools {
		if _, known := m.Tools[name]; !known {
			delete(c.tools, name)
		}
	}
	others := m.OtherTools
	labelled := map[string]*executor.Counts{other: &others}
	for name, counts := range m.Tools {
		if name == other || !c.tools[name] && len(c.tools) >= maxTools {
			others.Add(&counts)
			continue
		}
		c.tools[name] = true
		labelled[name] = &counts
	}
	return labelled
}
