package systemd

import (
	"errors"
	"fmt"
	"net"
	"os"
	"strconv"
	"strings"
	"sync"
)

// firstSocket is the file descriptor of the first socket that is passed on.
const firstSocket = 3

// sockets are those that were passed to this process, by name. Each is given out once.
var sockets = sync.OnceValue(func() *passed { return newPassed(os.Getenv, os.Getpid()) })

type passed struct {
	mu    sync.Mutex // guards the map
	files map[string][]*os.File
}

func newPassed(getenv func(string) string, pid int) *passed {
	p := &passed{files: map[string][]*os.File{}}
	count, err := strconv.Atoi(getenv("LISTEN_FDS"))
	if err != nil || getenv("LISTEN_PID") != strconv.Itoa(pid) {
		return p
	}
	names := strings.Split(getenv("LISTEN_FDNAMES"), ":")
	for i := range count {
		name := "unknown" // as sd_listen_fds_with_names(3) has it
		if i < len(names) && names[i] != "" {
			name = names[i]
		}
		closeOnExec(firstSocket + i)
		p.files[name] = append(p.files[name], os.NewFile(uintptr(firstSocket+i), name))
	}
	return p
}

// Listen returns the listener of the socket that was passed on under a name:
// FileDescriptorName= of its unit, or the whole name of the unit without one.
func Listen(name string) (net.Listener, error) { return sockets().listen(name) }

func (p *passed) listen(name string) (net.Listener, error) {
	p.mu.Lock()
	defer p.mu.Unlock()
	files := p.files[name]
	if len(files) == 0 {
		return nil, p.missing(name)
	}
	p.files[name] = files[1:]
	defer files[0].Close() // the listener has a copy
	l, err := net.FileListener(files[0])
	if err != nil {
		return nil, fmt.Errorf("the socket %q that systemd passed on is none to accept streams from: %w", name, err)
	}
	return l, nil
}

func (p *passed) missing(name string) error {
	var names []string
	for known, files := range p.files {
		if len(files) > 0 {
			names = append(names, known)
		}
	}
	if len(names) == 0 {
		return errors.New("systemd has passed no socket on to this process")
	}
	return fmt.Errorf("systemd has passed on no socket that is called %q, but %s", name, strings.Join(names, ", "))
}
