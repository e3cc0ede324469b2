package poll

import (
	"context"
	"errors"
	"fmt"
	"strconv"
	"strings"
	"time"

	"github.com/twmb/franz-go/pkg/kgo"

	"fanout/internal/awsname"
)

// Topic is a topic of Kafka. Its partitions are the shards of a [Poller], offsets are sequence
// numbers. Package topic has the one that speaks to brokers. Errors with a meaning are made by
// [NoTopic], [NoAccess], [NoLogin] and [OutOfRange].
type Topic interface {
	// Bounds returns each partition's first offset, and the one behind the last record.
	Bounds(ctx context.Context) (map[int32]Bounds, error)

	// At returns the offset of the partition's first record with this timestamp or a later
	// one, or the one behind the last record.
	At(ctx context.Context, partition int32, t time.Time) (int64, error)

	// Fetch returns records from an offset on, the offset behind them, and whether that is the
	// partition's end. Without records, and not at the end, the next ones are further on.
	Fetch(ctx context.Context, partition int32, offset int64) (records []*kgo.Record, next int64, end bool, err error)
}

// Bounds are the offset of a partition's first record, and the one behind its last.
type Bounds struct{ First, End int64 }

// NewTopic returns a Poller of a topic, which is named as the source of targets. The error lists
// every fault.
func NewTopic(topic Topic, source string, h Handler, o Options) (*Poller, error) {
	opts, faults := o.check()
	if k, err := awsname.CheckSource(source); err != nil || k.Service != awsname.Kafka {
		faults = errors.Join(faults, fmt.Errorf("%q is not the name of a Kafka topic, such as kafka://broker:9092/orders", source))
	}
	if faults != nil {
		return nil, faults
	}
	p := newPoller(h, opts)
	p.source = &topicSource{topic: topic, source: source, name: source[strings.LastIndexByte(source, '/')+1:]}
	p.form = topicForm(source)
	return p, nil
}

type topicSource struct {
	topic  Topic
	source string
	name   string // of the topic
}

func (s *topicSource) arn() string { return s.source }

func (s *topicSource) permissions() string {
	return "Describe and Read of the topic, and Read of the group"
}

func (s *topicSource) shards(ctx context.Context) ([]shard, error) {
	all, err := s.topic.Bounds(ctx)
	list := make([]shard, 0, len(all))
	for n, b := range all {
		last := before(b.End)
		list = append(list, shard{id: s.name + "-" + strconv.Itoa(int(n)), last: &last})
	}
	return list, err
}

// before returns the offset before another one, as a sequence number.
func before(offset int64) string {
	if offset <= 0 {
		return ""
	}
	return strconv.FormatInt(offset-1, 10)
}

// partition returns the number of a shard.
func (s *topicSource) partition(shard string) int32 {
	n, _ := strconv.ParseInt(strings.TrimPrefix(shard, s.name+"-"), 10, 32)
	return int32(n)
}

// iterator returns an offset.
func (s *topicSource) iterator(ctx context.Context, shard string, at position) (string, error) {
	n := s.partition(shard)
	offset, err := int64(0), error(nil)
	if at.seq == "" && !at.latest && !at.since.IsZero() {
		offset, err = s.topic.At(ctx, n, at.since)
		return strconv.FormatInt(offset, 10), err
	}
	all, err := s.topic.Bounds(ctx)
	b, ok := all[n]
	switch {
	case err != nil:
		return "", err
	case !ok:
		return "", NoTopic(fmt.Errorf("the topic has no partition %d", n))
	}
	switch {
	case at.seq != "":
		if offset, err = strconv.ParseInt(at.seq, 10, 64); err != nil || offset+1 > b.End {
			return "", &topicError{invalid, fmt.Errorf("the partition ends before the offset %s", at.seq)}
		}
		if offset++; offset < b.First {
			return "", &topicError{trimmed, fmt.Errorf("the partition begins at the offset %d", b.First)}
		}
	case at.latest:
		offset = b.End
	default:
		offset = b.First
	}
	return strconv.FormatInt(offset, 10), nil
}

func (s *topicSource) read(ctx context.Context, shard, iterator string) (page, error) {
	offset, err := strconv.ParseInt(iterator, 10, 64)
	if err != nil {
		return page{}, err
	}
	for {
		records, next, end, err := s.topic.Fetch(ctx, s.partition(shard), offset)
		if err != nil {
			return page{}, err
		}
		if len(records) == 0 && !end && next > offset { // of an aborted transaction, or compacted away
			offset = next
			continue
		}
		p := page{next: strconv.FormatInt(next, 10), behind: unknown, records: make([]record, len(records))}
		if end {
			p.behind = 0
		}
		for i, r := range records {
			p.records[i] = topicRecord(r)
		}
		return p, nil
	}
}

// topicError is an error of a topic with its meaning for the reader.
type topicError struct {
	fault fault
	error
}

func (e *topicError) Unwrap() error { return e.error }

// NoTopic returns the error of a topic that does not exist.
func NoTopic(err error) error { return &topicError{missing, err} }

// NoAccess returns the error of a caller without a permission.
func NoAccess(err error) error { return &topicError{denied, err} }

// NoLogin returns the error of a login that the brokers refuse.
func NoLogin(err error) error { return &topicError{credentials, err} }

// OutOfRange returns the error of an offset at which the partition has nothing.
func OutOfRange(err error) error { return &topicError{expired, err} }
