// Package topic reads a topic of Kafka partition by partition, for a [poll.Poller], and keeps
// positions in a consumer group. It is no member of the group: a run reads all partitions.
package topic

import (
	"context"
	"errors"
	"fmt"
	"math/rand/v2"
	"sync"
	"time"

	"github.com/twmb/franz-go/pkg/kerr"
	"github.com/twmb/franz-go/pkg/kgo"
	"github.com/twmb/franz-go/pkg/kmsg"
	"github.com/twmb/franz-go/pkg/kversion"

	"fanout/internal/brokers"
	"fanout/internal/poll"
)

const (
	// timeout bounds a connection attempt and the answer to a request.
	timeout = 5 * time.Second

	// fetchBytes bounds the records of an answer, unless the first batch is larger.
	fetchBytes = 4 << 20
)

// Topic is a topic of a cluster. It is safe for concurrent use.
type Topic struct {
	client *kgo.Client
	name   string

	mu      sync.Mutex
	leaders map[int32]leader // by partition
}

// leader is the broker that has a partition.
type leader struct{ broker, epoch int32 }

// Open returns the topic at an address. It connects when it is first used. Close it.
func Open(a brokers.Address, l brokers.Login) (*Topic, error) {
	// Later versions name topics by ids, and ask several groups at once.
	versions := kversion.Stable()
	versions.SetMaxKeyVersion(int16(kmsg.Fetch), 12)
	versions.SetMaxKeyVersion(int16(kmsg.OffsetCommit), 8)
	versions.SetMaxKeyVersion(int16(kmsg.OffsetFetch), 7)
	client, err := kgo.NewClient(append(a.Options(l),
		kgo.MaxVersions(versions),
		kgo.DialTimeout(timeout), kgo.RequestRetries(3), kgo.RequestTimeoutOverhead(timeout),
		kgo.MetadataMinAge(250*time.Millisecond), kgo.RetryBackoffFn(backoff),
	)...)
	if err != nil {
		return nil, fmt.Errorf("the client for the topic %s cannot be made: %w", a.Topic, err)
	}
	return &Topic{client: client, name: a.Topic, leaders: make(map[int32]leader)}, nil
}

// backoff is the wait before the client's nth repetition.
func backoff(n int) time.Duration {
	most := min(100*time.Millisecond<<min(n, 6), time.Second)
	return most/2 + rand.N(most/2)
}

// Close closes the connections.
func (t *Topic) Close() { t.client.Close() }

// lookUp asks for the partitions and their leaders.
func (t *Topic) lookUp(ctx context.Context) (partitions []int32, err error) {
	req, topic := kmsg.NewPtrMetadataRequest(), kmsg.NewMetadataRequestTopic()
	topic.Topic = kmsg.StringPtr(t.name)
	req.Topics = append(req.Topics, topic)
	resp, err := req.RequestWith(ctx, t.client)
	if err != nil {
		return nil, meaning(err)
	}
	t.mu.Lock()
	defer t.mu.Unlock()
	for i := range resp.Topics {
		if err := kerr.ErrorForCode(resp.Topics[i].ErrorCode); err != nil {
			return nil, meaning(err)
		}
		for _, p := range resp.Topics[i].Partitions {
			partitions = append(partitions, p.Partition)
			t.leaders[p.Partition] = leader{p.Leader, p.LeaderEpoch}
		}
	}
	return partitions, nil
}

// Timestamps with a meaning (Kafka protocol, ListOffsets).
const (
	first = -2
	end   = -1
)

// Bounds implements [poll.Topic]. The end is before the first open transaction.
func (t *Topic) Bounds(ctx context.Context) (map[int32]poll.Bounds, error) {
	partitions, err := t.lookUp(ctx)
	if err != nil {
		return nil, err
	}
	firsts, err := t.offsets(ctx, partitions, first)
	if err != nil {
		return nil, err
	}
	ends, err := t.offsets(ctx, partitions, end)
	bounds := make(map[int32]poll.Bounds, len(ends))
	for p, offset := range ends {
		bounds[p] = poll.Bounds{First: firsts[p], End: offset}
	}
	return bounds, err
}

// At implements [poll.Topic].
func (t *Topic) At(ctx context.Context, partition int32, at time.Time) (int64, error) {
	offsets, err := t.offsets(ctx, []int32{partition}, at.UnixMilli())
	if err == nil && offsets[partition] < 0 { // there is none
		offsets, err = t.offsets(ctx, []int32{partition}, end)
	}
	return offsets[partition], err
}

