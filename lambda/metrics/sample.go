package metrics

import (
	"time"

	"github.com/aws/aws-sdk-go-v2/service/cloudwatch/types"
)

// sample is one value of a metric.
type sample struct {
	name  string
	unit  types.StandardUnit
	value float64
}

// group holds the samples of an invocation with the same dimensions.
type group struct {
	dims    dimensions
	samples []sample
}

// groupsOf returns all samples of an invocation. It includes zero counts, so that an alarm
// can distinguish zero from missing data.
func groupsOf(inv *Invocation) []group {
	function := dimension{"Function", DimensionValue(inv.Function)}
	groups := make([]group, 1, 8)
	records := 0
	for i := range inv.Sources {
		s := &inv.Sources[i]
		records += s.Records
		source := dimension{"Source", DimensionValue(s.ARN)}
		groups = append(groups, group{dimensions{source, function}, []sample{
			count("Records", s.Records),
			count("Targets", len(s.Targets)),
		}})
		for j := range s.Targets {
			t := &s.Targets[j]
			groups = append(groups,
				group{dimensions{source, {"Destination", DimensionValue(t.Destination)}, function}, []sample{
					count("Records", s.Records),
				}},
				group{dimensions{source, {"Target", DimensionValue(t.ID)}, function}, t.samples(inv.At, s.Oldest)},
			)
		}
	}
	groups[0] = group{dimensions{function}, []sample{
		count("Sources", len(inv.Sources)),
		count("Records", records),
	}}
	return groups
}

// samples returns a target's metrics.
func (t *Target) samples(at, oldest time.Time) []sample {
	all := []sample{
		count("Delivered", t.Delivered),
		count("Dropped", t.Dropped),
		count("Diverted", t.Diverted),
		count("Failed", t.Failed),
		count("Requests", t.Requests),
		count("Retries", t.Retries),
		count("Throttled", t.Throttled),
		{"Bytes", types.StandardUnitBytes, float64(t.Bytes)},
		milliseconds("Duration", t.Took),
	}
	if t.Already > 0 { // a metric that is never sent is free
		all = append(all, count("Already", t.Already))
	}
	if t.Filtered > 0 {
		all = append(all, count("Filtered", t.Filtered))
	}
	if t.Referenced > 0 {
		all = append(all, count("Referenced", t.Referenced))
	}
	if !oldest.IsZero() {
		all = append(all, milliseconds("IteratorAge", at.Sub(oldest)))
	}
	return all
}

func count(name string, n int) sample { return sample{name, types.StandardUnitCount, float64(n)} }

// milliseconds returns a sample that is never negative, even if clocks disagree.
func milliseconds(name string, d time.Duration) sample {
	return sample{name, types.StandardUnitMilliseconds, float64(max(d, 0).Microseconds()) / 1000}
}
