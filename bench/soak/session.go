package main

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"os"
	"regexp"
	"strconv"
	"strings"
	"sync"
	"time"

	"github.com/coder/websocket"
)

// patience is how long an answer may take until the call counts as lost: longer than all
// that a call may wait and run.
const patience = time.Minute

// A session is a client's connection. It sends and awaits calls, each with a tag of its
// own, and looks at every message that comes for what does not belong there.
type session struct {
	ledger *ledger
	conn   *websocket.Conn
	modern bool
	name   string
	ended  chan struct{} // closed when nothing is read any more

	mu    sync.Mutex // guards what follows
	next  int
	calls map[int]*call
	why   error // it ended
	bye   bool  // it was we who ended it
}

// A call is one that was sent.
type call struct {
	id       int
	tag      string
	sound    bool // nothing is wrong with its tool
	sent     time.Time
	progress float64
	reports  int
	state    callState
	answered chan struct{}
}

type callState int

const (
	open callState = iota
	cancelled
	answered
)

// dial connects as a caller.
func (r *soaker) dial(ctx context.Context, caller, name string, modern bool) (*session, error) {
	ctx, cancel := context.WithTimeout(ctx, patience)
	defer cancel()
	token, err := os.ReadFile(r.plan.tokenFile(caller))
	if err != nil {
		return nil, err
	}
	conn, _, err := websocket.Dial(ctx, r.server.url, &websocket.DialOptions{
		Subprotocols: []string{"mcp"},
		HTTPHeader:   http.Header{"Authorization": {"Bearer " + string(token)}},
	})
	if err != nil {
		return nil, err
	}
	conn.SetReadLimit(16 << 20)
	s := &session{ledger: r.ledger, conn: conn, modern: modern, name: name, calls: map[int]*call{}, ended: make(chan struct{})}
	r.ledger.count("connections")
	go s.read()
	if !modern {
		err = s.shakeHands(ctx)
	}
	if err != nil {
		s.leave()
		return nil, err
	}
	return s, nil
}

func (s *session) shakeHands(ctx context.Context) error {
	if _, err := s.request(ctx, "initialize",
		`{"protocolVersion":"2025-11-25","capabilities":{},"clientInfo":{"name":"soak","version":"1"}}`); err != nil {
		return err
	}
	return s.write(ctx, `{"jsonrpc":"2.0","method":"notifications/initialized"}`)
}

// write sends a message. The library ends the connection where a context ends a write, and
// with it calls that are in flight, so that of the run may not.
func (s *session) write(ctx context.Context, message string) error {
	return s.writeAs(ctx, websocket.MessageText, message)
}

func (s *session) writeAs(ctx context.Context, kind websocket.MessageType, message string) error {
	ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), patience)
	defer cancel()
	return s.conn.Write(ctx, kind, []byte(message))
}

const modernMeta = `"io.modelcontextprotocol/protocolVersion":"2026-07-28","io.modelcontextprotocol/clientCapabilities":{}`

// call calls a tool with a tag. More are more arguments.
func (s *session) call(ctx context.Context, tool string, sound bool, more ...string) (*call, error) {
	c := s.begin(sound)
	if tool == "kept" {
		c.tag = fmt.Sprintf("tag-kept-%d.", c.id%20) // as others have, whose result it may be
	}
	arguments := append([]string{fmt.Sprintf(`"tag":%q`, c.tag)}, more...)
	return c, s.sendCall(ctx, c, tool, "{"+strings.Join(arguments, ",")+"}")
}

// send calls a tool that takes no tag.
func (s *session) send(ctx context.Context, tool string, sound bool, arguments string) (*call, error) {
	c := s.begin(sound)
	return c, s.sendCall(ctx, c, tool, arguments)
}

// sendCall sends a call; its progress token is its id.
func (s *session) sendCall(ctx context.Context, c *call, tool, arguments string) error {
	meta := fmt.Sprintf(`"progressToken":%d`, c.id)
	if s.modern {
		meta += "," + modernMeta
	}
	s.ledger.send()
	return s.write(ctx, fmt.Sprintf(`{"jsonrpc":"2.0","id":%d,"method":"tools/call","params":{"name":%q,"arguments":%s,"_meta":{%s}}}`, c.id, tool, arguments, meta))
}

// begin makes a call that is about to be sent.
func (s *session) begin(sound bool) *call {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.next++
	c := &call{id: s.next, tag: fmt.Sprintf("tag-%s-%d.", s.name, s.next), sound: sound, sent: time.Now(), answered: make(chan struct{})}
	s.calls[c.id] = c
	return c
}

// await waits for the answer. That there is none is a fault, which the ledger has then.
func (s *session) await(c *call) error {
	timer := time.NewTimer(patience)
	defer timer.Stop()
	select {
	case <-c.answered:
		return nil
	case <-s.ended:
		select {
		case <-c.answered:
			return nil
		default:
		}
		s.ledger.fault("lost", "%s: the connection ended: %v", c.tag, s.why)
	case <-timer.C:
		s.ledger.fault("lost", "%s: no answer in %v", c.tag, patience)
	}
	return errLost
}

var errLost = errors.New("a call was lost")

