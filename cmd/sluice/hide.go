package main

import (
	"os"

	"github.com/sluice-dev/sluice/cmd/sluice/internal/journal"
	"github.com/sluice-dev/sluice/executor/history"
)

// hiding returns what reads a secret as read does, and keeps it out of the log from then
// on.
func hiding(read func() (string, error)) func() (string, error) {
	return func() (string, error) {
		secret, err := read()
		journal.Hide(secret)
		return secret, err
	}
}

// hideEnv keeps out of the log what a program is given in variables that are named like
// secrets.
func hideEnv(set map[string]string, passed []string) {
	looks := history.NewRedactor()
	for name, value := range set {
		if looks.SecretKey(name) {
			journal.Hide(value)
		}
	}
	for _, name := range passed {
		if looks.SecretKey(name) {
			journal.Hide(os.Getenv(name))
		}
	}
}
