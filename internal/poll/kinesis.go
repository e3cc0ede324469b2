package poll

import (
	"context"
	"encoding/base64"
	"errors"
	"fmt"
	"strings"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/aws/arn"
	"github.com/aws/aws-sdk-go-v2/service/kinesis"
	"github.com/aws/aws-sdk-go-v2/service/kinesis/types"

	"fanout/internal/jsontext"
)

// KinesisClient is the part of *kinesis.Client that reading uses.
type KinesisClient interface {
	ListShards(context.Context, *kinesis.ListShardsInput, ...func(*kinesis.Options)) (*kinesis.ListShardsOutput, error)
	GetShardIterator(context.Context, *kinesis.GetShardIteratorInput, ...func(*kinesis.Options)) (*kinesis.GetShardIteratorOutput, error)
	GetRecords(context.Context, *kinesis.GetRecordsInput, ...func(*kinesis.Options)) (*kinesis.GetRecordsOutput, error)
}

// NewKinesis returns a Poller of the Kinesis data stream with the given ARN. The ARN may be
// that of an enhanced fan-out consumer of the stream: its records then come by GetRecords, in
// events of the consumer. The client's own retries are not used. The error lists every fault.
func NewKinesis(client KinesisClient, sourceARN string, h Handler, o Options) (*Poller, error) {
	opts, faults := o.check()
	parsed, err := arn.Parse(sourceARN)
	if err != nil || parsed.Service != "kinesis" || !strings.HasPrefix(parsed.Resource, "stream/") {
		faults = errors.Join(faults, fmt.Errorf("%q is not the ARN of a Kinesis data stream, such as arn:aws:kinesis:eu-west-1:123456789012:stream/name", sourceARN))
	}
	if faults != nil {
		return nil, faults
	}
	p := newPoller(h, opts)
	p.source = &kinesisSource{
		client: client, clock: &p.clock, source: sourceARN, stream: streamOf(sourceARN),
		tail: kinesisTail(opts.InvokeIdentity, parsed.Region, sourceARN),
	}
	return p, nil
}

// kinesisLimit is the most records that GetRecords returns (API reference). A lower
// limit would not keep up with a shard, because reads are limited to five a second.
const kinesisLimit = 10_000

type kinesisSource struct {
	client KinesisClient
	clock  *Clock
	source string // ARN of the stream, or of its consumer
	stream string // ARN
	tail   string // the end of every record of an event
}

// streamOf returns the ARN of the stream of a source. The ARN of a consumer begins with it.
func streamOf(source string) string {
	stream, _, _ := strings.Cut(source, "/consumer/")
	return stream
}

func (s *kinesisSource) arn() string { return s.source }

func (s *kinesisSource) permissions() string {
	return "kinesis:ListShards, kinesis:GetShardIterator and kinesis:GetRecords, and kms:Decrypt if it is encrypted"
}

// kinesisOnce turns the client's retries off: the reader has its own, and attempts
// would multiply.
func kinesisOnce(o *kinesis.Options) { o.Retryer = aws.NopRetryer{} }

func (s *kinesisSource) shards(ctx context.Context) ([]shard, error) {
	var list []shard
	in := &kinesis.ListShardsInput{StreamARN: &s.stream}
	for {
		sent := time.Now()
		out, err := s.client.ListShards(ctx, in, kinesisOnce)
		if err != nil {
			return nil, err
		}
		s.clock.Learn(sent, out.ResultMetadata)
		for i := range out.Shards {
			list = append(list, kinesisShard(&out.Shards[i]))
		}
		if aws.ToString(out.NextToken) == "" {
			return list, nil
		}
		// The token identifies the stream, and the service rejects a stream name beside
		// it.
		in = &kinesis.ListShardsInput{NextToken: out.NextToken}
	}
}

func kinesisShard(s *types.Shard) shard {
	sh := shard{id: aws.ToString(s.ShardId)}
	for _, parent := range []*string{s.ParentShardId, s.AdjacentParentShardId} {
		if aws.ToString(parent) != "" {
			sh.parents = append(sh.parents, *parent)
		}
	}
	sh.closed = s.SequenceNumberRange != nil && aws.ToString(s.SequenceNumberRange.EndingSequenceNumber) != ""
	return sh
}

