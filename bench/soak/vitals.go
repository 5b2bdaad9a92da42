package main

import (
	"bufio"
	"context"
	"fmt"
	"io"
	"maps"
	"math"
	"net/http"
	"os"
	"slices"
	"strconv"
	"strings"
	"time"
)

// vitals are what the process holds at a time.
type vitals struct {
	heap       float64 // bytes of the Go heap, with what is not collected yet
	resident   float64
	goroutines float64
	files      float64 // open
	processes  float64 // that came from it
	abandoned  float64 // handlers that still run
	inFlight   float64
	sockets    float64 // WebSocket connections
	collected  float64 // when the heap was last
	processor  float64 // seconds that the process itself has used
}

// The metrics that these are read from.
var metricNames = map[string]func(*vitals) *float64{
	"go_memstats_heap_alloc_bytes":     func(v *vitals) *float64 { return &v.heap },
	"process_resident_memory_bytes":    func(v *vitals) *float64 { return &v.resident },
	"go_goroutines":                    func(v *vitals) *float64 { return &v.goroutines },
	"process_open_fds":                 func(v *vitals) *float64 { return &v.files },
	"sluice_handlers_abandoned":        func(v *vitals) *float64 { return &v.abandoned },
	"sluice_calls_in_flight":           func(v *vitals) *float64 { return &v.inFlight },
	"sluice_websocket_connections":     func(v *vitals) *float64 { return &v.sockets },
	"process_cpu_seconds_total":        func(v *vitals) *float64 { return &v.processor },
	"go_memstats_last_gc_time_seconds": func(v *vitals) *float64 { return &v.collected },
}

// vitals scrapes the server.
func (r *soaker) vitals(ctx context.Context) (v vitals, err error) {
	body, err := r.admin(ctx, "/metrics")
	if err != nil {
		return v, err
	}
	found := map[string]bool{}
	for lines := bufio.NewScanner(strings.NewReader(body)); lines.Scan(); {
		name, value, _ := strings.Cut(lines.Text(), " ")
		name, _, _ = strings.Cut(name, "{")
		if field, ok := metricNames[name]; ok {
			n, err := strconv.ParseFloat(value, 64)
			if err != nil {
				return v, fmt.Errorf("%s: %w", name, err)
			}
			*field(&v) += n
			found[name] = true
		}
	}
	if len(found) < len(metricNames) {
		return v, fmt.Errorf("a scrape has only the metrics %v", slices.Collect(maps.Keys(found)))
	}
	processes, err := r.server.family()
	v.processes = float64(processes)
	return v, err
}

// once keeps no connection open, which the server would hold too.
var once = &http.Client{Transport: &http.Transport{DisableKeepAlives: true}}

// admin asks the admin listener.
func (r *soaker) admin(ctx context.Context, path string) (string, error) {
	token, err := os.ReadFile(r.plan.tokenFile("operator"))
	if err != nil {
		return "", err
	}
	request, err := http.NewRequestWithContext(ctx, http.MethodGet, r.server.admin+path, nil)
	if err != nil {
		return "", err
	}
	request.Header.Set("Authorization", "Bearer "+string(token))
	response, err := once.Do(request)
	if err != nil {
		return "", err
	}
	defer func() { _ = response.Body.Close() }()
	body, err := io.ReadAll(response.Body)
	if err == nil && response.StatusCode != http.StatusOK {
		err = fmt.Errorf("%s was answered %s: %.200s", path, response.Status, body)
	}
	return string(body), err
}

// collections is how often the heap is collected until its size is believed.
const collections = 3

// rest scrapes a server at rest until its heap has been collected a few times, which the
// scraping itself brings about, and returns the least of each that it held meanwhile: what
// is more is the scrapes' own.
func (r *soaker) rest(ctx context.Context) (least vitals, err error) {
	ctx, cancel := context.WithTimeout(ctx, patience)
	defer cancel()
	if least, err = r.vitals(ctx); err != nil {
		return least, err
	}
	least.heap = math.Inf(1) // there may be what is not collected yet
	for seen, last := 0, least.collected; seen <= collections; {
		v, err := r.vitals(ctx)
		if err != nil {
			return v, err
		}
		if v.collected != last {
			last = v.collected
			seen++
		}
		if seen > 0 {
			least.heap = min(least.heap, v.heap)
		}
		least.resident, least.processes, least.abandoned, least.inFlight, least.sockets = v.resident, v.processes, v.abandoned, v.inFlight, v.sockets
		least.goroutines, least.files = min(least.goroutines, v.goroutines), min(least.files, v.files)
	}
	return least, nil
}

// settled waits until the server holds no more than the baseline allows, or for as long
// as it may take, and returns what it holds then.
func (r *soaker) settled(ctx context.Context, within time.Duration, enough func(vitals) bool) (v vitals, err error) {
	for end := time.Now().Add(within); ; pause(ctx, 500*time.Millisecond) {
		if v, err = r.rest(ctx); err != nil || enough(v) || time.Now().After(end) {
			return v, err
		}
	}
}
