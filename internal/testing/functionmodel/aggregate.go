package functionmodel

import (
	"bytes"
	"context"
	"crypto/md5" //nolint:gosec // Kinesis maps keys to shards with it
	"encoding/json"
	"fmt"
	"io"
	"math/big"
	"net/http"
	"slices"
	"strings"
	"sync"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/credentials"
	"github.com/aws/aws-sdk-go-v2/service/kinesis/types"
	"github.com/awslabs/kinesis-aggregation/go/v2/deaggregator"

	"fanout/engine"
	"fanout/internal/testing/modelkit"
	kinesissink "fanout/sinks/kinesis"
)

// aggregator is the sink of a target with aggregate. It is the function's own one, in front of
// a stream whose shards change. The stream's reader takes aggregates apart, and ignores user
// records that do not belong to the shard that it reads.
type aggregator struct {
	*sink
	own *kinesissink.Aggregator
	now *aggregate // the request under way
}

func newAggregator(s *sink) *aggregator {
	a := &aggregator{sink: s}
	a.own = kinesissink.NewAggregator(kinesissink.New(aws.Config{
		Region: "eu-west-1", HTTPClient: a, Credentials: credentials.NewStaticCredentialsProvider("AKIAMADEUP", "made up", ""),
	}, "stream"), s.target.ordered())
	return a
}

// Pack implements engine.Packer.
func (a *aggregator) Pack(ctx context.Context) engine.Packing {
	return &aggregate{aggregator: a, Packing: a.own.Pack(ctx)}
}

// aggregate is a request with aggregates.
type aggregate struct {
	*aggregator
	engine.Packing
	records []engine.Record
	as      *request
	refuse  *modelkit.Draw // refuses some entries; nil: none
	lost    bool           // the answer does not come back
}

// Add implements engine.Packing.
func (a *aggregate) Add(r *engine.Record) bool {
	if !a.Packing.Add(r) {
		return false
	}
	a.records = append(a.records, *r)
	return true
}

// Send makes the request, which may meet a fault.
func (a *aggregate) Send(ctx context.Context) engine.Outcome {
	s := *a.sink
	s.aggregate = a
	return s.Send(ctx, a.records)
}

// put makes the request. The world is locked.
func (a *aggregate) put(ctx context.Context, refuse *modelkit.Draw, lost bool) engine.Outcome {
	a.refuse, a.lost, a.as, a.now = refuse, lost, a.request(a.records), a
	o := a.Packing.Send(context.WithoutCancel(ctx))
	if a.Deny && a.round%2 == 0 {
		for i := range a.records {
			o.Fail(i, fmt.Errorf("denied"))
		}
	}
	return o
}

// stream is the stream of a target with aggregate. It has shards of the same size.
type stream struct {
	mu       sync.Mutex
	first, n int // number of the first open shard, and how many there are
	calls    int
}

// shardOf returns the shard that takes a hash key.
func (s *stream) shardOf(key *big.Int) int {
	i := new(big.Int).Mul(key, big.NewInt(int64(s.n)))
	return s.first + int(i.Rsh(i, 128).Int64())
}

// start returns the first hash key of the shard i places behind the first one.
func (s *stream) start(i int) *big.Int {
	k := new(big.Int).Lsh(big.NewInt(int64(i)), 128)
	k.Add(k, big.NewInt(int64(s.n-1))) // rounded up, as shardOf rounds down
	return k.Div(k, big.NewInt(int64(s.n)))
}

func shardID(n int) string { return fmt.Sprintf("shardId-%012d", n) }

// Do answers the calls of the sink.
func (a *aggregator) Do(r *http.Request) (*http.Response, error) {
	body, err := io.ReadAll(r.Body)
	if err != nil {
		return nil, err
	}
	var answer any
	if strings.HasSuffix(r.Header.Get("X-Amz-Target"), ".ListShards") {
		answer = a.listShards()
	} else if answer, err = a.putRecords(body); err != nil {
		return nil, err
	}
	text, err := json.Marshal(answer)
	return &http.Response{
		StatusCode: http.StatusOK, Status: "200 OK", Proto: "HTTP/1.1", ProtoMajor: 1, ProtoMinor: 1,
		Request: r, Header: http.Header{"Content-Type": {"application/x-amz-json-1.1"}}, Body: io.NopCloser(bytes.NewReader(text)),
	}, err
}

