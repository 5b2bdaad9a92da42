package identity

import (
	"testing"
	"time"

	"github.com/sluice-dev/sluice/transport/websocket"
)

// TestEvidenceExpires checks that a call is judged by the time of day, whatever the timer
// does that closes the connection.
func TestEvidenceExpires(t *testing.T) {
	t.Parallel()
	end := time.Now().Add(time.Hour)
	e := EvidenceOf(With(t.Context(), websocket.Peer{Caller: "ada", Expires: end}))
	if e.Expired(end.Add(-time.Second)) || !e.Expired(end) {
		t.Error("it expires at another time")
	}
	if !e.Allow("x") {
		t.Error("nothing was said of tools")
	}
	none := EvidenceOf(With(t.Context(), websocket.Peer{Caller: "ada"}))
	if none != nil || none.Expired(end.Add(1e6*time.Hour)) || !none.Allow("x") {
		t.Error("without evidence something is held against a caller")
	}
}
