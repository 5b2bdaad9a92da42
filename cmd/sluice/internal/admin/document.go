package admin

import "time"

// The paths of the API.
const (
	PathCalls    = "/admin/calls"     // GET; DELETE with a slash and an id
	PathMetrics  = "/admin/metrics"   // GET
	PathHealth   = "/admin/health"    // GET
	PathLogLevel = "/admin/log-level" // GET, PUT
)

// Calls are the calls in flight, the oldest first.
type Calls struct {
	Now   time.Time `json:"now"`
	Calls []Call    `json:"calls"`
}

// A Call is one call in flight. Neither its arguments nor its result are in it.
type Call struct {
	ID        string    `json:"id"`
	Tool      string    `json:"tool"`
	Caller    string    `json:"caller,omitempty"`
	Transport string    `json:"transport,omitempty"`
	Priority  string    `json:"priority"`
	State     string    `json:"state"` // waiting, running, abandoned, left
	WaitsFor  string    `json:"waitsFor,omitempty"`
	Queued    time.Time `json:"queued"`
	AgeMs     int64     `json:"ageMs"`
	RunMs     int64     `json:"runMs,omitempty"` // since it has its slot
	Progress  *Progress `json:"progress,omitempty"`
}

// Progress is what a call has reported last.
type Progress struct {
	Done    float64 `json:"done"`
	Total   float64 `json:"total,omitempty"`
	Message string  `json:"message,omitempty"`
}

// Stopped is the answer to DELETE.
type Stopped struct {
	ID string `json:"id"`
}

// LogLevel is from which level on the server logs: debug, info, warn or error.
type LogLevel struct {
	Level string `json:"level"`
}

// Problem is the answer where something cannot be done.
type Problem struct {
	Error string `json:"error"`
}

// Metrics are the numbers of a server, as counted since its start.
type Metrics struct {
	Now         time.Time         `json:"now"`
	Version     string            `json:"version"`
	Draining    bool              `json:"draining"`
	Total       Counts            `json:"total"`
	Tools       map[string]Counts `json:"tools"`
	OtherTools  Counts            `json:"otherTools"` // that are gone, or never were
	Callers     map[string]Counts `json:"callers"`
	OtherCaller Counts            `json:"otherCallers"`
	Queue       Queue             `json:"queue"`
	InFlight    InFlight          `json:"inFlight"`
	Cache       Cache             `json:"cache"`
	Connections *Connections      `json:"connections,omitempty"`
	Upstreams   []Upstream        `json:"upstreams,omitempty"`
	Dropped     Dropped           `json:"dropped"`
}

// Counts are the numbers of some calls.
type Counts struct {
	Calls      uint64            `json:"calls"` // that have ended
	OK         uint64            `json:"ok"`
	ToolErrors uint64            `json:"toolErrors"`
	Failed     map[string]uint64 `json:"failed,omitempty"` // by kind
	Refused    uint64            `json:"refused"`
	Running    int               `json:"running"`
	Waiting    int               `json:"waiting"`
	Abandoned  int               `json:"abandoned"`
	CacheHits  uint64            `json:"cacheHits,omitempty"`
	Coalesced  uint64            `json:"coalesced,omitempty"`
	Breaker    string            `json:"breaker,omitempty"` // open or half_open; empty is closed
	Wait       Durations         `json:"wait"`
	Run        Durations         `json:"run"`
	CPUMs      int64             `json:"cpuMs,omitempty"`
}

// Durations are times in milliseconds.
type Durations struct {
	MeanMs float64 `json:"meanMs"`
	P50Ms  float64 `json:"p50Ms"`
	P99Ms  float64 `json:"p99Ms"`
}

// Queue is the state of the queue.
type Queue struct {
	Slots   int            `json:"slots"`
	Used    int            `json:"used"`
	Room    int            `json:"room"`
	Waiting map[string]int `json:"waiting"` // by class
}

// InFlight is what the calls in flight take.
type InFlight struct {
	Calls int   `json:"calls"`
	Bytes int64 `json:"bytes"`
}

// Cache is what the cache keeps.
type Cache struct {
	Entries int   `json:"entries"`
	Bytes   int64 `json:"bytes"`
}

// Connections are those over WebSocket.
type Connections struct {
	Open     int    `json:"open"`
	Accepted uint64 `json:"accepted"`
}

// An Upstream is another server whose tools are served.
type Upstream struct {
	Name  string `json:"name"`
	State string `json:"state"`
	Tools int    `json:"tools"`
}

// Dropped is what could not be kept.
type Dropped struct {
	History uint64 `json:"history"`
	Audit   uint64 `json:"audit"`
	Log     uint64 `json:"log"`
	Spans   uint64 `json:"spans"`
}
