package metrics

import (
	"math"
	"slices"
	"time"

	"github.com/aws/aws-sdk-go-v2/service/cloudwatch/types"
)

const (
	// maxHeld bounds the entries of a tally, and so its memory to about 15 MB. That is a
	// day of one target, or two minutes of a thousand.
	maxHeld = 20_000

	// maxValues is the number of distinct values kept per metric and minute. CloudWatch
	// allows 150.
	maxValues = 32
)

// key identifies a metric with its dimensions in one minute, which CloudWatch keeps
// separately.
type key struct {
	minute int64 // Unix time / 60
	name   string
	unit   types.StandardUnit
	dims   dimensions
}

// entry holds the samples of a key.
type entry struct {
	key
	samples, sum, min, max float64

	// values holds each distinct value and counts its frequency, from which CloudWatch
	// computes percentiles. Beyond maxValues both are nil, and only the statistics above
	// remain.
	values, counts []float64
}

// tally holds samples that wait to be sent, in order of arrival. The zero tally is empty.
// It is not safe for concurrent use.
type tally struct {
	entries []*entry
	index   map[key]*entry
	lost    int // samples dropped for lack of room
}

// add adds the samples of an invocation.
func (t *tally) add(inv *Invocation) {
	minute := inv.At.Unix() / 60
	for _, g := range groupsOf(inv) {
		for _, s := range g.samples {
			if e := t.entry(key{minute, s.name, s.unit, g.dims}); e != nil {
				e.add(s.value, 1)
			} else {
				t.lost++
			}
		}
	}
}

// merge adds entries of another tally, which must not be used afterwards.
func (t *tally) merge(entries []*entry) {
	for _, o := range entries {
		if e := t.entry(o.key); e != nil {
			e.merge(o)
		} else {
			t.lost += int(o.samples)
		}
	}
}

// entry returns the entry of k, and creates it if necessary. If there is no room it first
// folds the oldest minutes together, so that counts are slightly late but not lost. It
// returns nil if folding frees no room.
func (t *tally) entry(k key) *entry {
	for {
		if e := t.index[k]; e != nil {
			return e
		}
		if len(t.entries) < maxHeld {
			break
		}
		if !t.fold() {
			return nil
		}
	}
	if t.index == nil {
		t.index = make(map[key]*entry)
	}
	e := &entry{key: k, min: math.Inf(1), max: math.Inf(-1)}
	t.entries, t.index[k] = append(t.entries, e), e
	return e
}

// fold merges the oldest minute into the next one. It reports false if there is only one
// minute.
func (t *tally) fold() bool {
	oldest, next := int64(math.MaxInt64), int64(math.MaxInt64)
	for _, e := range t.entries {
		switch {
		case e.minute < oldest:
			oldest, next = e.minute, oldest
		case oldest < e.minute && e.minute < next:
			next = e.minute
		}
	}
	if next == math.MaxInt64 {
		return false
	}
	t.entries = slices.DeleteFunc(t.entries, func(e *entry) bool {
		if e.minute != oldest {
			return false
		}
		delete(t.index, e.key)
		e.minute = next
		into := t.index[e.key]
		if into == nil {
			t.index[e.key] = e
			return false
		}
		into.merge(e)
		return true
	})
	return true
}

// add adds n samples of value v.
func (e *entry) add(v, n float64) {
	kept := e.samples == 0 || e.values != nil
	e.samples, e.sum, e.min, e.max = e.samples+n, e.sum+v*n, min(e.min, v), max(e.max, v)
	if !kept {
		return
	}
	if i := slices.Index(e.values, v); i >= 0 {
		e.counts[i] += n
		return
	}
	if len(e.values) == maxValues {
		e.values, e.counts = nil, nil
		return
	}
	e.values, e.counts = append(e.values, v), append(e.counts, n)
}

// merge adds the samples of another entry for the same key.
func (e *entry) merge(o *entry) {
	if o.values == nil {
		e.samples, e.sum, e.min, e.max = e.samples+o.samples, e.sum+o.sum, min(e.min, o.min), max(e.max, o.max)
		e.values, e.counts = nil, nil
		return
	}
	for i, v := range o.values {
		e.add(v, o.counts[i])
	}
}

// datum converts the entry for the API. One sample becomes a value, and several become
// values and counts. If there were too many distinct values, it returns statistics.
func (e *entry) datum() types.MetricDatum {
	at := time.Unix(e.minute*60, 0).UTC()
	d := types.MetricDatum{MetricName: &e.name, Unit: e.unit, Timestamp: &at}
	for _, dim := range e.dims.used() {
		d.Dimensions = append(d.Dimensions, types.Dimension{Name: &dim.name, Value: &dim.value})
	}
	switch {
	case e.samples == 1:
		d.Value = &e.sum
	case e.values != nil:
		d.Values, d.Counts = e.values, e.counts
	default:
		d.StatisticValues = &types.StatisticSet{SampleCount: &e.samples, Sum: &e.sum, Minimum: &e.min, Maximum: &e.max}
	}
	return d
}
