package main

import (
	"bytes"
	"fmt"
	"strconv"
	"strings"
)

// A load is what is called.
type load struct {
	tool      string
	arguments string
	progress  bool   // ask for progress
	answer    []byte // what each answer must hold
}

func echo(size int) load { return say(strings.Repeat("0123456789abcdef", size/16)) }

func say(text string) load {
	return load{tool: "echo", arguments: `{"text":"` + text + `"}`, answer: []byte(`"` + text + `"`)}
}

func countdown(from, intervalMS int) load {
	return load{
		tool:      "countdown",
		arguments: fmt.Sprintf(`{"from":%d,"interval_ms":%d}`, from, intervalMS),
		progress:  true,
		answer:    fmt.Appendf(nil, `"Counted down from %d."`, from),
	}
}

// append appends the call with this id, which is its progress token too.
func (l load) append(dst []byte, id int) []byte {
	dst = append(dst, `{"jsonrpc":"2.0","id":`...)
	dst = strconv.AppendInt(dst, int64(id), 10)
	dst = append(dst, `,"method":"tools/call","params":{"name":"`...)
	dst = append(append(dst, l.tool...), `","arguments":`...)
	dst = append(dst, l.arguments...)
	if l.progress {
		dst = append(dst, `,"_meta":{"progressToken":`...)
		dst = append(strconv.AppendInt(dst, int64(id), 10), '}')
	}
	return append(dst, "}}\n"...)
}

// isNotification tells progress from answers; the floors send our own notification
// back as well.
func isNotification(message []byte) bool {
	return bytes.Contains(message[:min(len(message), 60)], []byte(`"method":"notifications/`))
}

// idOf returns the id of a message that has one. All servers write it before what a
// tool said.
func idOf(message []byte) (int, error) {
	_, rest, ok := bytes.Cut(message, []byte(`"id":`))
	end := bytes.IndexAny(rest, ",}")
	if !ok || end < 0 {
		return 0, fmt.Errorf("not an answer: %.300s", message)
	}
	id, err := strconv.Atoi(string(bytes.TrimSpace(rest[:end])))
	if err != nil {
		return 0, fmt.Errorf("an answer to an id that was not sent: %.300s", message)
	}
	return id, nil
}

// check returns the id of an answer that is what was asked for.
func (l load) check(message []byte) (int, error) {
	id, err := idOf(message)
	if err == nil && !holds(message, l.answer) {
		err = fmt.Errorf("not the answer: %.300s", message)
	}
	return id, err
}

// holds reports whether part is in the message. It looks for the beginning of the part
// first: [bytes.Contains] hashes a long part each time, which costs more than the floor.
func holds(message, part []byte) bool {
	head := part[:min(len(part), 32)]
	for {
		at := bytes.Index(message, head)
		if at < 0 {
			return false
		}
		if bytes.HasPrefix(message[at:], part) {
			return true
		}
		message = message[at+1:]
	}
}

// call calls and waits for the answer, with nothing else in flight.
func call(l link, what load, id int) error {
	if err := l.write(what.append(nil, id)); err != nil {
		return err
	}
	got, err := await(l, id)
	if err != nil {
		return err
	}
	_, err = what.check(got)
	return err
}

// await reads until the message with this id.
func await(l link, id int) ([]byte, error) {
	for {
		message, err := l.read()
		if err != nil {
			return nil, err
		}
		if isNotification(message) {
			continue
		}
		got, err := idOf(message)
		if err != nil {
			return nil, err
		}
		if got == id {
			return message, nil
		}
		return nil, fmt.Errorf("an answer to %d where one to %d is due: %.300s", got, id, message)
	}
}
