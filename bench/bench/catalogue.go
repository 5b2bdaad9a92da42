package main

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"strconv"
	"time"
)

// manyTools compares the processor time of a call among 10 and among 10 000 tools.
func manyTools(ctx context.Context, f *fleet, o options) ([]budget, error) {
	few, many := f.many.with("-tools", "10"), f.many.with("-tools", "10000")
	few.name, many.name = "10 tools", "10000 tools"
	results, err := measureRounds(ctx, comparison{name: "tools", servers: []server{few, many}, load: echo(64), clients: 1, inFlight: 16}, o)
	if err != nil {
		return nil, err
	}
	a, b := results[1], results[0]
	return []budget{{
		what: "CPU per call, 10 000 tools to 10", value: ratio(a.values(cpuOf), b.values(cpuOf)), limit: flat, unit: times,
		note: fmt.Sprintf("%s to %s", microseconds(a.median(cpuOf)), microseconds(b.median(cpuOf))),
	}}, nil
}

// listTools reads what a server of 10 000 tools allocates to list them all, once it has
// listed them before.
func listTools(ctx context.Context, f *fleet, o options) ([]budget, error) {
	r, counts, err := startCounting(ctx, f.many.with("-tools", "10000"))
	if err != nil {
		return nil, err
	}
	defer counts.close()
	got, err := listRepeatedly(ctx, r, counts, o.count(100))
	if err = errors.Join(err, r.stop()); err != nil {
		return nil, err
	}
	return []budget{
		{what: "Allocations to list 10 000 tools", value: got.objects, limit: 1000, unit: count, note: "so not one for each tool"},
		{what: "Bytes allocated to list 10 000 tools, to those sent", value: got.bytes / got.sent, limit: 0.1, unit: times,
			note: fmt.Sprintf("%s for a list of %s, which takes %s", mib(got.bytes), mib(got.sent), milliseconds(float64(got.cpu)))},
	}, nil
}

// A listing is what one costs.
type listing struct {
	allocated
	sent float64 // bytes
	cpu  time.Duration
}

func listRepeatedly(ctx context.Context, r *running, counts *counter, n int) (listing, error) {
	l, err := r.open(ctx)
	if err != nil {
		return listing{}, err
	}
	sent, err := listAll(l) // encodes them
	if err != nil {
		return listing{}, err
	}
	before, err := readAll(r, counts)
	if err != nil {
		return listing{}, err
	}
	for range n {
		if _, err := listAll(l); err != nil {
			return listing{}, err
		}
	}
	after, err := readAll(r, counts)
	all := after.allocated.since(before.allocated)
	return listing{allocated{all.objects / float64(n), all.bytes / float64(n)}, float64(sent), (after.server - before.server) / time.Duration(n)}, err
}

func readAll(r *running, counts *counter) (u usage, err error) {
	if u.server, err = r.cpu(); err == nil {
		u.allocated, err = counts.read()
	}
	return u, err
}

// listAll reads all pages and returns their bytes.
func listAll(l link) (sent int, err error) {
	var cursor string
	for id := 1; ; id++ {
		params := "{}"
		if cursor != "" {
			params = `{"cursor":` + strconv.Quote(cursor) + `}`
		}
		if err := l.write(fmt.Appendf(nil, `{"jsonrpc":"2.0","id":%d,"method":"tools/list","params":%s}`+"\n", id, params)); err != nil {
			return sent, err
		}
		page, err := await(l, id)
		if err != nil {
			return sent, err
		}
		sent += len(page)
		if cursor = cursorOf(page); cursor == "" {
			return sent, nil
		}
	}
}

// cursorOf returns the cursor of the page behind this one; empty at the last. Cursors of
// Sluice need no escapes.
func cursorOf(page []byte) string {
	_, rest, found := bytes.Cut(page, []byte(`"nextCursor":"`))
	if !found {
		return ""
	}
	cursor, _, _ := bytes.Cut(rest, []byte(`"`))
	return string(cursor)
}
