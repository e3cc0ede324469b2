package kafka

import (
	"context"
	"crypto/tls"
	"strings"
	"testing"
	"time"

	"github.com/twmb/franz-go/pkg/kfake"
	"github.com/twmb/franz-go/pkg/kgo"
	"github.com/twmb/franz-go/pkg/kmsg"

	"fanout/engine"
	"fanout/internal/brokers"
	"fanout/sinks"
)

// cluster starts a cluster in this process with the topic orders.
func cluster(t *testing.T, partitions int32, opts ...kfake.Opt) *kfake.Cluster {
	t.Helper()
	c, err := kfake.NewCluster(append([]kfake.Opt{kfake.NumBrokers(2), kfake.SeedTopics(partitions, "orders")}, opts...)...)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(c.Close)
	return c
}

// sinkFor opens a sink for the topic orders of c.
func sinkFor(t *testing.T, c *kfake.Cluster, change ...func(*sinks.Spec)) *Sink {
	t.Helper()
	s := spec(t, "kafka://"+strings.Join(c.ListenAddrs(), ",")+"/orders")
	for _, f := range change {
		f(s)
	}
	sink := newSink(s, brokers.Login{}, time.Second)
	closeLater(t, sink)
	return sink
}

func spec(t *testing.T, destination string) *sinks.Spec {
	t.Helper()
	d, err := Parse(destination)
	if err != nil {
		t.Fatal(err)
	}
	return &sinks.Spec{SourceARN: "arn:aws:kinesis:eu-west-1:123456789012:stream/clicks", ID: "topic", Type: Type, Destination: d, Active: true}
}

func closeLater(t *testing.T, sink *Sink) {
	t.Cleanup(func() {
		if err := sink.Close(); err != nil {
			t.Error(err)
		}
	})
}

// read returns the records of the topic orders.
func read(t *testing.T, c *kfake.Cluster) []*kgo.Record {
	t.Helper()
	n := int64(0)
	for p := int32(0); c.PartitionInfo("orders", p) != nil; p++ {
		n += c.PartitionInfo("orders", p).HighWatermark
	}
	client, err := kgo.NewClient(kgo.SeedBrokers(c.ListenAddrs()...), kgo.ConsumeTopics("orders"), kgo.DisableClientMetrics())
	if err != nil {
		t.Fatal(err)
	}
	defer client.Close()
	var all []*kgo.Record
	for int64(len(all)) < n {
		fetches := client.PollFetches(t.Context())
		if err := fetches.Err(); err != nil {
			t.Fatal(err)
		}
		all = append(all, fetches.Records()...)
	}
	return all
}

// answerProduce makes each broker answer to the partitions of requests with codes, unless
// codeOf returns 0 for all.
func answerProduce(c *kfake.Cluster, codeOf func(partition int32) int16) {
	c.ControlKey(int16(kmsg.Produce), func(r kmsg.Request) (kmsg.Response, error, bool) { //nolint:revive // the form that kfake asks for
		c.KeepControl()
		req := r.(*kmsg.ProduceRequest)
		resp := req.ResponseKind().(*kmsg.ProduceResponse)
		failed := false
		for _, topic := range req.Topics {
			rt := kmsg.NewProduceResponseTopic()
			rt.Topic, rt.TopicID = topic.Topic, topic.TopicID
			for _, p := range topic.Partitions {
				rp := kmsg.NewProduceResponseTopicPartition()
				rp.Partition, rp.ErrorCode = p.Partition, codeOf(p.Partition)
				failed = failed || rp.ErrorCode != 0
				rt.Partitions = append(rt.Partitions, rp)
			}
			resp.Topics = append(resp.Topics, rt)
		}
		return resp, nil, failed
	})
}

// env is the environment of a program without AWS.
type env struct {
	user, password string
	anyCertificate bool
}

func (env) Stdout() bool       { return false }
func (e env) VerifyTLS() bool  { return !e.anyCertificate }
func (env) PrivateHosts() bool { return false }
func (e env) Secret(string, func(string) error) func(context.Context) (string, error) {
	return func(context.Context) (string, error) { return e.password, nil }
}
func (e env) Credentials(string) func(context.Context) (string, string, error) {
	return func(context.Context) (string, string, error) { return e.user, e.password, nil }
}

// class returns the class of the error of record i, "" if it was delivered.
func class(o *engine.Outcome, i int) string {
	if err := o.Err(i); err != nil {
		return engine.ClassOf(err).String()
	}
	return ""
}

func records(n int, of func(i int) (key, data string)) []engine.Record {
	recs := make([]engine.Record, n)
	for i := range recs {
		key, data := of(i)
		recs[i] = engine.Record{Key: key, Lane: "shardId-000000000000", Seq: "49" + strings.Repeat("0", i%3), Action: "PUT", Data: engine.Bytes([]byte(data))}
	}
	return recs
}

// certificates returns the configurations of a server and of a client that trusts it.
func certificates(t *testing.T) *tls.Config {
	t.Helper()
	cert, err := selfSigned()
	if err != nil {
		t.Fatal(err)
	}
	return &tls.Config{MinVersion: tls.VersionTLS12, Certificates: []tls.Certificate{cert}}
}
