package executor

import (
	"container/heap"
	"fmt"
	"math"
	"math/rand/v2"
	"slices"
	"strconv"
	"testing"
	"time"
)

// A world is what a schedule of the simulation is drawn from.
type world struct {
	name      string
	tools     int
	limited   bool // tools have limits of their own
	strangers bool // each call has a caller of its own
	restless  bool // limits and sizes change, calls leave
	bounded   bool // callers have slots and places of their own
}

var worlds = []world{
	{name: "server", tools: 1},
	{name: "server and tools", tools: 4},
	{name: "a tool", tools: 1, limited: true},
	{name: "tools", tools: 4, limited: true},
	{name: "strangers", tools: 3, limited: true, strangers: true},
	{name: "restless", tools: 4, limited: true, restless: true},
	{name: "restless strangers", tools: 1, restless: true, strangers: true},
	{name: "bounded callers", tools: 1, bounded: true},
	{name: "bounded callers of tools", tools: 4, bounded: true},
	{name: "bounded callers of limited tools", tools: 4, limited: true, bounded: true},
	{name: "restless bounded callers", tools: 3, limited: true, restless: true, bounded: true},
	{name: "restless bounded strangers", tools: 2, restless: true, strangers: true, bounded: true},
}

// TestSimulation draws schedules at random and runs them in virtual time: who calls
// when, what, in which class, and how long it takes, who leaves, and how sizes change.
// After each event the slots are in order, and each call that is given a slot has
// waited for no longer than the package's documentation allows. A failure names the
// seed of its schedule.
func TestSimulation(t *testing.T) {
	t.Parallel()
	for _, w := range worlds {
		t.Run(w.name, func(t *testing.T) {
			t.Parallel()
			schedules := uint64(300)
			if testing.Short() {
				schedules = 60
			}
			for seed := range schedules {
				if !t.Run(fmt.Sprint("seed", seed), func(t *testing.T) { newSimulation(t, w, seed).run() }) {
					return
				}
			}
		})
	}
}

type simulation struct {
	world
	t        *testing.T
	r        *rand.Rand
	s        slots
	lanes    []*lane
	callers  int
	bounds   []Allowance // of each caller
	load     float64     // of the server, by the calls that come
	longest  time.Duration
	now      time.Duration
	running  departures
	waiting  []*watch
	arrivals int
	resized  int // how often
}

// A watch sees a call wait.
type watch struct {
	ticket
	number, resized int
	came, ends      time.Duration
	own             int     // calls of its flow before it when it came
	lane, server    byClass // slots that went to others meanwhile, in its lane and over all
	who             int     // the number of its caller
	slept           bool    // its caller had all its slots at the last slot that went to another
	woken           int     // how often that was over
	others, class   [8]int  // those of them in its line and in its class, by caller
}

// byClass counts slots by the class that they went to.
type byClass [classes]int

func (c byClass) above(class int) (n int) {
	for _, m := range c[class+1:] {
		n += m
	}
	return n
}

func newSimulation(t *testing.T, w world, seed uint64) *simulation {
	r := rand.New(rand.NewPCG(seed, 7))
	m := &simulation{world: w, t: t, r: r, callers: 1 + r.IntN(6), load: 0.5 + 2*r.Float64(), longest: time.Second}
	m.s = slots{capacity: 1 + r.IntN(6), room: 10 + r.IntN(60), space: int64(500 + r.IntN(5000))}
	for range w.tools {
		m.lanes = append(m.lanes, &lane{capacity: m.draw()})
	}
	for range m.callers {
		m.bounds = append(m.bounds, m.drawBounds())
	}
	return m
}

// drawBounds draws what a caller may have: some may have anything.
func (m *simulation) drawBounds() Allowance {
	if !m.bounded || m.r.IntN(3) == 0 {
		return Allowance{}
	}
	return Allowance{Concurrency: m.r.IntN(4), Queue: m.r.IntN(30) - 1}
}

