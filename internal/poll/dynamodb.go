package poll

import (
	"context"
	"errors"
	"fmt"
	"strconv"
	"strings"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/aws/arn"
	"github.com/aws/aws-sdk-go-v2/service/dynamodbstreams"
	"github.com/aws/aws-sdk-go-v2/service/dynamodbstreams/types"

	"fanout/internal/jsontext"
)

// DynamoDBClient is the part of *dynamodbstreams.Client that reading uses.
type DynamoDBClient interface {
	DescribeStream(context.Context, *dynamodbstreams.DescribeStreamInput, ...func(*dynamodbstreams.Options)) (*dynamodbstreams.DescribeStreamOutput, error)
	GetShardIterator(context.Context, *dynamodbstreams.GetShardIteratorInput, ...func(*dynamodbstreams.Options)) (*dynamodbstreams.GetShardIteratorOutput, error)
	GetRecords(context.Context, *dynamodbstreams.GetRecordsInput, ...func(*dynamodbstreams.Options)) (*dynamodbstreams.GetRecordsOutput, error)
}

// NewDynamoDB returns a Poller of the DynamoDB stream with the given ARN. That is
// the ARN of a table's stream, not of the table. The client's own retries are not
// used. The error lists every fault.
func NewDynamoDB(client DynamoDBClient, streamARN string, h Handler, o Options) (*Poller, error) {
	opts, faults := o.check()
	parsed, err := arn.Parse(streamARN)
	if err != nil || parsed.Service != "dynamodb" || !strings.HasPrefix(parsed.Resource, "table/") || !strings.Contains(parsed.Resource, "/stream/") {
		faults = errors.Join(faults, fmt.Errorf("%q is not the ARN of a DynamoDB stream, such as arn:aws:dynamodb:eu-west-1:123456789012:table/name/stream/2026-11-22T20:15:00.000; for a table, use its LatestStreamArn", streamARN))
	}
	if faults != nil {
		return nil, faults
	}
	p := newPoller(h, opts)
	p.source = &dynamoDBSource{client: client, clock: &p.clock, stream: streamARN, region: parsed.Region}
	return p, nil
}

// dynamoDBLimit is the most records that GetRecords returns (API reference).
const dynamoDBLimit = 1000

type dynamoDBSource struct {
	client DynamoDBClient
	clock  *Clock
	stream string
	region string
}

func (s *dynamoDBSource) arn() string { return s.stream }

func (s *dynamoDBSource) permissions() string {
	return "dynamodb:DescribeStream, dynamodb:GetShardIterator and dynamodb:GetRecords, and kms:Decrypt if its table is encrypted with your own key"
}

// dynamoDBOnce turns the client's retries off: the reader has its own, and attempts
// would multiply.
func dynamoDBOnce(o *dynamodbstreams.Options) { o.Retryer = aws.NopRetryer{} }

func (s *dynamoDBSource) shards(ctx context.Context) ([]shard, error) {
	var list []shard
	in := &dynamodbstreams.DescribeStreamInput{StreamArn: &s.stream}
	for {
		sent := time.Now()
		out, err := s.client.DescribeStream(ctx, in, dynamoDBOnce)
		if err != nil {
			return nil, err
		}
		s.clock.Learn(sent, out.ResultMetadata)
		d := out.StreamDescription
		if d == nil {
			return nil, errors.New("the service returned no description of the stream")
		}
		for i := range d.Shards {
			list = append(list, dynamoDBShard(&d.Shards[i]))
		}
		if aws.ToString(d.LastEvaluatedShardId) == "" {
			return list, nil
		}
		in = &dynamodbstreams.DescribeStreamInput{StreamArn: &s.stream, ExclusiveStartShardId: d.LastEvaluatedShardId}
	}
}

func dynamoDBShard(s *types.Shard) shard {
	sh := shard{id: aws.ToString(s.ShardId)}
	if parent := aws.ToString(s.ParentShardId); parent != "" {
		sh.parents = []string{parent}
	}
	sh.closed = s.SequenceNumberRange != nil && aws.ToString(s.SequenceNumberRange.EndingSequenceNumber) != ""
	return sh
}

// iterator cannot start at a time: such a position begins at the shard's beginning,
// and the reader skips the earlier records.
func (s *dynamoDBSource) iterator(ctx context.Context, shard string, at position) (string, error) {
	in := &dynamodbstreams.GetShardIteratorInput{StreamArn: &s.stream, ShardId: &shard}
	switch {
	case at.seq != "":
		in.ShardIteratorType, in.SequenceNumber = types.ShardIteratorTypeAfterSequenceNumber, &at.seq
	case at.latest:
		in.ShardIteratorType = types.ShardIteratorTypeLatest
	default:
		in.ShardIteratorType = types.ShardIteratorTypeTrimHorizon
	}
	out, err := s.client.GetShardIterator(ctx, in, dynamoDBOnce)
	if err != nil {
		return "", err
	}
	return aws.ToString(out.ShardIterator), nil
}

