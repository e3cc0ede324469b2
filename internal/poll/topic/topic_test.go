package topic

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/aws/aws-lambda-go/events"
	"github.com/google/go-cmp/cmp"
	"github.com/twmb/franz-go/pkg/kfake"
	"github.com/twmb/franz-go/pkg/kgo"
	"go.uber.org/goleak"

	"fanout/internal/brokers"
	"fanout/internal/poll"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

// cluster starts brokers in this process with the topic orders of two partitions.
func cluster(t *testing.T, opts ...kfake.Opt) *kfake.Cluster {
	t.Helper()
	c, err := kfake.NewCluster(append([]kfake.Opt{kfake.NumBrokers(2), kfake.SeedTopics(2, "orders")}, opts...)...)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(c.Close)
	return c
}

// address returns the address of a topic of c, which ends with a query.
func address(t *testing.T, c *kfake.Cluster, topic string) brokers.Address {
	t.Helper()
	a, err := brokers.Parse("kafka://" + strings.Join(c.ListenAddrs(), ",") + "/" + topic)
	if err != nil {
		t.Fatal(err)
	}
	return a
}

func open(t *testing.T, c *kfake.Cluster) *Topic {
	t.Helper()
	topic, err := Open(address(t, c, "orders"), brokers.Login{})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(topic.Close)
	return topic
}

// produce writes values to partition 0, in transactions that abort and commit in turn if
// transactional is set.
func produce(t *testing.T, c *kfake.Cluster, transactional bool, values ...string) {
	t.Helper()
	opts := []kgo.Opt{kgo.SeedBrokers(c.ListenAddrs()...), kgo.DefaultProduceTopic("orders"), kgo.RecordPartitioner(kgo.ManualPartitioner())}
	if transactional {
		opts = append(opts, kgo.TransactionalID("tx"))
	}
	client, err := kgo.NewClient(opts...)
	if err != nil {
		t.Fatal(err)
	}
	defer client.Close()
	for i, v := range values {
		if transactional {
			must(t, client.BeginTransaction())
		}
		must(t, client.ProduceSync(t.Context(), &kgo.Record{Value: []byte(v)}).FirstErr())
		if transactional {
			must(t, client.EndTransaction(t.Context(), kgo.TransactionEndTry(i%2 == 1)))
		}
	}
}

func must(t *testing.T, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}

// values collects the values of events.
type values struct {
	mu   sync.Mutex
	all  []string
	fail bool
}

func (v *values) handle(_ context.Context, event []byte) ([]byte, error) {
	var e events.KafkaEvent
	if err := json.Unmarshal(event, &e); err != nil {
		return nil, err
	}
	v.mu.Lock()
	defer v.mu.Unlock()
	if v.fail {
		return nil, errors.New("no")
	}
	for _, records := range e.Records {
		for _, r := range records {
			v.all = append(v.all, r.Value)
		}
	}
	return nil, nil
}

// run reads the topic once, with its position in the group.
func run(t *testing.T, topic *Topic, group string, v *values, o poll.Options) error {
	t.Helper()
	o.Once, o.Checkpoints = true, &Group{topic, group}
	p, err := poll.NewTopic(topic, "kafka://b:9092/orders", v.handle, o)
	must(t, err)
	return p.Run(t.Context())
}

// TestGroup asserts that a group has the position behind what was acknowledged, and only that.
func TestGroup(t *testing.T) {
	c := cluster(t)
	topic := open(t, c)
	produce(t, c, false, "a", "b")
	v := new(values)
	must(t, run(t, topic, "fanout", v, poll.Options{}))
	produce(t, c, false, "c")
	v.fail = true
	if err := run(t, topic, "fanout", v, poll.Options{GiveUp: 1}); err == nil {
		t.Error("a failed record was not given up")
	}
	v.fail = false
	must(t, run(t, topic, "fanout", v, poll.Options{Start: poll.Latest}))
	if diff := cmp.Diff([]string{"YQ==", "Yg==", "Yw=="}, v.all); diff != "" {
		t.Error(diff)
	}
	must(t, run(t, topic, "another", v, poll.Options{Start: poll.Latest}))
	if len(v.all) != 3 {
		t.Errorf("a new group began before the end: %v", v.all)
	}
}

