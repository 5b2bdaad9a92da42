package upstream

import (
	"context"
	"errors"
	"fmt"
	"sync"
	"time"
)

const (
	// listPause is the least time between two lists: a server may say that its tools
	// have changed as often as it likes.
	listPause = time.Second

	// listenPause is the time after which a subscription that the server has ended is
	// asked for again.
	listenPause = 10 * time.Second
)

// connect starts the server and lists its tools. A server that ends at the probe for
// modern ones, as some legacy ones do, is started once more and not probed.
func (u *Upstream) connect() (*Client, error) {
	ctx, cancel := context.WithTimeoutCause(u.ctx, u.spec.StartTimeout, errStartTimeout)
	defer cancel()
	client, err := u.shake(ctx)
	if errors.Is(err, ErrClosed) && !u.legacy && ctx.Err() == nil {
		u.legacy = true
		client, err = u.shake(ctx)
		u.legacy = err == nil
	}
	if err != nil {
		return nil, err
	}
	u.client.Store(client) // before its tools can be called
	if err := u.list(ctx, client); err != nil {
		u.leave(client)
		return nil, err
	}
	return client, nil
}

func (u *Upstream) shake(ctx context.Context) (*Client, error) {
	stream, err := u.open(ctx)
	if err != nil {
		return nil, err
	}
	u.opened(stream)
	return Connect(ctx, stream, Options{
		Info: u.spec.Info, Legacy: u.legacy, Logger: u.log, OnToolsChanged: u.Refresh,
	})
}

// follow keeps the tools as the server lists them until the connection ends, and
// returns why it did.
func (u *Upstream) follow(client *Client) error {
	var listening sync.WaitGroup
	listening.Go(func() { u.listen(client) })
	defer listening.Wait()
	defer u.leave(client)
	pinned := time.NewTicker(pinPoll)
	defer pinned.Stop()
	for {
		select {
		case <-client.Done():
			return client.Err()
		case <-u.ctx.Done():
			return context.Cause(u.ctx)
		case <-pinned.C:
			u.catalogue.acceptLate()
			continue
		case <-u.stale:
		}
		if err := u.relist(client); err != nil {
			u.log.Warn("the tools could not be listed anew; they stay as they were", "error", err)
		}
		select {
		case <-client.Done():
		case <-u.ctx.Done():
		case <-time.After(listPause):
		}
	}
}

// leave ends the connection.
func (u *Upstream) leave(client *Client) {
	u.client.Store(nil)
	if err := client.Close(); err != nil {
		u.log.Debug("closing the connection", "error", err)
	}
	u.change(func(s *Status) { s.Dropped.add(client.Stats()) })
}

// listen has a modern server tell when its tools change.
func (u *Upstream) listen(client *Client) {
	for {
		if err := client.Listen(u.ctx); err != nil {
			u.log.Debug("the server does not tell when its tools change", "error", err)
			return
		}
		select {
		case <-client.Done():
			return
		case <-u.ctx.Done():
			return
		case <-time.After(listenPause):
		}
	}
}

func (u *Upstream) relist(client *Client) error {
	ctx, cancel := context.WithTimeoutCause(u.ctx, u.spec.StartTimeout, errStartTimeout)
	defer cancel()
	return u.list(ctx, client)
}

func (u *Upstream) list(ctx context.Context, client *Client) error {
	listed, err := client.ListTools(ctx)
	if err != nil {
		return fmt.Errorf("of the server %q: %w", u.spec.Name, err)
	}
	u.catalogue.take(listed)
	return nil
}
