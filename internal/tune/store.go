package tune

import (
	"bytes"
	"context"
	"encoding/json"
	"slices"
	"time"

	"fanout/lambda/metrics"
	"fanout/lambda/target"
	"fanout/sinks"
)

// store holds the simulated targets of one source.
type store struct{ set target.Set }

// newStore returns a store of specs. Every target that can collapse uses the mode
// collapse. No roles are assumed, and no target has a fallback.
func newStore(specs []sinks.Spec, collapse string) *store {
	var s store
	for _, t := range specs {
		t.Role, t.ExternalID, t.OnFailure, t.MaxAge = "", "", "", 0
		if collapse != Configured && Collapses(&t) {
			t.Collapse = sinks.Collapse(collapse)
		}
		s.set.Targets = append(s.set.Targets, target.Loaded{ID: t.ID, Spec: t})
	}
	return &s
}

// Targets implements target.Store.
func (s *store) Targets(context.Context, string) (target.Set, error) { return s.set, nil }

// Collapses reports whether a target can put many records into one message. A message of
// several records has no value for places.
func Collapses(t *sinks.Spec) bool {
	return t.Type.Collapse && !t.HasPlaces() && !t.Aggregate
}

// collapses returns the modes to compare: the configured one, and JSON and none if
// they differ from it.
func collapses(specs []sinks.Spec) []string {
	all := []string{Configured}
	for _, c := range []sinks.Collapse{sinks.CollapseJSON, sinks.CollapseNone} {
		if slices.ContainsFunc(specs, func(t sinks.Spec) bool { return Collapses(&t) && t.Collapse != c }) {
			all = append(all, string(c))
		}
	}
	return all
}

// MetricsShape describes the function's metrics for one source.
type MetricsShape struct {
	Metrics  int // custom metrics, with their dimensions
	LogBytes int // lines of one invocation in embedded metric format
}

// metricsOf counts the metrics of a source with these targets. It publishes the
// metrics of one invocation to a buffer.
func metricsOf(ctx context.Context, source string, specs []sinks.Spec) (m MetricsShape, err error) {
	now := time.Now()
	src := metrics.Source{ARN: source, Records: 1000, Oldest: now.Add(-time.Second)}
	for _, t := range specs {
		src.Targets = append(src.Targets, metrics.Target{
			ID: t.ID, Destination: t.Destination.String(), Delivered: 1000, Requests: 10, Bytes: 1 << 20, Took: 20 * time.Millisecond,
		})
	}
	var lines bytes.Buffer
	emf := metrics.NewEMF(&lines, metrics.DefaultNamespace)
	if err = emf.Publish(ctx, metrics.Invocation{Function: "fanout", At: now, Sources: []metrics.Source{src}}); err != nil {
		return m, err
	}
	m.LogBytes = lines.Len()
	for line := range bytes.Lines(lines.Bytes()) {
		var l struct {
			AWS struct {
				CloudWatchMetrics []struct{ Metrics []struct{} }
			} `json:"_aws"`
		}
		if err = json.Unmarshal(line, &l); err != nil {
			return m, err
		}
		for _, c := range l.AWS.CloudWatchMetrics {
			m.Metrics += len(c.Metrics)
		}
	}
	return m, nil
}
