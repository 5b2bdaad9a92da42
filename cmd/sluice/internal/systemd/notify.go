package systemd

import (
	"net"
	"os"
	"strconv"
	"strings"
	"time"
)

// States of the service.
const (
	Ready    = "READY=1"
	Stopping = "STOPPING=1"
	watchdog = "WATCHDOG=1"
)

// Status is a line for people, as systemctl status shows it.
func Status(text string) string {
	return "STATUS=" + strings.NewReplacer("\n", " ", "\r", " ").Replace(text)
}

// A Notifier tells the manager. That of a process without one is nil, which tells nobody.
type Notifier struct {
	address *net.UnixAddr
	every   time.Duration
}

// NewNotifier returns that of this process.
func NewNotifier() *Notifier { return newNotifier(os.Getenv, os.Getpid()) }

func newNotifier(getenv func(string) string, pid int) *Notifier {
	path := getenv("NOTIFY_SOCKET")
	if path == "" || path[0] != '/' && path[0] != '@' { // @ is an abstract one
		return nil
	}
	n := &Notifier{address: &net.UnixAddr{Name: path, Net: "unixgram"}}
	microseconds, err := strconv.ParseInt(getenv("WATCHDOG_USEC"), 10, 64)
	of := getenv("WATCHDOG_PID")
	if err == nil && microseconds > 0 && (of == "" || of == strconv.Itoa(pid)) {
		n.every = time.Duration(microseconds) * time.Microsecond / 2
	}
	return n
}

// Tell sends states, together. An error is of no consequence but that nobody knows.
func (n *Notifier) Tell(states ...string) error {
	if n == nil {
		return nil
	}
	conn, err := net.DialUnix(n.address.Net, nil, n.address)
	if err != nil {
		return err
	}
	defer conn.Close()
	_, err = conn.Write([]byte(strings.Join(states, "\n")))
	return err
}

// Reloading is the state of a service that reads its config again; Ready ends it.
func Reloading() string {
	return "RELOADING=1\nMONOTONIC_USEC=" + strconv.FormatInt(monotonic().Microseconds(), 10)
}

// Watch says every now and then that the service is alive, as often as the manager wants
// to hear it, until stop is called. Alive is called before each time and may hang: the
// manager then ends the service.
func (n *Notifier) Watch(alive func()) (stop func()) {
	if n == nil || n.every == 0 {
		return func() {}
	}
	ended, watching := make(chan struct{}), make(chan struct{})
	go func() {
		defer close(watching)
		tick := time.NewTicker(n.every)
		defer tick.Stop()
		for {
			select {
			case <-tick.C:
				alive()
				_ = n.Tell(watchdog) // the manager will notice
			case <-ended:
				return
			}
		}
	}()
	return func() {
		close(ended)
		<-watching
	}
}
