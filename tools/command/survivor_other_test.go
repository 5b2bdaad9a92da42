//go:build !linux

package command_test

import (
	"testing"

	"github.com/sluice-dev/sluice/tools/command"
)

// A mark finds processes only on Linux.
type mark struct{}

func marked(testing.TB, *command.Spec) mark { return mark{} }

func (mark) noneLeft() {}
