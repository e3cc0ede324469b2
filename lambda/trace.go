package lambda

import (
	"context"
	"fmt"
	"io"
	"os"
	"time"

	"github.com/aws/smithy-go/middleware"
	smithyhttp "github.com/aws/smithy-go/transport/http"
	"go.uber.org/zap"

	"fanout/engine"
	"fanout/internal/xray"
	"fanout/sinks"
)

// newTracer returns the tracer of the function, nil without tracing.
func newTracer(o *Options, log *zap.Logger) *xray.Tracer {
	if !o.Tracing {
		return nil
	}
	return xray.New(o.TraceDaemon, func(err error) {
		log.Warn("the X-Ray daemon gets no subsegments; deliveries go on", zap.Error(err))
	})
}

// traced returns the context of an invocation, with its trace if X-Ray samples it.
func (h *Handler) traced(ctx context.Context) context.Context {
	header, ok := ctx.Value("x-amzn-trace-id").(string) // key of the Lambda runtime's library
	if !ok {
		header = os.Getenv("_X_AMZN_TRACE_ID")
	}
	return xray.With(ctx, h.tracer.Begin(header))
}

// traceReport sends a subsegment for each target of a source.
func (h *Handler) traceReport(ctx context.Context, began time.Time, r *Result) {
	trace := xray.From(ctx)
	if trace == nil {
		return
	}
	results := make([]xray.Result, len(r.Report.Targets))
	for i := range results {
		t := &r.Report.Targets[i]
		results[i] = xray.Result{
			ID: t.ID, Type: r.Targets[i].Type.String(), Begin: began, End: began.Add(t.Took),
			Delivered: t.Delivered, Already: t.Already, Filtered: t.Filtered, Dropped: t.Dropped, Diverted: t.Diverted, Failed: t.Failed,
			Requests: t.Requests, Retries: t.Retries, Throttled: t.Throttled, Bytes: t.Bytes,
		}
	}
	trace.Close(r.SourceARN, results)
}

// traceSink returns a sink whose requests carry the trace header of its target's subsegment.
func (h *Handler) traceSink(s *sinks.Spec, sink engine.Sink) engine.Sink {
	if h.tracer == nil {
		return sink
	}
	t := tracedSink{sink, xray.Target{Source: s.SourceARN, ID: s.ID}}
	if packer, ok := sink.(engine.Packer); ok {
		return &tracedPacker{t, packer}
	}
	return &t
}

type tracedSink struct {
	engine.Sink
	target xray.Target
}

// String returns the name of the sink.
func (s *tracedSink) String() string { return fmt.Sprint(s.Sink) }

// Send implements engine.Sink.
func (s *tracedSink) Send(ctx context.Context, batch []engine.Record) engine.Outcome {
	return s.Sink.Send(s.request(ctx), batch)
}

// request returns the context of a request.
func (s *tracedSink) request(ctx context.Context) context.Context {
	if t := xray.From(ctx); t != nil {
		return t.For(ctx, s.target)
	}
	return ctx
}

// Close closes the connections of the sink.
func (s *tracedSink) Close() error {
	if c, ok := s.Sink.(io.Closer); ok {
		return c.Close()
	}
	return nil
}

type tracedPacker struct {
	tracedSink
	packer engine.Packer
}

// Pack implements engine.Packer.
func (s *tracedPacker) Pack(ctx context.Context) engine.Packing {
	return &tracedPacking{s.packer.Pack(s.request(ctx)), s}
}

type tracedPacking struct {
	engine.Packing
	sink *tracedPacker
}

// Send implements engine.Packing.
func (p *tracedPacking) Send(ctx context.Context) engine.Outcome {
	return p.Packing.Send(p.sink.request(ctx))
}

// addTraceHeader sets the trace header of requests to AWS. Without it, the SDK passes on the
// one of the invocation, and X-Ray would not show which target a request was for.
func addTraceHeader(stack *middleware.Stack) error {
	return stack.Build.Add(middleware.BuildMiddlewareFunc("fanout trace header", func(ctx context.Context, in middleware.BuildInput, next middleware.BuildHandler) (
		middleware.BuildOutput, middleware.Metadata, error,
	) {
		if header := xray.Header(ctx); header != "" {
			if req, ok := in.Request.(*smithyhttp.Request); ok {
				req.Header.Set("X-Amzn-Trace-Id", header)
			}
		}
		return next.HandleBuild(ctx, in)
	}), middleware.After)
}
