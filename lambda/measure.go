package lambda

import (
	"context"
	"time"

	"go.uber.org/zap"

	"fanout/engine"
	"fanout/lambda/metrics"
)

// measure passes the counts of an event to the metrics.
func (h *Handler) measure(ctx context.Context, at time.Time, results []Result) {
	inv := metrics.Invocation{Function: h.options.FunctionName, At: at}
	for i := range results {
		r := &results[i]
		source := metrics.Source{ARN: r.SourceARN, Records: r.Records(), Oldest: oldest(r.records)}
		if r.Report != nil {
			for t := range r.Report.Targets {
				source.Targets = append(source.Targets, counts(&r.Report.Targets[t], r.Targets[t].Destination.String()))
			}
		}
		inv.Sources = append(inv.Sources, source)
	}
	if err := h.metrics.Publish(ctx, inv); err != nil {
		h.log.Warn("metrics", zap.Error(err))
	}
}

// oldest returns the arrival time at the source of the oldest record, or zero if unknown.
func oldest(recs []engine.Record) time.Time {
	first := int64(0)
	for i := range recs {
		if a := recs[i].Arrived; a > 0 && (first == 0 || a < first) {
			first = a
		}
	}
	if first == 0 {
		return time.Time{}
	}
	return time.UnixMilli(first)
}

func counts(t *engine.TargetReport, destination string) metrics.Target {
	return metrics.Target{
		ID: t.ID, Destination: destination,
		Delivered: t.Delivered, Already: t.Already, Dropped: t.Dropped, Diverted: t.Diverted, Failed: t.Failed,
		Requests: t.Requests, Retries: t.Retries, Throttled: t.Throttled, Bytes: t.Bytes, Took: t.Took,
	}
}

// AtExit returns a function that sends pending metrics, or nil if metrics are never
// pending.
func (h *Handler) AtExit() func(ctx context.Context) error {
	if h.options.Metrics != metrics.ModeCloudWatch {
		return nil
	}
	return h.metrics.Flush
}