func (s *dynamoDBSource) read(ctx context.Context, shard, iterator string) (page, error) {
	sent := time.Now()
	out, err := s.client.GetRecords(ctx, &dynamodbstreams.GetRecordsInput{
		ShardIterator: &iterator,
		Limit:         aws.Int32(dynamoDBLimit),
	}, dynamoDBOnce)
	if err != nil {
		return page{}, err
	}
	s.clock.Learn(sent, out.ResultMetadata)
	p := page{next: aws.ToString(out.NextShardIterator), behind: unknown}
	p.records, err = s.records(shard, out.Records)
	return p, err
}

// records writes all records into one buffer.
func (s *dynamoDBSource) records(shard string, recs []types.Record) ([]record, error) {
	const frame = 500 // rough size of member names, ids and ARN, in bytes
	size := 0
	for i := range recs {
		size += frame
		if d := recs[i].Dynamodb; d != nil {
			size += 3 * int(aws.ToInt64(d.SizeBytes)) // short attributes, with the names of their types
		}
	}
	buf := make([]byte, 0, size)
	list := make([]record, len(recs))
	for i := range recs {
		var err error
		begin := len(buf)
		if buf, err = s.appendRecord(buf, &recs[i]); err != nil {
			return nil, &fatal{fmt.Errorf("a record of shard %s of stream %s has an unknown form; update fanout: %w", shard, s.stream, err)}
		}
		list[i].json = buf[begin:len(buf):len(buf)]
		if d := recs[i].Dynamodb; d != nil {
			list[i].seq = aws.ToString(d.SequenceNumber)
			list[i].arrived = aws.ToTime(d.ApproximateCreationDateTime)
		}
	}
	return list, nil
}

// appendRecord appends r in the form of Lambda's DynamoDB events (Lambda developer
// guide, Using AWS Lambda with Amazon DynamoDB).
func (s *dynamoDBSource) appendRecord(dst []byte, r *types.Record) (_ []byte, err error) {
	dst = append(dst, '{')
	dst = appendMember(dst, "eventID", aws.ToString(r.EventID))
	dst = appendMember(dst, "eventName", string(r.EventName))
	dst = appendMember(dst, "eventVersion", or(r.EventVersion, "1.1"))
	dst = appendMember(dst, "eventSource", or(r.EventSource, "aws:dynamodb"))
	dst = appendMember(dst, "awsRegion", or(r.AwsRegion, s.region))
	if u := r.UserIdentity; u != nil {
		dst = append(dst, `"userIdentity":{"type":`...)
		dst = jsontext.AppendString(dst, aws.ToString(u.Type))
		dst = append(dst, `,"principalId":`...)
		dst = jsontext.AppendString(dst, aws.ToString(u.PrincipalId))
		dst = append(dst, `},`...)
	}
	if d := r.Dynamodb; d != nil {
		if dst, err = appendChange(dst, d); err != nil {
			return nil, err
		}
	}
	dst = append(dst, `"eventSourceARN":`...)
	dst = jsontext.AppendString(dst, s.stream)
	return append(dst, '}'), nil
}

func appendChange(dst []byte, d *types.StreamRecord) (_ []byte, err error) {
	dst = append(dst, `"dynamodb":{`...)
	if t := d.ApproximateCreationDateTime; t != nil {
		dst = append(dst, `"ApproximateCreationDateTime":`...)
		dst = append(appendSeconds(dst, *t), ',')
	}
	for _, image := range []struct {
		name  string
		attrs map[string]types.AttributeValue
	}{{"Keys", d.Keys}, {"NewImage", d.NewImage}, {"OldImage", d.OldImage}} {
		if image.attrs == nil {
			continue
		}
		dst = appendName(dst, image.name)
		if dst, err = appendAttributes(dst, image.attrs); err != nil {
			return nil, err
		}
		dst = append(dst, ',')
	}
	dst = appendMember(dst, "SequenceNumber", aws.ToString(d.SequenceNumber))
	dst = append(dst, `"SizeBytes":`...)
	dst = strconv.AppendInt(dst, aws.ToInt64(d.SizeBytes), 10)
	dst = append(dst, `,"StreamViewType":`...)
	dst = jsontext.AppendString(dst, string(d.StreamViewType))
	return append(dst, `},`...), nil
}

// appendSeconds appends t as seconds since 1970, with decimals only if it has any.
// DynamoDB's times are whole seconds.
func appendSeconds(dst []byte, t time.Time) []byte {
	if t.UnixMilli()%1000 == 0 {
		return strconv.AppendInt(dst, t.Unix(), 10)
	}
	return appendMillis(dst, t)
}

func or(s *string, otherwise string) string {
	if aws.ToString(s) == "" {
		return otherwise
	}
	return *s
}
