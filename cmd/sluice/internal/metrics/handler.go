package metrics

import (
	"log/slog"
	"net/http"
	"time"

	"github.com/prometheus/client_golang/prometheus"
	"github.com/prometheus/client_golang/prometheus/collectors"
	"github.com/prometheus/client_golang/prometheus/promhttp"
)

const (
	// maxScrapes is how many scrapes are served at once, lest they become a load.
	maxScrapes = 4
	// scrapeTimeout is how long one may take; Prometheus itself waits for 10 s.
	scrapeTimeout = 10 * time.Second
)

// NewHandler returns what answers a scrape: the numbers of the source, of the Go runtime
// and of the process, in the format that the scraper asks for.
func NewHandler(s Source, logger *slog.Logger) http.Handler {
	registry := prometheus.NewPedanticRegistry()
	registry.MustRegister(NewCollector(s), collectors.NewGoCollector(),
		collectors.NewProcessCollector(collectors.ProcessCollectorOpts{}))
	return promhttp.HandlerFor(registry, promhttp.HandlerOpts{
		ErrorLog:            slog.NewLogLogger(logger.Handler(), slog.LevelWarn),
		ErrorHandling:       promhttp.ContinueOnError, // what there is of the numbers is better than none
		MaxRequestsInFlight: maxScrapes,
		Timeout:             scrapeTimeout,
	})
}
