package executor

import (
	"context"
	"errors"
	"fmt"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"github.com/sluice-dev/sluice/executor/audit"
	"github.com/sluice-dev/sluice/tools"
)

// brittle is a sink that cannot commit while it has an error; with none and hangs set,
// it waits for as long as it may.
type brittle struct {
	audit.Memory
	err   error
	hangs bool
}

func (b *brittle) Commit(ctx context.Context, _ audit.Entry) error {
	if b.hangs {
		<-ctx.Done()
		return context.Cause(ctx)
	}
	return b.err
}

// TestAuditRequired checks that no tool runs whose line is not written, whatever keeps
// it from that, and that all is well again as soon as the log is.
func TestAuditRequired(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		full := errors.New("no space left")
		log := &brittle{err: full}
		var ran atomic.Int32
		e := newEngine(t, Options{Audit: log, AuditRequired: true}, tool("t", func(context.Context, *tools.Call) (*tools.Result, error) {
			ran.Add(1)
			return tools.TextResult(""), nil
		}))
		failure := wantKind(t, <-start(e, t.Context(), "t"), KindUnaudited, ErrUnaudited)
		if !errors.Is(failure, full) || failure.RetryAfter != audit.RetryEvery {
			t.Errorf("%v, again after %v", failure, failure.RetryAfter)
		}

		log.hangs = true
		began := time.Now()
		failure = wantKind(t, <-start(e, t.Context(), "t"), KindUnaudited, errAuditHangs)
		if took := time.Since(began); took != auditPatience || failure.RetryAfter == 0 {
			t.Errorf("refused after %v", took)
		}
		ctx, cancel := context.WithTimeout(t.Context(), time.Second)
		defer cancel()
		wantKind(t, <-start(e, ctx, "t"), KindTimeout, context.DeadlineExceeded)

		log.hangs, log.err = false, nil
		if err := <-start(e, t.Context(), "t"); err != nil || ran.Load() != 1 {
			t.Errorf("%v, and the tool ran %d times", err, ran.Load())
		}

		log.hangs = true
		waits := start(e, t.Context(), "t")
		synctest.Wait()
		drained, now := context.WithCancel(t.Context())
		now()
		_ = e.Drain(drained)
		wantKind(t, <-waits, KindShuttingDown, ErrShuttingDown)
	})
}

// TestAuditNotRequired: a log that cannot be written harms no call.
func TestAuditNotRequired(t *testing.T) {
	t.Parallel()
	e := newEngine(t, Options{Audit: &brittle{hangs: true}}, tool("t", echo))
	if err := <-start(e, t.Context(), "t"); err != nil {
		t.Error(err)
	}
}

func TestAuditRequiredWithoutALog(t *testing.T) {
	t.Parallel()
	defer func() {
		if recover() == nil {
			t.Error("an engine is made that would refuse nothing")
		}
	}()
	New(Options{Registry: &tools.Registry{}, AuditRequired: true})
}

func BenchmarkAudit(b *testing.B) {
	for _, required := range []bool{false, true} {
		b.Run(fmt.Sprintf("required=%v", required), func(b *testing.B) {
			file := audit.NewFile(audit.FileOptions{Path: b.TempDir() + "/audit.jsonl"})
			defer file.Close(context.Background())
			registry := &tools.Registry{}
			if err := registry.Add(tool("t", echo)); err != nil {
				b.Fatal(err)
			}
			e := New(Options{Registry: registry, Audit: file, AuditRequired: required})
			b.ReportAllocs()
			b.RunParallel(func(pb *testing.PB) {
				for pb.Next() {
					if _, err := e.Execute(context.Background(), &Request{Tool: "t"}); err != nil {
						b.Error(err)
					}
				}
			})
		})
	}
}
