package poll

import (
	"context"
	"encoding/base64"
	"encoding/json"
	"errors"
	"fmt"
	"math/rand/v2"
	"slices"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/aws/aws-lambda-go/events"
	"github.com/google/go-cmp/cmp"
	"github.com/twmb/franz-go/pkg/kgo"
)

const (
	brokersTopic = "kafka://b1:9092,b2:9092/my-orders"
	mskTopic     = "arn:aws:kafka:eu-west-1:123456789012:topic/demo/01234567-89ab-cdef-0123-456789abcdef-1/my-orders"
)

// fakeTopic is a topic in memory. Its values are their place in their partition.
type fakeTopic struct {
	mu         sync.Mutex
	partitions map[int32][]*kgo.Record // in order of the offset, which may have gaps
	end        map[int32]int64
	first      map[int32]int64
	fail       func() error // before each call; nil: never
}

func newFakeTopic(partitions int32) *fakeTopic {
	f := &fakeTopic{partitions: make(map[int32][]*kgo.Record), end: make(map[int32]int64), first: make(map[int32]int64)}
	for n := range partitions {
		f.partitions[n] = nil
	}
	return f
}

// put adds n records to a partition, and behind each a number of offsets without one.
func (f *fakeTopic) put(partition int32, n int, gap int64) {
	f.mu.Lock()
	defer f.mu.Unlock()
	for range n {
		place := len(f.partitions[partition])
		f.partitions[partition] = append(f.partitions[partition], &kgo.Record{
			Topic: "my-orders", Partition: partition, Offset: f.end[partition], Timestamp: time.Now(), Key: []byte("k"), Value: fmt.Append(nil, place),
		})
		f.end[partition] += 1 + gap
	}
}

// trim puts the records before an offset past retention.
func (f *fakeTopic) trim(partition int32, offset int64) {
	f.mu.Lock()
	defer f.mu.Unlock()
	f.first[partition] = offset
}

func (f *fakeTopic) before() error {
	if f.fail == nil {
		return nil
	}
	return f.fail()
}

func (f *fakeTopic) Bounds(context.Context) (map[int32]Bounds, error) {
	f.mu.Lock()
	defer f.mu.Unlock()
	all := make(map[int32]Bounds)
	for n := range f.partitions {
		all[n] = Bounds{First: f.first[n], End: f.end[n]}
	}
	return all, f.before()
}

func (f *fakeTopic) At(_ context.Context, partition int32, t time.Time) (int64, error) {
	f.mu.Lock()
	defer f.mu.Unlock()
	for _, r := range f.partitions[partition] {
		if r.Offset >= f.first[partition] && !r.Timestamp.Before(t) {
			return r.Offset, f.before()
		}
	}
	return f.end[partition], f.before()
}

func (f *fakeTopic) Fetch(_ context.Context, partition int32, offset int64) (records []*kgo.Record, next int64, end bool, err error) {
	f.mu.Lock()
	defer f.mu.Unlock()
	if err := f.before(); err != nil {
		return nil, 0, false, err
	}
	if offset < f.first[partition] || offset > f.end[partition] {
		return nil, 0, false, OutOfRange(errors.New("OFFSET_OUT_OF_RANGE"))
	}
	next = min(offset+3, f.end[partition])
	for _, r := range f.partitions[partition] {
		if r.Offset >= offset && r.Offset < next {
			records = append(records, r)
		}
	}
	return records, next, next == f.end[partition], nil
}

// topicHandler acknowledges values by partition, and breaks the test if one is out of order.
type topicHandler struct {
	t     *testing.T
	mu    sync.Mutex
	acked map[int64]int           // by partition: values acknowledged in order
	take  func(*topicHandler) int // how many records of a batch to acknowledge; nil: all
}

func newTopicHandler(t *testing.T) *topicHandler {
	return &topicHandler{t: t, acked: make(map[int64]int)}
}

func (h *topicHandler) handle(_ context.Context, event []byte) ([]byte, error) {
	var e events.KafkaEvent
	if err := json.Unmarshal(event, &e); err != nil || len(e.Records) != 1 {
		h.t.Errorf("an event of %d partitions: %v", len(e.Records), err)
	}
	h.mu.Lock()
	defer h.mu.Unlock()
	for lane, records := range e.Records {
		n := len(records)
		if h.take != nil {
			n = min(n, h.take(h))
		}
		for _, r := range records[:max(n, 0)] {
			value, _ := base64.StdEncoding.DecodeString(r.Value)
			var place int
			if _, err := fmt.Sscan(string(value), &place); err != nil || place > h.acked[r.Partition] {
				h.t.Errorf("%s: value %q after %d values (%v)", lane, value, h.acked[r.Partition], err)
			}
			h.acked[r.Partition] = max(h.acked[r.Partition], place+1)
		}
		switch {
		case n < 0:
			return nil, errors.New("no")
		case n < len(records):
			var items []string
			for _, r := range records[n:] {
				items = append(items, fmt.Sprintf(`{"itemIdentifier":{"partition":%q,"offset":%d}}`, lane, r.Offset))
			}
			slices.Reverse(items)
			return []byte(`{"batchItemFailures":[` + strings.Join(items, ",") + `]}`), nil
		}
	}
	return nil, nil
}