// request makes any other request and waits for its answer.
func (s *session) request(ctx context.Context, method, params string) (time.Duration, error) {
	c := s.begin(false)
	c.tag = ""
	if err := s.write(ctx, fmt.Sprintf(`{"jsonrpc":"2.0","id":%d,"method":%q,"params":%s}`, c.id, method, params)); err != nil {
		return 0, err
	}
	err := s.await(c)
	return time.Since(c.sent), err
}

// cancel takes a call back.
func (s *session) cancel(ctx context.Context, c *call) error {
	s.mu.Lock()
	if c.state == open {
		c.state = cancelled
		s.ledger.with(func() { s.ledger.cancelled++ })
	}
	s.mu.Unlock()
	return s.write(ctx, fmt.Sprintf(`{"jsonrpc":"2.0","method":"notifications/cancelled","params":{"requestId":%d}}`, c.id))
}

// leave ends the connection at once, and with it the calls in flight.
func (s *session) leave() {
	s.farewell()
	_ = s.conn.CloseNow()
	<-s.ended
}

// close ends the connection in order.
func (s *session) close() {
	s.farewell()
	_ = s.conn.Close(websocket.StatusNormalClosure, "")
	<-s.ended
}

func (s *session) farewell() {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.bye = true
	for _, c := range s.calls {
		if c.state == open && c.tag != "" {
			s.ledger.with(func() { s.ledger.left++ })
		}
	}
}

// read looks at every message until the connection ends.
func (s *session) read() {
	defer close(s.ended)
	for {
		_, data, err := s.conn.Read(context.Background())
		if err != nil {
			s.mu.Lock()
			s.why = err
			s.mu.Unlock()
			return
		}
		s.hear(data)
	}
}

// A message is what a server sends.
type message struct {
	ID     json.RawMessage
	Method string
	Params struct {
		ProgressToken json.RawMessage
		Progress      float64
	}
	Result *struct {
		IsError bool
		Meta    struct {
			Error struct{ Kind string } `json:"dev.sluice/error"`
		} `json:"_meta"`
	}
	Error *struct {
		Code    int
		Message string
	}
}

func (s *session) hear(data []byte) {
	var m message
	if err := json.Unmarshal(data, &m); err != nil {
		s.ledger.fault("broken", "%v in %.200q", err, data)
		return
	}
	switch {
	case m.Method == "notifications/progress":
		s.hearProgress(&m, data)
	case m.ID != nil && m.Method == "":
		s.hearAnswer(&m, data)
	case m.Error != nil && m.ID == nil:
		s.ledger.count("junk answered")
	}
}

func (s *session) find(id json.RawMessage) *call {
	n, err := strconv.Atoi(string(id))
	if err != nil {
		return nil
	}
	return s.calls[n]
}

func (s *session) hearProgress(m *message, data []byte) {
	s.mu.Lock()
	defer s.mu.Unlock()
	c := s.find(m.Params.ProgressToken)
	switch {
	case c == nil:
		s.ledger.fault("mixed up", "progress for %s, which was not asked for", m.Params.ProgressToken)
		return
	case c.state == answered:
		s.ledger.fault("late", "progress of %s after its answer", c.tag)
	case c.reports > 0 && m.Params.Progress <= c.progress:
		s.ledger.fault("late", "progress of %s went from %v to %v", c.tag, c.progress, m.Params.Progress)
	}
	c.progress = m.Params.Progress
	c.reports++
	s.compare(c, data)
}

func (s *session) hearAnswer(m *message, data []byte) {
	s.mu.Lock()
	defer s.mu.Unlock()
	c := s.find(m.ID)
	switch {
	case c == nil && m.Error != nil && strings.HasPrefix(string(m.ID), "90000"):
		s.ledger.count("junk answered")
		return
	case c == nil:
		s.ledger.fault("mixed up", "an answer to %s, which was not asked: %.200q", m.ID, data)
		return
	case c.state == answered:
		s.ledger.fault("mixed up", "%s was answered twice", c.tag)
		return
	}
	own := s.compare(c, data)
	before := c.state
	c.state = answered
	close(c.answered)
	if before == open && c.tag != "" {
		s.settle(c, m, own)
	}
}

// settle says in the ledger how a call ended. Own says that the answer has its tag.
func (s *session) settle(c *call, m *message, own bool) {
	switch {
	case m.Error != nil:
		s.ledger.fail("code "+strconv.Itoa(m.Error.Code), c.sound)
	case m.Result.IsError:
		kind := m.Result.Meta.Error.Kind
		if kind == "" {
			kind = "tool"
		}
		s.ledger.fail(kind, c.sound)
	case c.sound && !own:
		s.ledger.fault("mixed up", "the answer to %s is not its own", c.tag)
	default:
		s.ledger.serve(time.Since(c.sent))
	}
}

var tags = regexp.MustCompile(`tag-[0-9a-z-]+\.`)

// compare looks for tags, which must be the call's own, and reports whether there are any.
func (s *session) compare(c *call, data []byte) bool {
	found := tags.FindAll(data[:min(len(data), 4096)], 50)
	for _, tag := range found {
		if string(tag) != c.tag {
			s.ledger.fault("mixed up", "%s in what belongs to %q", tag, c.tag)
		}
	}
	return len(found) > 0
}

// code is why a connection ended, for counts.
func code(err error) string {
	if status := websocket.CloseStatus(err); status >= 0 {
		return strconv.Itoa(int(status))
	}
	if strings.Contains(fmt.Sprint(err), "reset") {
		return "reset"
	}
	return "cut"
}