func (s *kinesisSource) iterator(ctx context.Context, shard string, at position) (string, error) {
	in := &kinesis.GetShardIteratorInput{StreamARN: &s.stream, ShardId: &shard}
	switch {
	case at.seq != "":
		in.ShardIteratorType, in.StartingSequenceNumber = types.ShardIteratorTypeAfterSequenceNumber, &at.seq
	case at.latest:
		in.ShardIteratorType = types.ShardIteratorTypeLatest
	case !at.since.IsZero():
		in.ShardIteratorType, in.Timestamp = types.ShardIteratorTypeAtTimestamp, &at.since
	default:
		in.ShardIteratorType = types.ShardIteratorTypeTrimHorizon
	}
	out, err := s.client.GetShardIterator(ctx, in, kinesisOnce)
	if err != nil {
		return "", err
	}
	return aws.ToString(out.ShardIterator), nil
}

func (s *kinesisSource) read(ctx context.Context, shard, iterator string) (page, error) {
	sent := time.Now()
	out, err := s.client.GetRecords(ctx, &kinesis.GetRecordsInput{
		StreamARN:     &s.stream,
		ShardIterator: &iterator,
		Limit:         aws.Int32(kinesisLimit),
	}, kinesisOnce)
	if err != nil {
		return page{}, err
	}
	s.clock.Learn(sent, out.ResultMetadata)
	p := page{next: aws.ToString(out.NextShardIterator), behind: unknown}
	if out.MillisBehindLatest != nil {
		p.behind = time.Duration(*out.MillisBehindLatest) * time.Millisecond
	}
	p.records = s.records(shard, out.Records)
	return p, nil
}

// records writes all records into one buffer.
func (s *kinesisSource) records(shard string, recs []types.Record) []record {
	const frame = 300 // rough size of member names and sequence numbers, in bytes
	size := 0
	for i := range recs {
		size += frame + len(shard) + len(s.tail) + len(aws.ToString(recs[i].PartitionKey)) + base64.StdEncoding.EncodedLen(len(recs[i].Data))
	}
	buf := make([]byte, 0, size)
	list := make([]record, len(recs))
	for i := range recs {
		begin := len(buf)
		buf = s.appendRecord(buf, shard, &recs[i])
		list[i] = record{
			seq:     aws.ToString(recs[i].SequenceNumber),
			arrived: aws.ToTime(recs[i].ApproximateArrivalTimestamp),
			json:    buf[begin:len(buf):len(buf)],
		}
	}
	return list
}

// appendRecord appends r in the form of Lambda's Kinesis events (Lambda developer
// guide, Using Lambda to process records from Amazon Kinesis Data Streams).
func (s *kinesisSource) appendRecord(dst []byte, shard string, r *types.Record) []byte {
	seq := aws.ToString(r.SequenceNumber)
	dst = append(dst, `{"kinesis":{"kinesisSchemaVersion":"1.0",`...)
	if r.PartitionKey != nil {
		dst = appendMember(dst, "partitionKey", *r.PartitionKey)
	}
	dst = appendMember(dst, "sequenceNumber", seq)
	dst = append(dst, `"data":`...)
	dst = appendBinary(dst, r.Data)
	if r.ApproximateArrivalTimestamp != nil {
		dst = append(dst, `,"approximateArrivalTimestamp":`...)
		dst = appendMillis(dst, *r.ApproximateArrivalTimestamp)
	}
	dst = append(dst, `},"eventSource":"aws:kinesis","eventVersion":"1.0","eventID":"`...)
	dst = jsontext.Append(dst, shard)
	dst = append(dst, ':')
	dst = jsontext.Append(dst, seq)
	return append(dst, s.tail...)
}

// kinesisTail returns the end of a record, from the closing quote of its eventID
// on.
func kinesisTail(identity, region, stream string) string {
	tail := []byte(`","eventName":"aws:kinesis:record",`)
	tail = appendMember(tail, "invokeIdentityArn", identity)
	tail = appendMember(tail, "awsRegion", region)
	tail = append(tail, `"eventSourceARN":`...)
	tail = jsontext.AppendString(tail, stream)
	return string(append(tail, '}'))
}