// sharedSource is a source of random numbers for several goroutines.
type sharedSource struct {
	mu     sync.Mutex
	source rand.Source
}

func (s *sharedSource) Uint64() uint64 {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.source.Uint64()
}

// TestTopic reads topics while calls and invocations fail and the run stops and starts again.
// Nothing is lost, and no value is acknowledged before an earlier one of its partition.
func TestTopic(t *testing.T) {
	for seed := range uint64(60) {
		synctest.Test(t, func(t *testing.T) {
			luck := rand.New(&sharedSource{source: rand.NewPCG(seed, 0)})
			f, h, store := newFakeTopic(3), newTopicHandler(t), NewMemory()
			trouble := true
			f.fail = func() error {
				if trouble && luck.IntN(6) == 0 {
					return errors.New("no answer")
				}
				return nil
			}
			h.take = func(*topicHandler) int {
				if trouble && luck.IntN(3) == 0 {
					return luck.IntN(6) - 1
				}
				return 1 << 20
			}
			sent := make(map[int32]int)
			o := Options{BatchSize: 1 + luck.IntN(5), Checkpoints: store, Shards: 1 + luck.IntN(4)}
			for range 4 {
				p, err := NewTopic(f, brokersTopic, h.handle, o)
				must(t, err)
				ctx, stop := context.WithCancel(t.Context())
				ended := make(chan error)
				go func() { ended <- p.Run(ctx) }()
				for range luck.IntN(6) {
					n, partition := luck.IntN(8), luck.Int32N(3)
					f.put(partition, n, luck.Int64N(3))
					sent[partition] += n
					wait(time.Duration(luck.IntN(10)) * time.Second)
				}
				stop()
				must(t, <-ended)
			}
			trouble = false
			o.Once = true
			p, err := NewTopic(f, brokersTopic, h.handle, o)
			must(t, err)
			must(t, p.Run(t.Context()))
			for partition, n := range sent {
				if got := h.acked[int64(partition)]; got != n {
					t.Errorf("seed %d: partition %d: %d of %d values", seed, partition, got, n)
				}
			}
		})
	}
}

// TestTopicFromLatest asserts that a run from LATEST that stops before it has delivered anything
// goes on where it began, whatever the times of later records are.
func TestTopicFromLatest(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		f, h, store := newFakeTopic(2), newTopicHandler(t), NewMemory()
		f.put(0, 5, 0)
		h.acked[0] = 5 // as if: they are not wanted
		h.take = func(*topicHandler) int { return -1 }
		run := func(o Options) {
			o.Checkpoints = store
			p, err := NewTopic(f, brokersTopic, h.handle, o)
			must(t, err)
			ctx, stop := context.WithTimeout(t.Context(), 20*time.Second)
			defer stop()
			must(t, p.Run(ctx))
		}
		run(Options{Start: Latest})
		f.put(0, 2, 0)
		f.put(1, 2, 0)
		f.partitions[0][5].Timestamp, f.partitions[1][0].Timestamp = time.UnixMilli(0), time.UnixMilli(-1)
		run(Options{Start: Latest})
		f.put(2, 3, 0) // a partition that appears later
		h.take = nil
		run(Options{Start: Latest, Once: true})
		if diff := cmp.Diff(map[int64]int{0: 7, 1: 2, 2: 3}, h.acked); diff != "" {
			t.Error(diff)
		}
	})
}

func TestTopicTrimmedAndRecreated(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		f, h, store := newFakeTopic(1), newTopicHandler(t), NewMemory()
		f.put(0, 9, 0)
		must(t, store.Save(brokersTopic, map[string]Checkpoint{"my-orders-0": {Seq: "2"}}))
		f.trim(0, 6)
		h.acked[0] = 6 // the others are gone
		p, err := NewTopic(f, brokersTopic, h.handle, Options{Once: true, Checkpoints: store})
		must(t, err)
		must(t, p.Run(t.Context()))
		if gaps := p.Progress().Total.Gaps; h.acked[0] != 9 || gaps != 1 {
			t.Errorf("%d values, %d gaps", h.acked[0], gaps)
		}
		must(t, store.Save(brokersTopic, map[string]Checkpoint{"my-orders-0": {Seq: "9"}})) // of a topic that was longer
		if err := p.Run(t.Context()); err == nil || !strings.Contains(err.Error(), "most likely because it was recreated") {
			t.Error(err)
		}
	})
}

