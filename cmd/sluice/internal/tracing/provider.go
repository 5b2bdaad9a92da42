package tracing

import (
	"context"
	"os"
	"strconv"
	"sync/atomic"

	"github.com/google/uuid"
	"go.opentelemetry.io/otel/attribute"
	"go.opentelemetry.io/otel/sdk/resource"
	sdk "go.opentelemetry.io/otel/sdk/trace"
)

// scope is what spans are said to be made by.
const scope = "github.com/sluice-dev/sluice"

// defaultQueue is how many spans wait for their export at most.
const defaultQueue = 2048

// A Provider follows calls and sends their spans. It must be closed. It is safe for
// concurrent use.
type Provider struct {
	tracer
	provider *sdk.TracerProvider
	exporter *exporter
	backlog  *backlog
}

// New returns a provider. It connects to nothing before the first call. The error is about
// the options or the environment.
func New(o Options) (*Provider, error) {
	e, err := newExporter(&o)
	if err != nil {
		return nil, err
	}
	queue := defaultQueue
	if n, err := strconv.Atoi(os.Getenv(envQueue)); err == nil && n > 0 {
		queue = n
	}
	p := &Provider{exporter: e}
	p.backlog = &backlog{SpanProcessor: sdk.NewBatchSpanProcessor(e, sdk.WithMaxQueueSize(queue)), exporter: e, room: int64(queue)}
	options := []sdk.TracerProviderOption{
		sdk.WithSpanProcessor(p.backlog), sdk.WithResource(describe(&o)),
	}
	if o.Sample > 0 {
		options = append(options, sdk.WithSampler(sdk.ParentBased(sdk.TraceIDRatioBased(o.Sample))))
	}
	p.provider = sdk.NewTracerProvider(options...)
	p.tracer = tracer{tracer: p.provider.Tracer(scope), mask: o.Mask}
	return p, nil
}

// describe says what spans are from. What the environment says goes before it.
func describe(o *Options) *resource.Resource {
	ours := resource.NewSchemaless(
		attribute.String("service.name", o.Service), attribute.String("service.version", o.Version),
		attribute.String("service.instance.id", uuid.NewString()),
		attribute.String("telemetry.sdk.name", "opentelemetry"), attribute.String("telemetry.sdk.language", "go"),
	)
	theirs, err := resource.New(context.Background(), resource.WithFromEnv())
	if err != nil {
		o.Logger.Warn("what the environment says of the service is passed over", "error", err)
		return ours
	}
	merged, err := resource.Merge(ours, theirs)
	if err != nil {
		return ours
	}
	return merged
}

// Close sends what is left, until ctx is done.
func (p *Provider) Close(ctx context.Context) {
	_ = p.provider.Shutdown(ctx) // what could not be sent is in the log
}

// Numbers returns how many spans were sent, and how many were lost.
func (p *Provider) Numbers() (exported, dropped uint64) {
	return p.exporter.exported.Load(), p.exporter.failed.Load() + p.backlog.dropped.Load()
}

// A backlog counts the spans that wait to be exported. The processor behind it would drop
// what is too much without a word.
type backlog struct {
	sdk.SpanProcessor
	exporter *exporter
	room     int64
	ended    atomic.Int64
	dropped  atomic.Uint64
}

// OnEnd takes a span that has ended.
func (b *backlog) OnEnd(s sdk.ReadOnlySpan) {
	if !s.SpanContext().IsSampled() {
		return
	}
	done := int64(b.exporter.exported.Load() + b.exporter.failed.Load())
	if b.ended.Add(1)-done > b.room {
		b.ended.Add(-1)
		b.dropped.Add(1)
		return
	}
	b.SpanProcessor.OnEnd(s)
}