func (a *aggregator) listShards() any {
	s := &a.target.stream
	s.mu.Lock()
	defer s.mu.Unlock()
	var list []map[string]any
	for i := range s.n {
		last := s.start(i + 1)
		list = append(list, map[string]any{"ShardId": shardID(s.first + i), "HashKeyRange": map[string]string{
			"StartingHashKey": s.start(i).String(), "EndingHashKey": last.Sub(last, big.NewInt(1)).String(),
		}})
	}
	return map[string]any{"Shards": list}
}

// entry is an entry of a request.
type entry struct {
	Data                          []byte
	PartitionKey, ExplicitHashKey string
}

// putRecords takes the entries of the request under way, which the sink has encoded.
func (a *aggregator) putRecords(body []byte) (any, error) {
	var in struct{ Records []entry }
	if err := json.Unmarshal(body, &in); err != nil {
		return nil, err
	}
	s := &a.target.stream
	s.mu.Lock()
	defer s.mu.Unlock()
	s.calls++
	if d := a.For(fmt.Sprint("shards of ", a.target, s.calls)); d.OneIn(5) {
		a.Count("reshards", 1)
		s.first, s.n = s.first+s.n, 1+d.IntN(4)
	}
	var results []map[string]string
	failed := 0
	for i := range in.Records {
		if d := a.now.refuse; d != nil && d.OneIn(3) && !a.Lie {
			failed++
			results = append(results, map[string]string{"ErrorCode": modelkit.Pick(d, "InternalFailure", "ProvisionedThroughputExceededException", "KMSAccessDeniedException"), "ErrorMessage": "the model's"})
			continue
		} else if d == nil || !a.Lie {
			a.take(s, &in.Records[i])
		}
		shard := s.shardOf(hashKey(&in.Records[i]))
		results = append(results, map[string]string{"SequenceNumber": "1", "ShardId": shardID(shard)})
	}
	if a.now.lost {
		return nil, io.ErrUnexpectedEOF
	}
	return map[string]any{"FailedRecordCount": failed, "Records": results}, nil
}

// take makes the reader of the stream take the records of an entry.
func (a *aggregator) take(s *stream, e *entry) {
	at := s.shardOf(hashKey(e))
	if i := a.indexOf(e.Data); i >= 0 {
		_ = a.arrive(&a.now.records[i], a.now.as, !a.now.lost)
		return
	}
	users, err := deaggregator.DeaggregateRecords([]types.Record{{Data: e.Data, PartitionKey: &e.PartitionKey}})
	if err != nil {
		a.Broken(intact, "target %s got an aggregate that cannot be read: %v", a.target, err)
		return
	}
	a.Count("aggregates", 1)
	if a.Reverse {
		slices.Reverse(users)
	}
	for _, u := range users {
		i := a.indexOf(u.Data)
		if i < 0 {
			a.Broken(intact, "target %s got %q in an aggregate, which was not sent", a.target, u.Data)
			return
		}
		if s.shardOf(hashKey(&entry{PartitionKey: *u.PartitionKey})) != at {
			a.target.faultRound = a.round // the function does not know the shards yet
		} else if !a.Misplace {
			_ = a.arrive(&a.now.records[i], a.now.as, !a.now.lost)
		}
	}
}

// indexOf returns the index of the record with the given data in the request, or -1.
func (a *aggregator) indexOf(data []byte) int {
	return slices.IndexFunc(a.now.records, func(r engine.Record) bool { return bytes.Equal(r.Data.Bytes(), data) })
}

// hashKey returns the hash key of an entry.
func hashKey(e *entry) *big.Int {
	if k, ok := new(big.Int).SetString(e.ExplicitHashKey, 10); ok {
		return k
	}
	sum := md5.Sum([]byte(e.PartitionKey)) //nolint:gosec // as above
	return new(big.Int).SetBytes(sum[:])
}
