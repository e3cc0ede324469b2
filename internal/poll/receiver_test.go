package poll

import (
	"context"
	"encoding/json"
	"fmt"
	"path"
	"slices"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/aws/aws-lambda-go/events"
	"github.com/google/go-cmp/cmp"
)

// delivery is a record as the handler saw it.
type delivery struct{ seq, data string }

func (d delivery) shard() string { return d.data[:strings.LastIndexByte(d.data, '/')] }

// receiver is a handler that records its input.
type receiver struct {
	t *testing.T

	// reply decides about a batch; nil acknowledges all of it. It may wait.
	reply func(ctx context.Context, batch []delivery) (answer string, err error)

	mu      sync.Mutex
	batches [][]delivery
	busy    map[string]bool
	most    int // shards at a time
}

func newReceiver(t *testing.T) *receiver { return &receiver{t: t, busy: make(map[string]bool)} }

func (r *receiver) handle(ctx context.Context, event []byte) ([]byte, error) {
	batch := r.decode(event)
	shard := batch[0].shard()
	r.mu.Lock()
	if r.busy[shard] {
		r.t.Errorf("two batches of %s at a time", shard)
	}
	r.busy[shard] = true
	r.most = max(r.most, len(r.busy))
	r.batches = append(r.batches, batch)
	r.mu.Unlock()
	defer func() {
		r.mu.Lock()
		defer r.mu.Unlock()
		delete(r.busy, shard)
	}()
	if r.reply == nil {
		return nil, nil
	}
	answer, err := r.reply(ctx, batch)
	return []byte(answer), err
}

// decode reads an event of either service with the types that functions use.
func (r *receiver) decode(event []byte) []delivery {
	var k events.KinesisEvent
	if err := json.Unmarshal(event, &k); err != nil {
		r.t.Errorf("the event is not JSON: %v", err)
	}
	if len(k.Records) == 0 {
		r.t.Error("an event without records")
		return []delivery{{data: "none/0"}}
	}
	var batch []delivery
	if k.Records[0].EventSource == "aws:kinesis" {
		for _, rec := range k.Records {
			d := delivery{seq: rec.Kinesis.SequenceNumber, data: string(rec.Kinesis.Data)}
			if want := d.shard() + ":" + d.seq; rec.EventID != want {
				r.t.Errorf("eventID %q, want %q", rec.EventID, want)
			}
			batch = append(batch, d)
		}
		return batch
	}
	var d events.DynamoDBEvent
	if err := json.Unmarshal(event, &d); err != nil {
		r.t.Errorf("the event is not one of DynamoDB: %v", err)
	}
	for _, rec := range d.Records {
		batch = append(batch, delivery{seq: rec.Change.SequenceNumber, data: rec.Change.Keys["id"].String()})
	}
	return batch
}

// seen returns the data of all deliveries in order.
func (r *receiver) seen() []string {
	r.mu.Lock()
	defer r.mu.Unlock()
	var all []string
	for _, b := range r.batches {
		for _, d := range b {
			all = append(all, d.data)
		}
	}
	return all
}

// wantAll checks that every record of the shards was delivered, for the first time
// in order.
func (r *receiver) wantAll(f *fakeStream, shards ...string) {
	r.t.Helper()
	seen := make(map[string]bool)
	got := make(map[string][]string)
	for _, data := range r.seen() {
		if !seen[data] {
			seen[data] = true
			shard := delivery{data: data}.shard()
			got[shard] = append(got[shard], data)
		}
	}
	want := make(map[string][]string)
	for _, s := range shards {
		if all := f.data(s); len(all) > 0 {
			want[s] = all
		}
	}
	if diff := cmp.Diff(want, got); diff != "" {
		r.t.Errorf("deliveries (-want +got):\n%s", diff)
	}
}

// wantBefore checks that all records of parent came before any of child.
func (r *receiver) wantBefore(parent, child string) {
	r.t.Helper()
	seen := r.seen()
	of := func(shard string) func(string) bool {
		return func(data string) bool { return delivery{data: data}.shard() == shard }
	}
	first := slices.IndexFunc(seen, of(child))
	if first >= 0 && slices.ContainsFunc(seen[first:], of(parent)) {
		r.t.Errorf("records of %s came before %s had ended", child, parent)
	}
}

// fails returns the answer that fails the given records.
func fails(seqs ...string) string {
	var a events.KinesisEventResponse
	for _, s := range seqs {
		a.BatchItemFailures = append(a.BatchItemFailures, events.KinesisBatchItemFailure{ItemIdentifier: s})
	}
	b, err := json.Marshal(a)
	if err != nil {
		panic(err)
	}
	return string(b)
}

// service makes pollers of one of the two services.
type service struct {
	name string
	arn  string
	make func(*fakeStream, Handler, Options) (*Poller, error)
}

var services = []service{
	{"Kinesis", kinesisARN, func(f *fakeStream, h Handler, o Options) (*Poller, error) {
		return NewKinesis(fakeKinesis{f}, kinesisARN, h, o)
	}},
	{"DynamoDB", dynamoDBARN, func(f *fakeStream, h Handler, o Options) (*Poller, error) {
		return NewDynamoDB(fakeDynamoDB{f}, dynamoDBARN, h, o)
	}},
}

// eachService runs a test of each service, in fake time. name distinguishes tests of several cases.
func eachService(t *testing.T, name string, test func(t *testing.T, s service)) {
	t.Helper()
	for _, s := range services {
		t.Run(path.Join(name, s.name), func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) { test(t, s) })
		})
	}
}

// poller makes a Poller, or fails the test.
func (s service) poller(t *testing.T, f *fakeStream, h Handler, o Options) *Poller {
	t.Helper()
	p, err := s.make(f, h, o)
	if err != nil {
		t.Fatal(err)
	}
	return p
}

// run runs a poller to its end.
func (s service) run(t *testing.T, f *fakeStream, h Handler, o Options) {
	t.Helper()
	if err := s.poller(t, f, h, o).Run(t.Context()); err != nil {
		t.Fatal(err)
	}
}

// start runs a poller in the background. stop ends it and returns its error.
func (s service) start(t *testing.T, f *fakeStream, h Handler, o Options) (p *Poller, stop func() error) {
	t.Helper()
	p = s.poller(t, f, h, o)
	ctx, cancel := context.WithCancel(t.Context())
	done := make(chan error, 1)
	go func() { done <- p.Run(ctx) }()
	return p, func() error {
		cancel()
		return <-done
	}
}

// wait lets fake time pass.
func wait(d time.Duration) { time.Sleep(d) }

func must(t *testing.T, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}

func names(shard string, from, to int) []string {
	var all []string
	for i := from; i < to; i++ {
		all = append(all, fmt.Sprintf("%s/%d", shard, i))
	}
	return all
}