func (m *simulation) draw() int {
	if !m.limited {
		return 0
	}
	return m.r.IntN(4)
}

// run has calls come for a while and then lets all end.
func (m *simulation) run() {
	const calls = 150
	next := time.Duration(0)
	for m.arrivals < calls || len(m.running) > 0 {
		if m.arrivals < calls && (len(m.running) == 0 || next < m.running[0].ends) {
			m.now = next
			m.arrive()
			mean := float64(m.longest) / 2 / float64(m.s.capacity) / m.load
			next += time.Duration(m.r.ExpFloat64() * mean)
		} else {
			m.end()
		}
		if m.restless && m.r.IntN(8) == 0 {
			m.disturb()
		}
		checkSlots(m.t, &m.s, m.lanes)
		m.checkAccounts()
	}
	if len(m.waiting) > 0 || m.s.running > 0 {
		m.t.Fatalf("%d wait, %d run at the end", len(m.waiting), m.s.running)
	}
}

func (m *simulation) arrive() {
	m.arrivals++
	w := &watch{number: m.arrivals, resized: m.resized, came: m.now, who: min(m.r.IntN(m.callers), m.r.IntN(m.callers))} // some call more often
	k := &w.ticket
	k.lane, k.class, k.bytes = m.lanes[m.r.IntN(len(m.lanes))], min(m.r.IntN(5), interactive), int64(m.r.IntN(200))
	k.caller = strconv.Itoa(w.who)
	if m.strangers {
		k.caller, w.who = strconv.Itoa(m.arrivals), 0
	}
	if m.bounded {
		k.account = m.s.account(k.caller, &m.bounds[w.who])
	}
	if m.s.take(k) {
		m.start(w)
		return
	}
	if by := m.s.classes[k.class].callers[k.caller]; by != nil {
		if f := by.flow(&k.lane.lines[k.class]); f != nil {
			w.own = f.waiting
		}
	}
	full := m.s.waiting >= m.s.room || m.s.bytes+k.bytes > m.s.space || m.crowded(w)
	yields := m.yields(w)
	refused := m.s.enter(k, math.MaxInt64) != refusedNot
	switch pushed := slices.IndexFunc(m.waiting, func(o *watch) bool { return o.ticket.pushed != refusedNot }); {
	case refused && !full, !refused && full && pushed < 0, pushed >= 0 && (refused || !full || m.waiting[pushed] != yields):
		m.t.Fatalf("refused: %v, full: %v, pushed out: %d, to yield: %+v", refused, full, pushed, yields)
	case refused && yields != nil && m.s.waiting <= m.s.room && m.s.bytes-yields.ticket.bytes+k.bytes <= m.s.space:
		m.t.Fatalf("call %d was refused, and call %d did not yield", w.number, yields.number)
	case pushed >= 0:
		m.waiting = slices.Delete(m.waiting, pushed, pushed+1)
	}
	if !refused {
		m.waiting = append(m.waiting, w)
	}
	m.s.forget(k.account)
	m.settle()
}

// crowded reports whether as many calls of its caller wait as may.
func (m *simulation) crowded(w *watch) bool {
	bound := m.bounds[w.who].Queue
	if bound == 0 {
		return false
	}
	n := 0
	for _, o := range m.waiting {
		if o.ticket.caller == w.ticket.caller {
			n++
		}
	}
	return n >= max(bound, 0)
}

