package main

import (
	"context"
	"fmt"
	"math/rand/v2"
	"net/http"
	"os"
	"syscall"
	"time"

	"github.com/coder/websocket"
)

// An operator changes the config, the files and the token, as people and programs do,
// and looks at what the server says of itself.
type operator struct {
	*soaker
	chance *rand.Rand
}

// work goes on until ctx is done, and leaves the config as it was.
func (o *operator) work(ctx context.Context) {
	first := o.plan.edition
	for ctx.Err() == nil {
		o.look(ctx)
		pause(ctx, time.Second+time.Duration(o.chance.Int64N(int64(3*time.Second))))
		if err := o.change(ctx); err != nil && ctx.Err() == nil {
			o.ledger.fault("operator", "%v", err)
		}
	}
	o.plan.edition = first
	if err := o.plan.write(true); err != nil {
		o.ledger.fault("operator", "%v", err)
	}
}

// change does one of the things that operators do.
func (o *operator) change(ctx context.Context) error {
	switch o.chance.IntN(8) {
	case 0:
		return o.rotate(ctx)
	case 1:
		o.ledger.count("configs with a mistake")
		return os.WriteFile(o.plan.path(), []byte(o.plan.text()+"\nno_such_key: [\n"), 0o600)
	case 2:
		o.ledger.count("configs taken away")
		if err := os.Remove(o.plan.path()); err != nil {
			return err
		}
		pause(ctx, 300*time.Millisecond)
	case 3, 4:
		o.ledger.count("SIGHUPs")
		return o.server.cmd.Process.Signal(syscall.SIGHUP)
	case 5:
		o.plan.extra = !o.plan.extra
	case 6:
		o.plan.slots = 2 + o.chance.IntN(10)
	default:
		o.plan.version++
		o.plan.level = []string{"info", "warn", "debug"}[o.chance.IntN(3)]
	}
	o.ledger.count("configs written")
	return o.plan.write(o.chance.IntN(2) == 0)
}

// rotate replaces a token. The new one is good soon, and the old one soon no longer.
func (o *operator) rotate(ctx context.Context) error {
	old, err := os.ReadFile(o.plan.tokenFile("rotating"))
	if err != nil {
		return err
	}
	if err := o.writeToken("rotating", o.chance); err != nil {
		return err
	}
	new, err := os.ReadFile(o.plan.tokenFile("rotating"))
	if err != nil {
		return err
	}
	if err := o.plan.write(true); err != nil { // one with a mistake may stand there
		return err
	}
	for end := time.Now().Add(patience); ctx.Err() == nil; pause(ctx, 50*time.Millisecond) {
		if o.goodToken(ctx, string(new)) && !o.goodToken(ctx, string(old)) {
			o.ledger.count("tokens rotated")
			return nil
		}
		if time.Now().After(end) {
			return fmt.Errorf("a token that was replaced is not, after %v", patience)
		}
	}
	return nil
}

func (o *operator) goodToken(ctx context.Context, token string) bool {
	conn, _, err := websocket.Dial(ctx, o.server.url, &websocket.DialOptions{
		Subprotocols: []string{"mcp"}, HTTPHeader: http.Header{"Authorization": {"Bearer " + token}},
	})
	if err == nil {
		_ = conn.CloseNow()
	}
	return err == nil
}

// writeToken makes a token for a caller.
func (r *soaker) writeToken(caller string, chance *rand.Rand) error {
	path := r.plan.tokenFile(caller)
	if err := os.WriteFile(path+".next", fmt.Appendf(nil, "%016x%016x", chance.Uint64(), chance.Uint64()), 0o600); err != nil {
		return err
	}
	return os.Rename(path+".next", path)
}

// look asks as probes and scrapers do.
func (o *operator) look(ctx context.Context) {
	ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), patience)
	defer cancel()
	begun := time.Now()
	v, err := o.vitals(ctx)
	if err != nil {
		o.ledger.fault("operator", "%v", err)
		return
	}
	o.ledger.count("scrapes")
	o.seen = append(o.seen, v)
	o.ledger.with(func() { o.ledger.scrape = max(o.ledger.scrape, time.Since(begun)) })
}