// TestTransactions asserts that records of aborted transactions are left out, and that markers
// are no gaps.
func TestTransactions(t *testing.T) {
	c := cluster(t)
	topic := open(t, c)
	produce(t, c, true, "aborted", "a", "aborted", "b")
	v := new(values)
	must(t, run(t, topic, "fanout", v, poll.Options{}))
	must(t, run(t, topic, "fanout", v, poll.Options{}))
	if diff := cmp.Diff([]string{"YQ==", "Yg=="}, v.all); diff != "" {
		t.Error(diff)
	}
}

// TestMembers asserts that a group that has members is left alone.
func TestMembers(t *testing.T) {
	c := cluster(t)
	topic := open(t, c)
	produce(t, c, false, "a")
	member, err := kgo.NewClient(kgo.SeedBrokers(c.ListenAddrs()...), kgo.ConsumeTopics("orders"), kgo.ConsumerGroup("fanout"))
	must(t, err)
	defer member.Close()
	member.PollFetches(t.Context())
	v := new(values)
	if err := run(t, topic, "fanout", v, poll.Options{}); err == nil || !strings.Contains(err.Error(), `the consumer group "fanout" has members`) || len(v.all) > 0 {
		t.Errorf("%v, %v", err, v.all)
	}
	g := &Group{topic, "fanout"} // a member that joined after the run began
	if err := g.Save("", map[string]poll.Checkpoint{"orders-0": {Seq: "0"}}); err == nil || !strings.Contains(err.Error(), "has members") {
		t.Error(err)
	}
}

func TestAt(t *testing.T) {
	c := cluster(t)
	topic := open(t, c)
	before := time.Now().Add(-time.Second)
	produce(t, c, false, "a")
	for at, want := range map[time.Time]int64{before: 0, time.Now().Add(time.Hour): 1} {
		if got, err := topic.At(t.Context(), 0, at); err != nil || got != want {
			t.Errorf("%v: %d, %v; want %d", at, got, err, want)
		}
	}
}

// TestMissing asserts that a topic that does not exist ends a run.
func TestMissing(t *testing.T) {
	topic, err := Open(address(t, cluster(t), "missing"), brokers.Login{})
	must(t, err)
	defer topic.Close()
	p, err := poll.NewTopic(topic, "kafka://b:9092/missing", nil, poll.Options{})
	must(t, err)
	if err := p.Run(t.Context()); err == nil || !strings.Contains(err.Error(), "topic kafka://b:9092/missing was not found") {
		t.Error(err)
	}
}

// TestLogin asserts that a login is used, and that the password is in no error.
func TestLogin(t *testing.T) {
	c := cluster(t, kfake.EnableSASL(), kfake.Superuser("SCRAM-SHA-512", "user", "s3cret"))
	for password, want := range map[string]bool{"s3cret": true, "wr0ng": false} {
		topic, err := Open(address(t, c, "orders?sasl=scram-sha-512"), brokers.Login{
			Password: func(context.Context) (string, string, error) { return "user", password, nil }})
		must(t, err)
		_, err = topic.Bounds(t.Context())
		if (err == nil) != want || err != nil && strings.Contains(err.Error(), password) {
			t.Errorf("%s: %v", password, err)
		}
		topic.Close()
	}
}

// TestOffsetOutOfRange asserts that an offset beyond a partition is seen as such.
func TestOffsetOutOfRange(t *testing.T) {
	topic := open(t, cluster(t))
	_, err := topic.Bounds(t.Context())
	must(t, err)
	if _, _, _, err := topic.Fetch(t.Context(), 0, 7); fmt.Sprintf("%T", err) != "*poll.topicError" {
		t.Errorf("%T: %v", err, err)
	}
}