func TestTopicGivesUp(t *testing.T) {
	for _, tt := range []struct {
		name, want string
		err        error
	}{
		{"no topic", "topic " + mskTopic + " was not found; check its name", NoTopic(errors.New("UNKNOWN_TOPIC_OR_PARTITION"))},
		{"no right", "access to topic " + mskTopic + " is denied; allow Describe and Read", NoAccess(errors.New("TOPIC_AUTHORIZATION_FAILED"))},
		{"no login", "the credentials were not accepted for topic " + mskTopic, NoLogin(errors.New("SASL_AUTHENTICATION_FAILED"))},
		{"no answer", "the shards of topic " + mskTopic + " could not be listed; check the network", errors.New("EOF")},
	} {
		t.Run(tt.name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				f := newFakeTopic(1)
				f.fail = func() error { return tt.err }
				p, err := NewTopic(f, mskTopic, newTopicHandler(t).handle, Options{})
				must(t, err)
				if err := p.Run(t.Context()); err == nil || !strings.Contains(err.Error(), tt.want) {
					t.Error(err)
				}
			})
		})
	}
	if _, err := NewTopic(newFakeTopic(1), kinesisARN, nil, Options{}); err == nil || !strings.Contains(err.Error(), "is not the name of a Kafka topic") {
		t.Error(err)
	}
}

// TestTopicEvent asserts that events are as Lambda makes them.
func TestTopicEvent(t *testing.T) {
	r := &kgo.Record{
		Topic: "my-orders", Partition: 3, Offset: 15, Timestamp: time.UnixMilli(1545084650987), Key: []byte("ann"), Value: []byte("Hello, \xff"),
		Headers: []kgo.RecordHeader{{Key: `tr"ace`, Value: []byte{104, 255}}, {Key: "none"}},
	}
	tombstone := &kgo.Record{Topic: "my-orders", Partition: 3, Offset: 16, Timestamp: time.UnixMilli(1545084650988)}
	const want = `"records":{"my-orders-3":[{"topic":"my-orders","partition":3,"offset":15,"timestamp":1545084650987,"timestampType":"CREATE_TIME",` +
		`"key":"YW5u","value":"SGVsbG8sIP8=","headers":[{"tr\"ace":[104,-1]},{"none":[]}]},` +
		`{"topic":"my-orders","partition":3,"offset":16,"timestamp":1545084650988,"timestampType":"CREATE_TIME","key":null,"value":null,"headers":[]}]}}`
	for source, head := range map[string]string{
		brokersTopic: `{"eventSource":"SelfManagedKafka","bootstrapServers":"b1:9092,b2:9092",`,
		mskTopic:     `{"eventSource":"aws:kafka","eventSourceArn":"arn:aws:kafka:eu-west-1:123456789012:cluster/demo/01234567-89ab-cdef-0123-456789abcdef-1",`,
	} {
		f := topicForm(source)("my-orders-3")
		if diff := cmp.Diff(head+want, string(event(&f, []record{topicRecord(r), topicRecord(tombstone)}))); diff != "" {
			t.Error(diff)
		}
	}
}

func TestTopicAnswer(t *testing.T) {
	f := topicForm(brokersTopic)("my-orders-3")
	batch := []record{{seq: "7"}, {seq: "8"}, {seq: "10"}}
	for answer, want := range map[string]int{
		``: 3,
		`{"batchItemFailures":[{"itemIdentifier":{"partition":"my-orders-3","offset":10}},{"itemIdentifier":{"partition":"my-orders-3","offset":8}}]}`: 1,
		`{"batchItemFailures":[{"itemIdentifier":{"partition":"my-orders-3","offset":9}}]}`:                                                            0,
		`{"batchItemFailures":[{"itemIdentifier":{"partition":"my-orders-2","offset":10}}]}`:                                                           0,
		`{"batchItemFailures":[{"itemIdentifier":"10"}]}`:                                                                                              0,
	} {
		if n, err := acknowledged(&f, []byte(answer), batch); n != want || (err == nil) != (want == 3) {
			t.Errorf("%s: %d, %v; want %d", answer, n, err, want)
		}
	}
}
