package main

import (
	"fmt"
	"math"
	"os"
	"path/filepath"

	"github.com/sluice-dev/sluice/bench/page"
	"gonum.org/v1/plot"
	"gonum.org/v1/plot/plotter"
	"gonum.org/v1/plot/plotutil"
	"gonum.org/v1/plot/vg"
	_ "gonum.org/v1/plot/vg/vgsvg" // the format of the files
)

// A chart is one plot of lines.
type chart struct {
	file, title, x, y string
	tick              func(x float64) string // names the places on the x axis; both axes are logarithmic then
	lines             []line
}

// A line of a chart.
type line struct {
	name   string
	points plotter.XYs
}

// plot writes the charts that there are figures for, and returns the Markdown that
// shows them.
func (r *report) plot(folder string) (images []string, err error) {
	if err := os.MkdirAll(folder, 0o755); err != nil {
		return nil, err
	}
	for _, c := range r.charts() {
		if len(c.lines) == 0 {
			continue
		}
		if err := c.save(folder); err != nil {
			return nil, fmt.Errorf("%s: %w", c.file, err)
		}
		images = append(images, fmt.Sprintf("![%s](%s/%s)", c.title, filepath.Base(folder), c.file))
	}
	return images, nil
}

func (r *report) charts() []chart {
	memory := chart{file: "memory.svg", title: "Memory over a long run", x: "share of the run in %", y: "resident MiB"}
	for _, b := range r.budgets {
		if len(b.series) > 0 {
			memory.lines = append(memory.lines, line{"every " + b.every, overShare(b.series)})
		}
	}
	text, micro := "text", "server CPU per call in µs"
	return []chart{
		{file: "stdio.svg", title: "stdio, 16 calls in flight", x: text, y: micro, tick: sizeTick,
			lines: r.lines([]string{syncFloor, goFloor, sluice, mcpGo, goSDK}, bySize("stdio"))},
		{file: "websocket.svg", title: "WebSocket, 16 calls in flight", x: text, y: micro, tick: sizeTick,
			lines: r.lines([]string{wsFloor, sluice}, bySize("websocket"))},
		{file: "connections.svg", title: "WebSocket, 64 B, one call in flight on each connection", x: "connections", y: micro, tick: countTick,
			lines: r.lines([]string{wsFloor, sluice}, byConnections)},
		memory,
	}
}

// lines returns a line a server, through the results that have a place on the x axis.
func (r *report) lines(servers []string, place func(comparison) (x float64, ok bool)) (all []line) {
	for _, name := range servers {
		l := line{name: name}
		for _, one := range r.results {
			x, ok := place(one.comparison)
			if y := one.median(cpuOf) / 1e3; ok && one.server == name && y > 0 {
				l.points = append(l.points, plotter.XY{X: x, Y: y})
			}
		}
		if len(l.points) > 1 {
			all = append(all, l)
		}
	}
	return all
}

func bySize(transport string) func(comparison) (float64, bool) {
	return func(c comparison) (float64, bool) {
		return float64(c.size), c.name == transport+"/"+sizeName(c.size)
	}
}

func byConnections(c comparison) (float64, bool) {
	return float64(c.clients), c.name == connections(c.clients)
}

// overShare places a series of bytes over the share of the run in percent.
func overShare(series []float64) (points plotter.XYs) {
	for i, v := range series {
		points = append(points, plotter.XY{X: 100 * float64(i+1) / float64(len(series)), Y: v / (1 << 20)})
	}
	return points
}

func sizeTick(x float64) string  { return sizeName(int(x)) }
func countTick(x float64) string { return page.Grouped(int(x)) }

func (c chart) save(folder string) error {
	p := plot.New()
	p.Title.Text, p.X.Label.Text, p.Y.Label.Text = c.title, c.x, c.y
	p.Legend.Top, p.Legend.Left = true, true
	p.Add(plotter.NewGrid())
	for i, l := range c.lines {
		drawn, points, err := plotter.NewLinePoints(l.points)
		if err != nil {
			return err
		}
		color := plotutil.DarkColors[i%len(plotutil.DarkColors)]
		drawn.Color, drawn.Width, points.Color, points.Shape = color, vg.Points(1.5), color, plotutil.Shape(i)
		p.Add(drawn, points)
		p.Legend.Add(l.name, drawn, points)
	}
	c.scale(p)
	return p.Save(7*vg.Inch, 4*vg.Inch, filepath.Join(folder, c.file))
}

// scale sets the axes so that the legend, at the top left, has room.
func (c chart) scale(p *plot.Plot) {
	if c.tick == nil {
		p.Y.Min, p.Y.Max = 0, 1.5*p.Y.Max
		return
	}
	p.Y.Min, p.Y.Max = math.Pow10(int(math.Floor(math.Log10(p.Y.Min)))), math.Pow10(int(math.Ceil(math.Log10(p.Y.Max))))
	p.X.Scale, p.Y.Scale, p.Y.Tick.Marker = plot.LogScale{}, plot.LogScale{}, plot.LogTicks{Prec: -1}
	var ticks plot.ConstantTicks
	for _, at := range c.lines[0].points {
		ticks = append(ticks, plot.Tick{Value: at.X, Label: c.tick(at.X)})
	}
	p.X.Tick.Marker = ticks
}
