package poll

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"slices"
	"strconv"
	"strings"
	"sync"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	awsmiddleware "github.com/aws/aws-sdk-go-v2/aws/middleware"
	"github.com/aws/aws-sdk-go-v2/service/dynamodbstreams"
	dt "github.com/aws/aws-sdk-go-v2/service/dynamodbstreams/types"
	"github.com/aws/aws-sdk-go-v2/service/kinesis"
	kt "github.com/aws/aws-sdk-go-v2/service/kinesis/types"
	"github.com/aws/smithy-go"
	"github.com/aws/smithy-go/middleware"
	smithyhttp "github.com/aws/smithy-go/transport/http"
)

const (
	kinesisARN  = "arn:aws:kinesis:eu-west-1:123456789012:stream/orders"
	dynamoDBARN = "arn:aws:dynamodb:eu-west-1:123456789012:table/orders/stream/2026-11-22T20:15:00.000"
)

// The SDK's clients implement the interfaces.
var (
	_ KinesisClient  = (*kinesis.Client)(nil)
	_ DynamoDBClient = (*dynamodbstreams.Client)(nil)
)

// fakeStream is a stream in memory. fakeKinesis and fakeDynamoDB serve its APIs.
type fakeStream struct {
	mu     sync.Mutex
	shards []*fakeShard
	seq    int
	reads  map[string][]time.Time

	life     time.Duration                // of an iterator; 0: 5 minutes
	pageSize int                          // shards in a listing; 0: all
	silent   bool                         // answers do not say how far behind a read is
	endless  bool                         // never ends a closed shard, as emulators do
	clock    time.Duration                // how far the service's clock is ahead
	dateless bool                         // answers have no Date, as with some emulators
	fail     func(op, shard string) error // before each call; nil: never
}

type fakeShard struct {
	id      string
	parents []string
	recs    []fakeRecord
	trimmed int // records past retention
	closed  bool
}

type fakeRecord struct {
	seq  string
	data string
	at   time.Time
}

func newFakeStream(shards ...string) *fakeStream {
	f := &fakeStream{reads: make(map[string][]time.Time)}
	for _, id := range shards {
		f.open(id)
	}
	return f
}

func (f *fakeStream) open(id string, parents ...string) {
	f.mu.Lock()
	defer f.mu.Unlock()
	for _, s := range f.shards {
		if slices.Contains(parents, s.id) {
			s.closed = true
		}
	}
	f.shards = append(f.shards, &fakeShard{id: id, parents: parents})
}

func (f *fakeStream) split(parent, a, b string) { f.open(a, parent); f.open(b, parent) }
func (f *fakeStream) merge(a, b, child string)  { f.open(child, a, b) }

// put adds n records. Their data is the shard and a number counted from 0.
func (f *fakeStream) put(shard string, n int) {
	f.mu.Lock()
	defer f.mu.Unlock()
	s := f.shard(shard)
	for range n {
		f.seq++
		s.recs = append(s.recs, fakeRecord{
			seq:  fmt.Sprintf("4959%09d", f.seq),
			data: fmt.Sprintf("%s/%d", shard, len(s.recs)),
			at:   f.now(),
		})
	}
}

// trim puts the first n records of a shard past retention.
func (f *fakeStream) trim(shard string, n int) {
	f.mu.Lock()
	defer f.mu.Unlock()
	f.shard(shard).trimmed = n
}

// remove deletes a shard, as happens when all its records are past retention.
func (f *fakeStream) remove(shard string) {
	f.mu.Lock()
	defer f.mu.Unlock()
	f.shards = slices.DeleteFunc(f.shards, func(s *fakeShard) bool { return s.id == shard })
}

func (f *fakeStream) now() time.Time { return time.Now().Add(f.clock) }

// answered returns the SDK's metadata of an answer made now.
func (f *fakeStream) answered() middleware.Metadata {
	header := make(http.Header)
	if !f.dateless {
		header.Set("Date", f.now().UTC().Format(http.TimeFormat))
	}
	_, m, err := awsmiddleware.RecordResponseTiming{}.HandleDeserialize(context.Background(), middleware.DeserializeInput{}, answer(header))
	if err != nil {
		panic(err)
	}
	return m
}

// answer is an answer that has only headers.
type answer http.Header

// HandleDeserialize implements middleware.DeserializeHandler.
func (a answer) HandleDeserialize(context.Context, middleware.DeserializeInput) (out middleware.DeserializeOutput, m middleware.Metadata, err error) {
	out.RawResponse = &smithyhttp.Response{Response: &http.Response{Header: http.Header(a)}}
	return out, m, nil
}

func (f *fakeStream) shard(id string) *fakeShard {
	for _, s := range f.shards {
		if s.id == id {
			return s
		}
	}
	return nil
}

// ids returns all shards.
func (f *fakeStream) ids() []string {
	f.mu.Lock()
	defer f.mu.Unlock()
	var all []string
	for _, s := range f.shards {
		all = append(all, s.id)
	}
	return all
}

// setLife sets how long iterators live from now on; 0: 5 minutes.
func (f *fakeStream) setLife(d time.Duration) {
	f.mu.Lock()
	defer f.mu.Unlock()
	f.life = d
}

