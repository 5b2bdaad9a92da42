package main

import (
	"context"
	"errors"
	"reflect"
	"time"

	"github.com/sluice-dev/sluice/cmd/sluice/internal/config"
	"github.com/sluice-dev/sluice/cmd/sluice/internal/identity"
	"github.com/sluice-dev/sluice/executor"
	"github.com/sluice-dev/sluice/tools"
	"github.com/sluice-dev/sluice/transport/websocket"
)

// errNotPermitted is for the record and the log: a caller is told no more than that it may
// not use the tool.
var errNotPermitted = errors.New("auth says so")

// permit has the engine ask, for every call, what its caller may do by then.
func (h *host) permit(options *executor.Options, auth *config.Auth) {
	h.callers.Store(identity.NewCallers(auth))
	options.Allowance = func(caller string) executor.Allowance { return h.callers.Load().Of(caller).Allowance }
	options.Authorize = h.authorize
}

// authorize says whether a caller may use a tool: by what its permissions are now, and by
// the credentials that its connection was opened with.
func (h *host) authorize(ctx context.Context, caller string, tool *tools.Entry) error {
	evidence := identity.EvidenceOf(ctx)
	switch {
	case evidence.Expired(time.Now()):
		return tools.Errorf("The token of this connection has expired. Connect again with a new one.")
	case !h.callers.Load().Of(caller).Tools.Allow(tool.Name), !evidence.Allow(tool.Name):
		return errNotPermitted
	}
	return nil
}

// follow takes over what the next config says of callers. Clients look at their tools again
// where it may have changed these.
func (h *host) follow(next, served *config.Auth) {
	if reflect.DeepEqual(next, served) {
		return
	}
	h.callers.Store(identity.NewCallers(next))
	h.server.ToolsChanged()
}

// mayAdminister says whether who sends a request may see and end the calls of others: a
// caller of whom the config says so, by credentials that are good for every tool, or the
// holder of the only token, which was made at start.
func (s *service) mayAdminister(peer websocket.Peer) bool {
	if s.sole.Load() {
		return peer.Caller != ""
	}
	return s.host.callers.Load().Of(peer.Caller).Admin && !identity.Narrowed(peer)
}
