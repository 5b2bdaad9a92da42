package stdio

import (
	"fmt"
	"os"
	"os/signal"
	"syscall"
)

// TakeStdout makes the file it returns the only way to the client: whatever else
// writes to stdout from then on (fmt.Print, a library, C code, a program that
// inherits file descriptor 1) writes to stderr. The file is not inherited by
// programs that the process starts. It is meant to be called once, first thing in
// main; on Windows whoever has kept the value of os.Stdout before the call still
// writes to the client.
//
// A client that closes its end no longer ends the process by SIGPIPE, as Go has it
// for stdout and stderr by default (os/signal, "SIGPIPE"), which would leave no time
// to clean up: writes fail with EPIPE instead.
func TakeStdout() (*os.File, error) {
	surviveBrokenPipes()
	client, err := moveStdout()
	if err != nil {
		return nil, fmt.Errorf("stdio: taking stdout: %w", err)
	}
	os.Stdout = os.Stderr
	return client, nil
}

// surviveBrokenPipes has SIGPIPE delivered to nobody. signal.Ignore would do it too,
// but what is ignored stays ignored in the programs that the process starts, and
// they rely on SIGPIPE; what is caught is reset for them.
func surviveBrokenPipes() {
	signal.Notify(make(chan os.Signal, 1), syscall.SIGPIPE)
}