// data returns the data of all records put into a shard.
func (f *fakeStream) data(shard string) []string {
	f.mu.Lock()
	defer f.mu.Unlock()
	var all []string
	for _, r := range f.shard(shard).recs {
		all = append(all, r.data)
	}
	return all
}

// readsOf returns the times at which a shard was read.
func (f *fakeStream) readsOf(shard string) []time.Time {
	f.mu.Lock()
	defer f.mu.Unlock()
	return slices.Clone(f.reads[shard])
}

func apiError(code string) error {
	return &smithy.GenericAPIError{Code: code, Message: "the service's words"}
}

func (f *fakeStream) failure(op, shard string) error {
	if f.fail == nil {
		return nil
	}
	return f.fail(op, shard)
}

// list returns a page of the shards behind after, and whether more follow.
func (f *fakeStream) list(after string) (list []fakeShard, more bool, err error) {
	f.mu.Lock()
	defer f.mu.Unlock()
	if err := f.failure("list", ""); err != nil {
		return nil, false, err
	}
	i := 1 + slices.IndexFunc(f.shards, func(s *fakeShard) bool { return s.id == after })
	for ; i < len(f.shards); i++ {
		if f.pageSize > 0 && len(list) == f.pageSize {
			return list, true, nil
		}
		list = append(list, *f.shards[i])
	}
	return list, false, nil
}

// iterator returns an iterator behind the records that before counts.
func (f *fakeStream) iterator(shard string, before func(*fakeShard) (int, error)) (*string, error) {
	f.mu.Lock()
	defer f.mu.Unlock()
	if err := f.failure("iterator", shard); err != nil {
		return nil, err
	}
	s := f.shard(shard)
	if s == nil {
		return nil, apiError("ResourceNotFoundException")
	}
	i, err := before(s)
	if err != nil {
		return nil, err
	}
	return f.token(s, i), nil
}

func (f *fakeStream) token(s *fakeShard, i int) *string {
	return aws.String(fmt.Sprintf("%s %d %d", s.id, i, time.Now().UnixNano()))
}

func horizon(s *fakeShard) (int, error) { return s.trimmed, nil }
func latest(s *fakeShard) (int, error)  { return len(s.recs), nil }

func behind(seq string) func(*fakeShard) (int, error) {
	return func(s *fakeShard) (int, error) {
		for i, r := range s.recs {
			if r.seq == seq {
				return i + 1, nil
			}
		}
		return 0, apiError("InvalidArgumentException")
	}
}

// get reads up to limit records. next is nil at the shard's end. late is the age of
// the first record that remains.
func (f *fakeStream) get(token string, limit int32) (recs []fakeRecord, next *string, late time.Duration, err error) {
	f.mu.Lock()
	defer f.mu.Unlock()
	part := strings.Fields(token)
	from, err1 := strconv.Atoi(part[1])
	issued, err2 := strconv.ParseInt(part[2], 10, 64)
	if err := errors.Join(err1, err2); err != nil {
		return nil, nil, 0, err
	}
	f.reads[part[0]] = append(f.reads[part[0]], time.Now())
	if err := f.failure("read", part[0]); err != nil {
		return nil, nil, 0, err
	}
	life := f.life
	if life == 0 {
		life = 5 * time.Minute
	}
	if time.Since(time.Unix(0, issued)) > life {
		return nil, nil, 0, apiError("ExpiredIteratorException")
	}
	s := f.shard(part[0])
	if s == nil {
		return nil, nil, 0, apiError("ResourceNotFoundException")
	}
	to := min(len(s.recs), from+int(limit))
	if !s.closed || f.endless || to < len(s.recs) {
		next = f.token(s, to)
	}
	if to < len(s.recs) {
		late = f.now().Sub(s.recs[to].at)
	}
	return slices.Clone(s.recs[min(from, to):to]), next, late, nil
}

type fakeKinesis struct{ *fakeStream }

func (f fakeKinesis) ListShards(_ context.Context, in *kinesis.ListShardsInput, _ ...func(*kinesis.Options)) (*kinesis.ListShardsOutput, error) {
	if (in.NextToken == nil) == (in.StreamARN == nil) {
		return nil, apiError("InvalidArgumentException")
	}
	list, more, err := f.list(aws.ToString(in.NextToken))
	if err != nil {
		return nil, err
	}
	out := &kinesis.ListShardsOutput{ResultMetadata: f.answered()}
	for _, s := range list {
		sh := kt.Shard{ShardId: aws.String(s.id), SequenceNumberRange: &kt.SequenceNumberRange{StartingSequenceNumber: aws.String("1")}}
		if len(s.parents) > 0 {
			sh.ParentShardId = &s.parents[0]
		}
		if len(s.parents) > 1 {
			sh.AdjacentParentShardId = &s.parents[1]
		}
		if s.closed {
			sh.SequenceNumberRange.EndingSequenceNumber = aws.String("2")
		}
		out.Shards = append(out.Shards, sh)
		if more {
			out.NextToken = aws.String(s.id)
		}
	}
	return out, nil
}

