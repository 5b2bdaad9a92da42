package main

import (
	"bytes"
	"compress/gzip"
	"context"
	"fmt"
	"io"
	"net"
	"net/http"
	"strings"
	"sync"
	"time"
)

// The ways in which the endpoint misbehaves.
var endpointFaults = []string{"slow", "reset", "500", "503", "endless", "bomb", "noise", "short", "metadata", "loop", "silent"}

// startEndpoint serves HTTP on loopback: /echo says the tag, /bad misbehaves. It ends
// with ctx.
func startEndpoint(ctx context.Context) (url string, err error) {
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		return "", err
	}
	mux := http.NewServeMux()
	mux.HandleFunc("/echo", func(w http.ResponseWriter, r *http.Request) { _, _ = io.WriteString(w, r.FormValue("tag")) })
	mux.HandleFunc("/bad", misbehave)
	server := &http.Server{Handler: mux, ReadHeaderTimeout: late, BaseContext: func(net.Listener) context.Context { return ctx }}
	go func() { _ = server.Serve(listener) }()
	context.AfterFunc(ctx, func() { _ = server.Close() })
	return "http://" + listener.Addr().String(), nil
}

// bomb is 64 MiB of zeros, compressed; made late, since each role begins as this program.
var bomb = sync.OnceValue(func() []byte {
	var b bytes.Buffer
	w := gzip.NewWriter(&b)
	zeros := make([]byte, 1<<20)
	for range 64 {
		_, _ = w.Write(zeros)
	}
	_ = w.Close()
	return b.Bytes()
})

func misbehave(w http.ResponseWriter, r *http.Request) {
	switch mode := r.FormValue("mode"); mode {
	case "500", "503":
		w.Header().Set("Retry-After", "1")
		w.WriteHeader(map[string]int{"500": 500, "503": 503}[mode])
	case "bomb":
		w.Header().Set("Content-Encoding", "gzip")
		_, _ = w.Write(bomb())
	case "metadata":
		http.Redirect(w, r, "http://169.254.169.254/latest/meta-data/", http.StatusFound)
	case "loop":
		http.Redirect(w, r, r.URL.String(), http.StatusTemporaryRedirect)
	case "silent":
		pause(r.Context(), late)
	case "slow":
		drip(w, r, 100*time.Millisecond, "x")
	case "endless":
		drip(w, r, 0, strings.Repeat("endless ", 4096))
	case "short":
		w.Header().Set("Content-Length", "1000")
		_, _ = io.WriteString(w, r.FormValue("tag"))
	default:
		cut(w, mode)
	}
}

// drip writes again and again, for as long as it is read.
func drip(w http.ResponseWriter, r *http.Request, every time.Duration, what string) {
	for end := time.Now().Add(late); time.Now().Before(end) && r.Context().Err() == nil; pause(r.Context(), every) {
		if _, err := io.WriteString(w, what); err != nil {
			return
		}
		_ = http.NewResponseController(w).Flush()
	}
}

// cut ends the connection, after noise or with a reset.
func cut(w http.ResponseWriter, mode string) {
	conn, _, err := http.NewResponseController(w).Hijack()
	if err != nil {
		return
	}
	defer func() { _ = conn.Close() }()
	if mode == "noise" {
		_, _ = fmt.Fprint(conn, "SSH-2.0-nothing\r\n\x00\xff\r\n\r\n")
	} else if tcp, ok := conn.(*net.TCPConn); ok {
		_ = tcp.SetLinger(0)
	}
}

// pause waits, unless ctx is done before.
func pause(ctx context.Context, d time.Duration) {
	timer := time.NewTimer(d)
	defer timer.Stop()
	select {
	case <-timer.C:
	case <-ctx.Done():
	}
}