// yields returns the call that is to give its place to the one that comes: the rule of
// slots.yields, worked out from who waits. Of callers with equally many it may be any.
func (m *simulation) yields(w *watch) *watch {
	if m.crowded(w) {
		return m.yieldsOwn(w)
	}
	counts, totals := [classes]map[string]int{{}, {}, {}}, byClass{}
	for _, o := range m.waiting {
		counts[o.ticket.class][o.ticket.caller]++
		totals[o.ticket.class]++
	}
	class, from := w.ticket.class, -1
	for i := range classes {
		above := i > class && totals[class] < m.s.reserve(class)
		if from < 0 && (i < class || above) && totals[i] > m.s.reserve(i) {
			from = i
		}
	}
	if from < 0 {
		from = class
	}
	most, last := 0, (*watch)(nil)
	for _, n := range counts[from] {
		most = max(most, n)
	}
	if most == 0 || from == class && most <= counts[class][w.ticket.caller]+1 {
		return nil
	}
	first := m.s.classes[from].crowd.most()
	if counts[from][first.name] != most {
		m.t.Fatalf("%s has %d waiting, another %d", first.name, counts[from][first.name], most)
	}
	for _, o := range m.waiting {
		if o.ticket.class == from && o.ticket.caller == first.name {
			last = o
		}
	}
	return last
}

// yieldsOwn returns the last call of the same caller in the lowest class below that of the
// one that comes.
func (m *simulation) yieldsOwn(w *watch) (last *watch) {
	for _, o := range m.waiting {
		own := o.ticket.caller == w.ticket.caller && o.ticket.class < w.ticket.class
		if own && (last == nil || o.ticket.class <= last.ticket.class) {
			last = o
		}
	}
	return last
}

func (m *simulation) start(w *watch) {
	if a := w.ticket.account; a != nil && a.capacity > 0 && a.running > a.capacity {
		m.t.Fatalf("%d of %d of the caller run", a.running, a.capacity)
	}
	if l := w.ticket.lane; m.s.running > m.s.capacity || l.capacity > 0 && l.running > l.capacity {
		m.t.Fatalf("%d of %d run, %d of %d of the tool", m.s.running, m.s.capacity, l.running, l.capacity)
	}
	w.ends = m.now + time.Duration(m.r.Int64N(int64(m.longest)))
	heap.Push(&m.running, w)
}

// end lets the call end that is the first to.
func (m *simulation) end() {
	w := heap.Pop(&m.running).(*watch)
	m.now = w.ends
	m.s.served(w.ticket.lane, w.ends-w.came)
	m.s.leave(&w.ticket)
	m.s.forget(w.ticket.account)
	m.settle()
}

func (m *simulation) checkAccounts() {
	running := map[string]int{}
	for _, w := range m.running {
		if w.ticket.account != nil {
			running[w.ticket.caller]++
		}
	}
	checkAccounts(m.t, &m.s, running)
}

// disturb changes a size or has a waiting call leave.
func (m *simulation) disturb() {
	switch n := m.r.IntN(7); {
	case n == 2 && m.bounded:
		m.resized++
		who := m.r.IntN(m.callers)
		m.bounds[who] = m.drawBounds()
		for name, a := range m.s.accounts { // as Adjust has it
			if m.strangers || name == strconv.Itoa(who) {
				was := a.full()
				a.capacity = max(m.bounds[who].Concurrency, 0)
				m.s.turn(a, was)
			}
		}
	case n == 0:
		m.resized++
		m.s.capacity, m.s.room, m.s.space = 1+m.r.IntN(6), m.r.IntN(60), int64(1+m.r.IntN(5000))
	case n == 1:
		m.resized++
		l := m.lanes[m.r.IntN(len(m.lanes))]
		l.capacity = m.draw()
		m.s.sort(l)
	case len(m.waiting) > 0:
		i := m.r.IntN(len(m.waiting))
		m.s.leave(&m.waiting[i].ticket)
		m.s.forget(m.waiting[i].ticket.account)
		m.waiting = slices.Delete(m.waiting, i, i+1)
	}
	m.settle()
}

// settle hands out the free slots as dispatch does, and looks at each.
func (m *simulation) settle() {
	for k := m.s.next(); k != nil; k = m.s.next() {
		i := slices.IndexFunc(m.waiting, func(w *watch) bool { return &w.ticket == k })
		w := m.waiting[i]
		m.waiting = slices.Delete(m.waiting, i, i+1)
		m.check(w)
		for _, o := range m.waiting {
			o.see(w)
		}
		m.start(w)
	}
}