func (f fakeKinesis) GetShardIterator(_ context.Context, in *kinesis.GetShardIteratorInput, _ ...func(*kinesis.Options)) (*kinesis.GetShardIteratorOutput, error) {
	before := horizon
	switch in.ShardIteratorType {
	case kt.ShardIteratorTypeLatest:
		before = latest
	case kt.ShardIteratorTypeAfterSequenceNumber:
		before = behind(*in.StartingSequenceNumber)
	case kt.ShardIteratorTypeAtTimestamp:
		before = func(s *fakeShard) (int, error) {
			if in.Timestamp.After(f.now()) {
				return 0, apiError("InvalidArgumentException")
			}
			i := slices.IndexFunc(s.recs, func(r fakeRecord) bool { return !r.at.Before(*in.Timestamp) })
			if i < 0 {
				return len(s.recs), nil
			}
			return i, nil
		}
	default:
	}
	it, err := f.iterator(*in.ShardId, before)
	return &kinesis.GetShardIteratorOutput{ShardIterator: it, ResultMetadata: f.answered()}, err
}

func (f fakeKinesis) GetRecords(_ context.Context, in *kinesis.GetRecordsInput, _ ...func(*kinesis.Options)) (*kinesis.GetRecordsOutput, error) {
	recs, next, late, err := f.get(*in.ShardIterator, *in.Limit)
	if err != nil {
		return nil, err
	}
	out := &kinesis.GetRecordsOutput{NextShardIterator: next, ResultMetadata: f.answered()}
	if !f.silent {
		out.MillisBehindLatest = aws.Int64(late.Milliseconds())
	}
	for _, r := range recs {
		out.Records = append(out.Records, kt.Record{
			SequenceNumber:              aws.String(r.seq),
			PartitionKey:                aws.String("key"),
			Data:                        []byte(r.data),
			ApproximateArrivalTimestamp: aws.Time(r.at),
		})
	}
	return out, nil
}

type fakeDynamoDB struct{ *fakeStream }

func (f fakeDynamoDB) DescribeStream(_ context.Context, in *dynamodbstreams.DescribeStreamInput, _ ...func(*dynamodbstreams.Options)) (*dynamodbstreams.DescribeStreamOutput, error) {
	list, more, err := f.list(aws.ToString(in.ExclusiveStartShardId))
	if err != nil {
		return nil, err
	}
	d := &dt.StreamDescription{StreamArn: in.StreamArn}
	for _, s := range list {
		sh := dt.Shard{ShardId: aws.String(s.id), SequenceNumberRange: &dt.SequenceNumberRange{StartingSequenceNumber: aws.String("1")}}
		if len(s.parents) > 0 {
			sh.ParentShardId = &s.parents[0]
		}
		if s.closed {
			sh.SequenceNumberRange.EndingSequenceNumber = aws.String("2")
		}
		d.Shards = append(d.Shards, sh)
		if more {
			d.LastEvaluatedShardId = aws.String(s.id)
		}
	}
	return &dynamodbstreams.DescribeStreamOutput{StreamDescription: d, ResultMetadata: f.answered()}, nil
}

func (f fakeDynamoDB) GetShardIterator(_ context.Context, in *dynamodbstreams.GetShardIteratorInput, _ ...func(*dynamodbstreams.Options)) (*dynamodbstreams.GetShardIteratorOutput, error) {
	before := horizon
	switch in.ShardIteratorType {
	case dt.ShardIteratorTypeLatest:
		before = latest
	case dt.ShardIteratorTypeAfterSequenceNumber:
		before = behind(*in.SequenceNumber)
	default:
	}
	it, err := f.iterator(*in.ShardId, func(s *fakeShard) (int, error) {
		i, err := before(s)
		if err == nil && i < s.trimmed {
			err = apiError("TrimmedDataAccessException")
		}
		return i, err
	})
	return &dynamodbstreams.GetShardIteratorOutput{ShardIterator: it, ResultMetadata: f.answered()}, err
}

func (f fakeDynamoDB) GetRecords(_ context.Context, in *dynamodbstreams.GetRecordsInput, _ ...func(*dynamodbstreams.Options)) (*dynamodbstreams.GetRecordsOutput, error) {
	recs, next, _, err := f.get(*in.ShardIterator, *in.Limit)
	if err != nil {
		return nil, err
	}
	out := &dynamodbstreams.GetRecordsOutput{NextShardIterator: next, ResultMetadata: f.answered()}
	for _, r := range recs {
		out.Records = append(out.Records, dt.Record{
			EventID:   aws.String("id-" + r.seq),
			EventName: dt.OperationTypeInsert,
			Dynamodb: &dt.StreamRecord{
				SequenceNumber:              aws.String(r.seq),
				ApproximateCreationDateTime: aws.Time(r.at.Truncate(time.Second)),
				Keys:                        map[string]dt.AttributeValue{"id": &dt.AttributeValueMemberS{Value: r.data}},
				SizeBytes:                   aws.Int64(int64(len(r.data))),
				StreamViewType:              dt.StreamViewTypeKeysOnly,
			},
		})
	}
	return out, nil
}
