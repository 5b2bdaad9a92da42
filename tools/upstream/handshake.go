package upstream

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"strings"
	"sync"
	"time"

	jsonv2 "github.com/go-json-experiment/json"
	"github.com/go-json-experiment/json/jsontext"

	"github.com/sluice-dev/sluice/transport/mcp"
)

// Server is what a server said of itself when it was connected to. It is not
// verified: show it, do not trust it.
type Server struct {
	// Info names the server; a modern one may leave it empty.
	Info mcp.Implementation
	// Revision is the protocol revision that was settled, for example "2026-07-28".
	Revision string
	// Modern says that the revision has no handshake and no connection state.
	Modern bool
	// Instructions tell models how to use the server; may be empty.
	Instructions string

	revision *mcp.Revision
	logs     bool // it declared the logging capability
	tells    bool // it declared that it tells when its tools change
}

// description is what initialize and server/discover have in common, and what each
// adds.
type description struct {
	Version      string         `json:"protocolVersion"`   // initialize
	Supported    []string       `json:"supportedVersions"` // server/discover
	Info         jsontext.Value `json:"serverInfo"`        // initialize
	Instructions string         `json:"instructions"`
	Capabilities struct {
		Logging jsontext.Value `json:"logging"`
		Tools   struct {
			ListChanged bool `json:"listChanged"`
		} `json:"tools"`
	} `json:"capabilities"`
	Meta struct {
		Info jsontext.Value `json:"io.modelcontextprotocol/serverInfo"` // server/discover
	} `json:"_meta"`
}

func (d *description) server(r *mcp.Revision) Server {
	s := Server{Revision: r.Version, Modern: r.Modern, Instructions: d.Instructions, revision: r}
	s.logs = d.Capabilities.Logging != nil
	s.tells = d.Capabilities.Tools.ListChanged
	info := d.Info
	if r.Modern {
		info = d.Meta.Info
	}
	if info != nil {
		// A malformed name is no reason to do without the server.
		_ = jsonv2.Unmarshal(info, &s.Info)
	}
	return s
}

// reply is the answer to one of the two opening requests.
type reply struct {
	result json.RawMessage
	err    error
}

// errLegacy says that a server gave no sign of being modern.
var errLegacy = errors.New("the server is a legacy one")

// opening is a handshake under way. A server that is slow to start may answer the
// probe only after initialize was sent as well, so both stay open until one of them
// decides.
type opening struct {
	client  *Client
	asking  sync.WaitGroup
	probe   <-chan reply // nil once answered
	legacy  <-chan reply // nil until initialize is sent
	refused error        // what became of initialize, where it failed
}

// handshake finds out the era of the server and settles the revision
// (specification 2026-07-28, basic/transports/stdio, "Backward Compatibility").
func (c *Client) handshake(ctx context.Context) (Server, error) {
	ctx, cancel := context.WithCancel(ctx)
	o := &opening{client: c}
	defer o.asking.Wait()
	defer cancel()
	if c.opts.Legacy {
		o.legacy = o.ask(ctx, mcp.MethodInitialize, c.initializeParams())
	} else {
		o.probe = o.ask(ctx, mcp.MethodDiscover, c.discoverParams())
	}
	patience := time.NewTimer(c.opts.ProbeTimeout)
	defer patience.Stop()
	for {
		var server Server
		err := errLegacy
		select {
		case r := <-o.probe:
			o.probe = nil
			server, err = c.discovered(r)
		case r := <-o.legacy:
			if server, err = c.initialized(r); err != nil && o.probe != nil {
				o.refused = err
				patience.Reset(c.opts.ProbeTimeout) // the last one
				continue
			}
		case <-patience.C:
		case <-ctx.Done():
			err = context.Cause(ctx)
		}
		if !errors.Is(err, errLegacy) {
			return server, err
		}
		if o.refused != nil {
			return Server{}, o.refused
		}
		if o.legacy == nil {
			o.legacy = o.ask(ctx, mcp.MethodInitialize, c.initializeParams())
		}
	}
}

// ask sends one of the opening requests and gives its answer to the channel.
func (o *opening) ask(ctx context.Context, method string, params any) <-chan reply {
	answer := make(chan reply, 1)
	o.asking.Go(func() {
		result, err := o.client.roundTrip(ctx, o.client.newPending(CallOptions{}), method, params)
		answer <- reply{result, err}
	})
	return answer
}

func (c *Client) discoverParams() any {
	return struct {
		Meta *requestMeta `json:"_meta"`
	}{c.meta(mcp.Revision20260728, &pending{})}
}

func (c *Client) initializeParams() any {
	return struct {
		Version      string             `json:"protocolVersion"`
		Capabilities struct{}           `json:"capabilities"`
		Info         mcp.Implementation `json:"clientInfo"`
	}{Version: mcp.NewestLegacy.Version, Info: c.opts.Info.In(mcp.NewestLegacy)}
}

// discovered judges the answer to the probe; errLegacy where it shows nothing
// modern.
func (c *Client) discovered(a reply) (Server, error) {
	var refusal *WireError
	if errors.As(a.err, &refusal) {
		if refusal.Code != mcp.CodeUnsupportedProtocolVersion {
			return Server{}, errLegacy
		}
		var data struct {
			Supported []string `json:"supported"`
		}
		if err := jsonv2.Unmarshal(refusal.Data, &data); err != nil {
			return Server{}, refusal
		}
		return c.choose(&description{Supported: data.Supported})
	}
	if a.err != nil && !errors.Is(a.err, ErrProtocol) {
		return Server{}, a.err
	}
	var d description
	if a.err != nil || jsonv2.Unmarshal(a.result, &d) != nil || d.Supported == nil {
		return Server{}, errLegacy
	}
	return c.choose(&d)
}

// choose settles on the newest revision in common with a server that said which it
// supports; errLegacy where that is one with a handshake.
func (c *Client) choose(d *description) (Server, error) {
	for _, r := range mcp.Revisions() {
		for _, version := range d.Supported {
			if version != r.Version {
				continue
			}
			if !r.Modern {
				return Server{}, errLegacy
			}
			c.wire.modern.Store(true)
			return d.server(r), nil
		}
	}
	return Server{}, fmt.Errorf("%w: the server supports %s", ErrVersion, strings.Join(d.Supported, ", "))
}

// initialized judges the answer to initialize and completes the handshake.
func (c *Client) initialized(a reply) (Server, error) {
	if a.err != nil {
		return Server{}, a.err
	}
	var d description
	if err := jsonv2.Unmarshal(a.result, &d); err != nil {
		return Server{}, fmt.Errorf("%w: initialize: %w", ErrProtocol, err)
	}
	for _, r := range mcp.Revisions() {
		if r.Version == d.Version && !r.Modern {
			c.notify(mcp.NotificationInitialized, nil)
			return d.server(r), nil
		}
	}
	return Server{}, fmt.Errorf("%w: the server speaks %q", ErrVersion, d.Version)
}
