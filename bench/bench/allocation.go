package main

import (
	"bufio"
	"context"
	"fmt"
	"io"
	"net"
	"time"
)

// allocated is what a process has allocated since its start, or between two times.
type allocated struct{ objects, bytes float64 }

func (a allocated) since(b allocated) allocated {
	return allocated{a.objects - b.objects, a.bytes - b.bytes}
}

// A counter asks a counting server what it has allocated.
type counter struct {
	conn  net.Conn
	lines *bufio.Reader
}

// startCounting starts the server with a counter, and more variables in its environment.
func startCounting(ctx context.Context, s server, env ...string) (*running, *counter, error) {
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		return nil, nil, err
	}
	defer func() { _ = listener.Close() }()
	r, err := s.counting().start(ctx, append(env, "BENCH_MEMSTATS="+listener.Addr().String())...)
	if err != nil {
		return nil, nil, err
	}
	_ = listener.(*net.TCPListener).SetDeadline(time.Now().Add(patience))
	conn, err := listener.Accept()
	if err != nil {
		_ = r.kill()
		return nil, nil, fmt.Errorf("%s does not tell what it allocates: %w", s.name, err)
	}
	return r, &counter{conn, bufio.NewReader(conn)}, nil
}

// read returns the counts up to now.
func (c *counter) read() (allocated, error) {
	if _, err := c.conn.Write([]byte{0}); err != nil {
		return allocated{}, err
	}
	line, err := c.lines.ReadString('\n')
	if err != nil {
		return allocated{}, err
	}
	return parseAllocated(line)
}

func parseAllocated(line string) (a allocated, err error) {
	if _, err = fmt.Sscanf(line, "%g %g\n", &a.objects, &a.bytes); err != nil && err != io.EOF {
		return allocated{}, fmt.Errorf("counts of allocations: %w in %q", err, line)
	}
	return a, nil
}

func (c *counter) close() { _ = c.conn.Close() }