// offsets returns the offsets of a time in all the partitions.
func (t *Topic) offsets(ctx context.Context, partitions []int32, at int64) (map[int32]int64, error) {
	req, topic := kmsg.NewPtrListOffsetsRequest(), kmsg.NewListOffsetsRequestTopic()
	req.IsolationLevel, topic.Topic = readCommitted, t.name
	for _, n := range partitions {
		p := kmsg.NewListOffsetsRequestTopicPartition()
		p.Partition, p.Timestamp = n, at
		topic.Partitions = append(topic.Partitions, p)
	}
	req.Topics = append(req.Topics, topic)
	resp, err := req.RequestWith(ctx, t.client)
	if err != nil {
		return nil, meaning(err)
	}
	offsets := make(map[int32]int64, len(partitions))
	for i := range resp.Topics {
		for _, p := range resp.Topics[i].Partitions {
			if err := kerr.ErrorForCode(p.ErrorCode); err != nil {
				return nil, meaning(err)
			}
			offsets[p.Partition] = p.Offset
		}
	}
	if len(offsets) < len(partitions) {
		return nil, errors.New("the answer lacks partitions")
	}
	return offsets, nil
}

// readCommitted leaves out the records of aborted transactions (Kafka protocol, isolation level).
const readCommitted = 1

// Fetch implements [poll.Topic].
func (t *Topic) Fetch(ctx context.Context, partition int32, offset int64) (records []*kgo.Record, next int64, atEnd bool, err error) {
	from, err := t.leaderOf(ctx, partition)
	if err != nil {
		return nil, 0, false, err
	}
	req, topic, p := kmsg.NewPtrFetchRequest(), kmsg.NewFetchRequestTopic(), kmsg.NewFetchRequestTopicPartition()
	p.Partition, p.FetchOffset, p.CurrentLeaderEpoch, p.PartitionMaxBytes = partition, offset, from.epoch, fetchBytes
	topic.Topic, topic.Partitions = t.name, append(topic.Partitions, p)
	req.MaxBytes, req.IsolationLevel, req.Topics = fetchBytes, readCommitted, append(req.Topics, topic)
	req.MaxWaitMillis, req.MinBytes = 0, 0
	answer, err := t.client.Broker(int(from.broker)).Request(ctx, req)
	if err == nil {
		resp, _ := answer.(*kmsg.FetchResponse)
		records, next, atEnd, err = t.read(resp, partition, offset)
	}
	if err != nil {
		t.forget(partition) // another broker may have it by now
	}
	return records, next, atEnd, meaning(err)
}

// leaderOf returns the broker that has a partition.
func (t *Topic) leaderOf(ctx context.Context, partition int32) (leader, error) {
	for try := range 2 {
		t.mu.Lock()
		l, known := t.leaders[partition]
		t.mu.Unlock()
		if known && l.broker >= 0 {
			return l, nil
		}
		if try == 0 {
			if _, err := t.lookUp(ctx); err != nil {
				return leader{}, err
			}
		}
	}
	return leader{}, fmt.Errorf("partition %d has no leader", partition)
}

// forget makes the next call ask for the leader of a partition.
func (t *Topic) forget(partition int32) {
	t.mu.Lock()
	defer t.mu.Unlock()
	delete(t.leaders, partition)
}

// read reads the answer to a fetch.
func (t *Topic) read(resp *kmsg.FetchResponse, partition int32, offset int64) (records []*kgo.Record, next int64, atEnd bool, err error) {
	if resp == nil {
		return nil, 0, false, errors.New("the answer is of another kind")
	}
	if err := kerr.ErrorForCode(resp.ErrorCode); err != nil {
		return nil, 0, false, err
	}
	for i := range resp.Topics {
		for k := range resp.Topics[i].Partitions {
			p := &resp.Topics[i].Partitions[k]
			if p.Partition != partition {
				continue
			}
			fetched, next := kgo.ProcessFetchPartition(kgo.ProcessFetchPartitionOpts{
				Offset: offset, IsolationLevel: kgo.ReadCommitted(), Topic: t.name, Partition: partition,
			}, p, kgo.DefaultDecompressor(), nil)
			if fetched.Err != nil && len(fetched.Records) == 0 {
				return nil, 0, false, fetched.Err
			}
			return fetched.Records, next, next >= fetched.LastStableOffset, nil
		}
	}
	return nil, 0, false, errors.New("the answer lacks the partition")
}

// meaning gives an error of a broker its meaning for the poller.
func meaning(err error) error {
	code, ok := errors.AsType[*kerr.Error](err)
	if !ok {
		return err
	}
	switch code.Code {
	case kerr.UnknownTopicOrPartition.Code, kerr.UnknownTopicID.Code, kerr.InvalidTopicException.Code:
		return poll.NoTopic(err)
	case kerr.TopicAuthorizationFailed.Code, kerr.GroupAuthorizationFailed.Code, kerr.ClusterAuthorizationFailed.Code:
		return poll.NoAccess(err)
	case kerr.SaslAuthenticationFailed.Code, kerr.IllegalSaslState.Code, kerr.UnsupportedSaslMechanism.Code:
		return poll.NoLogin(err)
	case kerr.OffsetOutOfRange.Code:
		return poll.OutOfRange(err)
	}
	return err
}