// see counts a slot that goes to another call.
func (w *watch) see(o *watch) {
	k := &o.ticket
	if w.ticket.account.full() { // it could not have had the slot
		w.slept = true
		return
	}
	if w.slept {
		w.slept, w.woken = false, w.woken+1
	}
	w.server[k.class]++
	if k.class == w.ticket.class && k.caller != w.ticket.caller {
		w.class[o.who]++
	}
	if k.lane != w.ticket.lane {
		return
	}
	w.lane[k.class]++
	if k.class == w.ticket.class && k.caller != w.ticket.caller {
		w.others[o.who]++
	}
}

type departures []*watch

func (h departures) Len() int           { return len(h) }
func (h departures) Less(i, j int) bool { return h[i].ends < h[j].ends }
func (h departures) Swap(i, j int)      { h[i], h[j] = h[j], h[i] }
func (h *departures) Push(w any)        { *h = append(*h, w.(*watch)) }
func (h *departures) Pop() any {
	w := (*h)[len(*h)-1]
	*h = (*h)[:len(*h)-1]
	return w
}

// check fails the test where the call that is given a slot has waited for too long.
func (m *simulation) check(w *watch) {
	k := &w.ticket
	for _, o := range m.waiting {
		equal := o.ticket.lane == k.lane && o.ticket.class == k.class && (m.strangers || o.ticket.caller == k.caller)
		if equal && o.number < w.number {
			m.t.Fatalf("call %d overtook call %d", w.number, o.number)
		}
	}
	m.checkAge("its tool", w, w.lane)
	m.checkCallers("its tool and class", w, w.others, (w.own+1)*m.share())
	if !m.limited {
		m.checkAge("the server", w, w.server)
		m.checkCallers("its class", w, w.class, (w.own+1)*m.tools+m.tools-1)
		m.checkTime(w)
	}
}

// share is how many calls of another caller may go before the first of one in a line.
func (m *simulation) share() int {
	if m.tools == 1 {
		return 1
	}
	return m.tools + 1
}

// checkAge checks that the higher classes had no more slots than the class lets pass for
// each of its own, the one included that the call has now.
func (m *simulation) checkAge(what string, w *watch, slots byClass) {
	class := w.ticket.class
	if n := slots.above(class); n > patience[class]*(slots[class]+1+w.woken) {
		m.t.Fatalf("call %d of class %d: %d slots of %s went to higher classes and %d to its own",
			w.number, class, n, what, slots[class])
	}
	if m.limited && m.tools > 1 {
		return // a tool may get what is due to lower classes over all
	}
	for low := range class {
		if n := slots[low]; n > 2*(1+w.woken+slots.above(low)/patience[low])+m.tools-1 {
			m.t.Fatalf("call %d of class %d: %d slots of %s went to class %d: %v", w.number, class, n, what, low, slots)
		}
	}
}

// checkCallers checks that no other caller had more than so many slots.
func (m *simulation) checkCallers(what string, w *watch, slots [8]int, most int) {
	if n := slices.Max(slots[:]); n > most && !m.strangers {
		m.t.Fatalf("call %d, with %d of its caller before it: %d slots of %s went to another caller, at most %d may",
			w.number, w.own, n, what, most)
	}
}

// checkTime checks that as many slots come free as there are in the time of the longest
// call.
func (m *simulation) checkTime(w *watch) {
	n := 1
	for _, k := range w.server {
		n += k
	}
	rounds := (n + m.s.capacity - 1) / m.s.capacity
	unbounded := w.ticket.account == nil || w.ticket.account.capacity == 0
	if waited := m.now - w.came; waited > time.Duration(rounds)*m.longest && w.resized == m.resized && unbounded {
		m.t.Fatalf("call %d waited %v for %d slots of %d", w.number, waited, n, m.s.capacity)
	}
}
