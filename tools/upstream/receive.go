package upstream

import (
	"encoding/json"
	"fmt"
	"log/slog"
	"sync/atomic"

	jsonv2 "github.com/go-json-experiment/json"
	"github.com/go-json-experiment/json/jsontext"

	"github.com/sluice-dev/sluice/tools"
	"github.com/sluice-dev/sluice/transport/mcp"
)

// maxNoise is how many messages in a row may make no sense before the connection is
// given up: programs print a banner to stdout by mistake, and go on.
const maxNoise = 100

// Stats counts what a server sent and this client had no use for.
type Stats struct {
	// Noise is messages that are not JSON-RPC.
	Noise uint64
	// Unmatched is answers and progress for calls that are not in flight: late,
	// sent twice, or never asked for.
	Unmatched uint64
	// Refused is requests of the server that were refused or dropped.
	Refused uint64
}

type counters struct{ noise, unmatched, refused atomic.Uint64 }

func (c *counters) snapshot() Stats {
	return Stats{Noise: c.noise.Load(), Unmatched: c.unmatched.Load(), Refused: c.refused.Load()}
}

// receive acts on one message of the server. An error ends the connection.
func (w *wire) receive(data []byte) error {
	if jsontext.Value(data).Kind() == '[' {
		return w.receiveBatch(data)
	}
	m, err := decodeMessage(data)
	if err != nil {
		if id, ok := salvageID(data); ok && w.answer(id, nil, fmt.Errorf("%w: %w", ErrProtocol, err)) {
			return nil
		}
		return w.makesNoSense(err.Error())
	}
	w.noise = 0
	switch {
	case m.isRequest():
		w.refuse(m)
	case m.Method != "":
		w.notified(m)
	default:
		w.responded(m)
	}
	return nil
}

// receiveBatch takes an array of messages (revision 2025-03-26, basic, "Batching").
func (w *wire) receiveBatch(data []byte) error {
	var batch []jsontext.Value
	if err := jsonv2.Unmarshal(data, &batch); err != nil {
		return w.makesNoSense(err.Error())
	}
	for _, item := range batch {
		if item.Kind() != '{' {
			return w.makesNoSense("a batch holds objects only")
		}
		if err := w.receive(item); err != nil {
			return err
		}
	}
	return nil
}

func (w *wire) makesNoSense(why string) error {
	w.stats.noise.Add(1)
	w.logger.Debug("the server sent something that is not a message", "why", why)
	if w.noise++; w.noise >= maxNoise {
		return errTooMuchNoise
	}
	return nil
}

func (w *wire) responded(m *message) {
	result, err := m.answer()
	id, ok := ownID(m.ID)
	if m.isUnaddressed() && isUnread(err) {
		id, ok = w.calls.only()
		err = fmt.Errorf("%w: %w", ErrUnread, err)
	}
	if !ok || !w.answer(id, result, err) {
		w.unmatched("response", m.ID)
	}
}

// answer ends the request of this id, and reports whether there is one.
func (w *wire) answer(id uint64, result json.RawMessage, err error) bool {
	p := w.calls.take(id)
	if p == nil {
		return false
	}
	p.result, p.err = result, err
	w.settle(id)
	return true
}

// notified takes a notification. Those that this client has no use for are passed
// over, as JSON-RPC has it.
func (w *wire) notified(m *message) {
	switch m.Method {
	case mcp.NotificationProgress:
		w.progressed(m.Params)
	case mcp.NotificationMessage:
		w.logged(m.Params)
	case mcp.NotificationToolsListChanged, mcp.NotificationAcknowledged: // what changed before it agreed to tell was not told
		if w.changed != nil {
			w.changed()
		}
	}
}

func (w *wire) progressed(params jsontext.Value) {
	var update struct {
		Token   jsontext.Value `json:"progressToken"`
		Done    float64        `json:"progress"`
		Total   float64        `json:"total"`
		Message string         `json:"message"`
	}
	if err := jsonv2.Unmarshal(params, &update); err != nil {
		w.logger.Debug("progress that cannot be read", "error", err)
		return
	}
	id, ok := ownID(update.Token)
	p := w.calls.get(id)
	if !ok || p == nil {
		w.unmatched("progress", update.Token)
		return
	}
	p.progress(tools.Progress{Done: update.Done, Total: update.Total, Message: update.Message})
}

// logged hands a note to every call that asked for its level: nothing in a note says
// what call it belongs to.
func (w *wire) logged(params jsontext.Value) {
	var note struct {
		Level  tools.Level    `json:"level"`
		Logger string         `json:"logger"`
		Data   jsontext.Value `json:"data"`
	}
	if err := jsonv2.Unmarshal(params, &note); err != nil {
		w.logger.Debug("a note that cannot be read", "error", err)
		return
	}
	for _, p := range w.calls.listening(note.Level) {
		p.note(Note{Level: note.Level, Logger: note.Logger, Data: json.RawMessage(note.Data)})
	}
}

// refuse answers a request of the server. A modern server may send none and is sent
// no responses (specification 2026-07-28, basic/transports/stdio, "Sending
// Messages"); a legacy one may ping, and nothing else was offered to it.
func (w *wire) refuse(m *message) {
	ping := m.Method == mcp.MethodPing
	if !ping || w.modern.Load() {
		w.stats.refused.Add(1)
		w.logger.Debug("refused a request of the server", slog.String("method", m.Method))
	}
	if w.modern.Load() {
		return
	}
	text := appendReply(nil, m.ID, `{}`, "")
	if !ping {
		text = appendReply(nil, m.ID, "", `{"code":-32601,"message":"this client offers no such method"}`)
	}
	w.outbox.push(&frame{text: text, reply: true})
}

func (w *wire) unmatched(what string, id jsontext.Value) {
	w.stats.unmatched.Add(1)
	w.logger.Debug("an answer to nothing that was asked", "what", what, "id", string(id))
}
