package httpcall

import (
	"io"
	"log"
	"testing"

	"go.uber.org/goleak"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

// discard takes what servers under test complain of.
var discard = log.New(io.Discard, "", 0)
