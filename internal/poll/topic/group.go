package topic

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/twmb/franz-go/pkg/kerr"
	"github.com/twmb/franz-go/pkg/kmsg"

	"fanout/internal/poll"
)

// commitTimeout bounds a look-up or a commit, with its repetitions.
const commitTimeout = time.Minute

// Group keeps the positions of a run in a consumer group, as the offsets of the next records. A
// group with members is refused, because they commit too. It implements [poll.Checkpoints].
type Group struct {
	*Topic
	ID string
}

// Load implements [poll.Checkpoints].
func (g *Group) Load(string) (map[string]poll.Checkpoint, error) {
	ctx, cancel := context.WithTimeout(context.Background(), commitTimeout)
	defer cancel()
	if err := g.empty(ctx); err != nil {
		return nil, err
	}
	partitions, err := g.lookUp(ctx)
	if err != nil {
		return nil, err
	}
	req, topic := kmsg.NewPtrOffsetFetchRequest(), kmsg.NewOffsetFetchRequestTopic()
	topic.Topic, topic.Partitions = g.name, partitions
	req.Group, req.RequireStable, req.Topics = g.ID, true, append(req.Topics, topic)
	resp, err := req.RequestWith(ctx, g.client)
	if err == nil {
		err = kerr.ErrorForCode(resp.ErrorCode)
	}
	switch {
	case errors.Is(err, kerr.GroupIDNotFound):
		return nil, nil
	case err != nil:
		return nil, meaning(err)
	}
	all := make(map[string]poll.Checkpoint)
	for i := range resp.Topics {
		for _, p := range resp.Topics[i].Partitions {
			if err := kerr.ErrorForCode(p.ErrorCode); err != nil {
				return nil, meaning(err)
			}
			shard := fmt.Sprintf("%s-%d", g.name, p.Partition)
			switch {
			case p.Offset == 0:
				all[shard] = poll.Checkpoint{}
			case p.Offset > 0:
				all[shard] = poll.Checkpoint{Seq: strconv.FormatInt(p.Offset-1, 10)}
			}
		}
	}
	return all, nil
}

// empty checks that the group has no members.
func (g *Group) empty(ctx context.Context) error {
	req := kmsg.NewPtrDescribeGroupsRequest()
	req.Groups = append(req.Groups, g.ID)
	resp, err := req.RequestWith(ctx, g.client)
	if err != nil {
		return meaning(err)
	}
	for i := range resp.Groups {
		switch err := kerr.ErrorForCode(resp.Groups[i].ErrorCode); {
		case errors.Is(err, kerr.GroupIDNotFound):
		case err != nil:
			return meaning(err)
		case len(resp.Groups[i].Members) > 0:
			return g.taken()
		}
	}
	return nil
}

func (g *Group) taken() error {
	return fmt.Errorf("the consumer group %q has members, which read the topic too; stop them, such as the event source mapping, or choose another group", g.ID)
}

// Save implements [poll.Checkpoints].
func (g *Group) Save(_ string, shards map[string]poll.Checkpoint) error {
	ctx, cancel := context.WithTimeout(context.Background(), commitTimeout)
	defer cancel()
	req, topic := kmsg.NewPtrOffsetCommitRequest(), kmsg.NewOffsetCommitRequestTopic()
	req.Group, topic.Topic = g.ID, g.name
	for shard, c := range shards {
		if c.Seq == "" && !c.Since.IsZero() {
			continue // a time, at which the next run begins again
		}
		p, err := g.position(shard, c)
		if err != nil {
			return err
		}
		topic.Partitions = append(topic.Partitions, p)
	}
	if len(topic.Partitions) == 0 {
		return nil
	}
	slices.SortFunc(topic.Partitions, func(a, b kmsg.OffsetCommitRequestTopicPartition) int { return int(a.Partition - b.Partition) })
	req.Topics = append(req.Topics, topic)
	for failures := 1; ; failures++ {
		err := g.commit(ctx, req)
		if code, ok := errors.AsType[*kerr.Error](err); err == nil || ok && !code.Retriable || ctx.Err() != nil {
			return meaning(err)
		}
		poll.Sleep(ctx, poll.Backoff(failures))
	}
}

// commit makes one attempt.
func (g *Group) commit(ctx context.Context, req *kmsg.OffsetCommitRequest) error {
	resp, err := req.RequestWith(ctx, g.client)
	if err != nil {
		return err
	}
	for i := range resp.Topics {
		for _, p := range resp.Topics[i].Partitions {
			switch err := kerr.ErrorForCode(p.ErrorCode); {
			case errors.Is(err, kerr.UnknownMemberID), errors.Is(err, kerr.IllegalGeneration):
				return fmt.Errorf("%w: %w", g.taken(), err)
			case err != nil:
				return err
			}
		}
	}
	return nil
}

// position returns what a commit says of a partition.
func (g *Group) position(shard string, c poll.Checkpoint) (p kmsg.OffsetCommitRequestTopicPartition, err error) {
	p = kmsg.NewOffsetCommitRequestTopicPartition()
	n, err := strconv.ParseInt(strings.TrimPrefix(shard, g.name+"-"), 10, 32)
	p.Partition = int32(n)
	if err == nil && c.Seq != "" {
		p.Offset, err = strconv.ParseInt(c.Seq, 10, 64)
		p.Offset++
	}
	return p, err
}
