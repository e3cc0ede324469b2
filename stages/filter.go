package stages

import (
	"context"
	"errors"
	"fmt"
	"runtime"
	"strings"
	"sync"
	"weak"

	"fanout/engine"
	"fanout/internal/pattern"
)

// Filter passes on the records that match an EventBridge event pattern, and filters all
// others. It sees a record as the event filter of Lambda does:
//
//	Kinesis    the members of kinesis, with data as JSON
//	DynamoDB   the source record; its images are plain JSON after ConvertDDB
//	SNS        the source record; names below Sns.Message look into a message in JSON
//	SQS        the source record; names below body look into a message in JSON
//	Kafka      the source record; key and value are text, and names below value look into JSON
//
// Make one with [NewFilter]. Filters of the same pattern are equal.
type Filter struct{ *filter }

// filter is a compiled pattern.
type filter struct {
	filterKey
	pattern *pattern.Pattern
	sourced bool // the pattern looks at something that only the source record has
}

// filterKey identifies a filter.
type filterKey struct {
	text   string // of the pattern
	source string // service of the source: such as kinesis; "": unknown
	plain  bool   // the data is a DynamoDB image in plain JSON, and the source record is not
}

// filters holds the filters that are in use.
var filters = struct {
	sync.Mutex
	all map[filterKey]weak.Pointer[filter]
}{all: make(map[filterKey]weak.Pointer[filter])}

// NewFilter returns the Filter for a pattern in JSON and the service of the source. plain
// means that ConvertDDB converted the data but not the source record. The error joins all
// faults of the pattern, a sentence each.
func NewFilter(text, source string, plain bool) (Filter, error) {
	key := filterKey{text, source, plain && source == dynamoDB}
	filters.Lock()
	defer filters.Unlock()
	if f := filters.all[key].Value(); f != nil {
		return Filter{f}, nil
	}
	p, err := pattern.Compile([]byte(text))
	if faults, ok := errors.AsType[pattern.Faults](err); ok {
		all := make([]error, len(faults))
		for i := range faults {
			all[i] = faults[i]
		}
		return Filter{}, errors.Join(all...)
	}
	if err == nil {
		err = checkNames(p, source)
	}
	if err != nil {
		return Filter{}, err
	}
	f := &filter{filterKey: key, pattern: p, sourced: looksAtSource(p, source)}
	filters.all[key] = weak.Make(f)
	runtime.AddCleanup(f, forgetFilter, key)
	return Filter{f}, nil
}

// forgetFilter forgets a filter that is no longer in use, unless it was made again.
func forgetFilter(key filterKey) {
	filters.Lock()
	defer filters.Unlock()
	if filters.all[key].Value() == nil {
		delete(filters.all, key)
	}
}

// Name returns "filter".
func (Filter) Name() string { return "filter" }

// String returns the name and the pattern, for the plan of a source.
func (f Filter) String() string {
	const most = 80
	text := f.text
	if r := []rune(text); len(r) > most {
		text = string(r[:most]) + "…"
	}
	return f.Name() + " " + text
}

// ReadsSource reports whether the filter may read source records.
func (f Filter) ReadsSource() bool { return f.source != kinesis }

// Process takes out the records that do not match.
func (f Filter) Process(_ context.Context, in []engine.Record, out *engine.Out) {
	m := matchers.Get().(*matcher)
	defer m.free()
	out.Grow(len(in))
	for i := range in {
		matches, err := m.match(f.filter, &in[i])
		switch {
		case err != nil:
			out.Fail(in[i], err)
		case matches:
			out.Emit(in[i])
		default:
			out.Filter(in[i])
		}
	}
}

// match reports whether r matches f.
func (m *matcher) match(f *filter, r *engine.Record) (bool, error) {
	if f.sourced && len(r.Raw) == 0 {
		return false, engine.Errorf(engine.Permanent, "the filter looks at %s, which only the source record has, and an earlier stage or an envelope left it out", strings.Join(onlySource(f.pattern, f.source), ", "))
	}
	m.r, m.plain, m.fault = r, f.plain, nil
	switch {
	case f.source == kinesis:
		return f.pattern.Match((*kinesisView)(m)), nil
	case f.source == sns:
		return f.pattern.Match((*snsView)(m)), nil
	case f.source == sqs:
		return f.pattern.Match((*sqsView)(m)), nil
	case f.source == kafka:
		return f.pattern.Match((*kafkaView)(m)), nil
	case f.plain || len(r.Raw) == 0:
		matches := f.pattern.Match((*dynamodbView)(m))
		if m.fault != nil {
			return false, fmt.Errorf("the filter cannot read an image of the source record: %w", m.fault)
		}
		return matches, nil
	}
	return f.pattern.MatchJSON(r.Raw), nil
}
