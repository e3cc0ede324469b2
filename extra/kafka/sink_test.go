package kafka

import (
	"context"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/tls"
	"crypto/x509"
	"fmt"
	"math/big"
	"net"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/twmb/franz-go/pkg/kerr"
	"github.com/twmb/franz-go/pkg/kfake"
	"github.com/twmb/franz-go/pkg/kgo"

	"fanout/engine"
	"fanout/engine/enginetest"
	"fanout/internal/brokers"
	"fanout/sinks"
)

func TestConformance(t *testing.T) {
	enginetest.CheckSink(t, func(t *testing.T) enginetest.SinkHarness {
		c := cluster(t, 1) // one partition, so its order is that of the requests
		s := sinkFor(t, c)
		return enginetest.SinkHarness{
			Sink: s,
			Accepted: func() [][]byte {
				var data [][]byte
				for _, r := range read(t, c) {
					data = append(data, r.Value)
				}
				return data
			},
			Break:  func() { answerProduce(c, func(int32) int16 { return kerr.NotEnoughReplicas.Code }) },
			Record: record,
		}
	})
}

func record(n int) engine.Record {
	data := [][]byte{fmt.Appendf(nil, "record %d", n), fmt.Appendf(nil, "\x00\xFF binary %d", n), fmt.Appendf(nil, "ünïcode \n %d", n)}[n%3]
	return engine.Record{Key: fmt.Sprint("key ", n), Lane: "shardId-000000000000", Seq: fmt.Sprint(4900 + n), Action: "PUT", Data: engine.Bytes(data)}
}

// TestMessage asserts what a record becomes.
func TestMessage(t *testing.T) {
	c := cluster(t, 1)
	s := sinkFor(t, c)
	recs := []engine.Record{
		{Key: "k", Lane: "shard", Seq: "7", Sub: 2, Action: "PUT", Arrived: 1545084650987, Data: engine.Bytes([]byte("data"))},
		{Lane: "shard", Seq: "8", Action: "PUT", Data: engine.Bytes(nil)},
	}
	if o := s.Send(t.Context(), recs); !o.OK() {
		t.Fatal(o.Err(0))
	}
	got := read(t, c)
	first := got[0]
	if string(first.Key) != "k" || string(first.Value) != "data" || first.Timestamp.UnixMilli() != 1545084650987 {
		t.Errorf("got %q: %q at %v", first.Key, first.Value, first.Timestamp)
	}
	want := []kgo.RecordHeader{
		{Key: "fanout-source", Value: []byte(s.source)}, {Key: "fanout-shard", Value: []byte("shard")}, {Key: "fanout-sequence", Value: []byte("7/2")},
	}
	if diff := cmp.Diff(want, first.Headers); diff != "" {
		t.Errorf("headers (-want +got)\n%s", diff)
	}
	if got[1].Key != nil || got[1].Value == nil || len(got[1].Value) != 0 {
		t.Errorf("a record without key and data: %q: %v", got[1].Key, got[1].Value)
	}
}

// TestFromKafka asserts that bytes of keys, headers and tombstones arrive as they were.
func TestFromKafka(t *testing.T) {
	c := cluster(t, 1)
	s := sinkFor(t, c, func(s *sinks.Spec) { s.SourceARN = "kafka://broker:9092/clicks" })
	const raw = `{"topic":"clicks","partition":0,"offset":15,"key":"/wA=","value":"YQ==","headers":[{"trace":[1,-1,127]},{"fanout-shard":[1]},{"trace":[]}]}`
	recs := []engine.Record{
		{Key: "/wA=", Lane: "clicks-0", Seq: "15", Action: "PUT", Data: engine.Bytes([]byte("a")), Raw: []byte(raw)},
		{Key: "made", Lane: "clicks-0", Seq: "16", Action: "PUT", Data: engine.Bytes([]byte("a")), Raw: []byte(raw)},
		{Key: "gone", Lane: "clicks-0", Seq: "17", Action: "REMOVE", Data: engine.Bytes(nil), Raw: []byte(`{"key":"Z29uZQ==","value":null}`)},
	}
	if o := s.Send(t.Context(), recs); !o.OK() {
		t.Fatal(o.Err(0))
	}
	got := read(t, c)
	if string(got[0].Key) != "\xFF\x00" || string(got[1].Key) != "made" || got[2].Value != nil {
		t.Errorf("keys %q, %q; value of the tombstone %v", got[0].Key, got[1].Key, got[2].Value)
	}
	want := []kgo.RecordHeader{{Key: "trace", Value: []byte{1, 255, 127}}, {Key: "trace", Value: []byte{}}}
	if diff := cmp.Diff(want, got[0].Headers[:len(got[0].Headers)-3]); diff != "" {
		t.Errorf("headers (-want +got)\n%s", diff)
	}
	if !usesSource(&recs[0]) || usesSource(&recs[2]) {
		t.Error("only a record with headers uses its source")
	}
}

// TestPartitions asserts that keys go where the Java client puts them: murmur2 of the key,
// without its sign, modulo the partitions.
func TestPartitions(t *testing.T) {
	c := cluster(t, 10)
	recs := records(3, func(i int) (string, string) { return []string{"21", "foobar", "a-little-bit-long-string"}[i], "x" })
	if o := sinkFor(t, c).Send(t.Context(), recs); !o.OK() {
		t.Fatal(o.Err(0))
	}
	// Kafka, org.apache.kafka.common.utils.UtilsTest.testMurmur2: -973932308, -790332482, -985981536.
	want := map[string]int32{"21": (-973932308 & 0x7fffffff) % 10, "foobar": (-790332482 & 0x7fffffff) % 10, "a-little-bit-long-string": (-985981536 & 0x7fffffff) % 10}
	for _, r := range read(t, c) {
		if r.Partition != want[string(r.Key)] {
			t.Errorf("%s is in partition %d; want %d", r.Key, r.Partition, want[string(r.Key)])
		}
	}
}

// TestOnePartitionFails asserts that only the records of a partition fail with it.
func TestOnePartitionFails(t *testing.T) {
	c := cluster(t, 4)
	s := sinkFor(t, c)
	answerProduce(c, func(partition int32) int16 {
		if partition == 2 {
			return kerr.NotLeaderForPartition.Code
		}
		return 0
	})
	// kfake's controls see whole requests, so the ones without partition 2 pass.
	delivered, failed := 0, 0
	for i := range 12 {
		recs := records(1, func(int) (string, string) { return fmt.Sprint("key", i), "x" })
		o := s.Send(t.Context(), recs)
		switch class(&o, 0) {
		case "":
			delivered++
		case "retryable":
			failed++
		default:
			t.Error(o.Err(0))
		}
	}
	if delivered == 0 || failed == 0 {
		t.Fatalf("%d delivered, %d failed", delivered, failed)
	}
	if n := len(read(t, c)); n != delivered {
		t.Errorf("the topic has %d records; want %d", n, delivered)
	}
}

func TestAnswers(t *testing.T) {
	for _, tt := range []struct {
		err   *kerr.Error
		n     int
		class string
		text  string
	}{
		{kerr.MessageTooLarge, 1, "too large", "MESSAGE_TOO_LARGE: the record, with others in its batch, is larger than the topic's max.message.bytes"},
		{kerr.MessageTooLarge, 3, "too large", "max.message.bytes"},
		{kerr.InvalidRecord, 1, "refused", "a compacted topic takes no record without a key"},
		{kerr.InvalidTimestamp, 2, "refused", "a topic may bound times"},
		{kerr.TopicAuthorizationFailed, 1, "permanent", "access is denied"},
		{kerr.SaslAuthenticationFailed, 1, "permanent", "check user, password"},
		{kerr.PolicyViolation, 1, "permanent", "a policy of the cluster refuses it"},
		{kerr.NotEnoughReplicas, 1, "retryable", "kafka "},
		{kerr.UnknownServerError, 1, "retryable", "kafka "},
	} {
		t.Run(fmt.Sprint(tt.err.Message, tt.n), func(t *testing.T) {
			c := cluster(t, 1)
			s := sinkFor(t, c)
			answerProduce(c, func(int32) int16 { return tt.err.Code })
			o := s.Send(t.Context(), records(tt.n, func(i int) (string, string) { return fmt.Sprint(i), "secret data" }))
			if got := class(&o, 0); got != tt.class || !strings.Contains(o.Err(0).Error(), tt.text) || strings.Contains(o.Err(0).Error(), "secret") {
				t.Errorf("got %s: %v", got, o.Err(0))
			}
		})
	}
}

// TestMixed asserts that a record is not given up for the size of a batch that it shares.
func TestMixed(t *testing.T) {
	s := &Sink{to: brokers.Address{Hosts: []string{"b:1"}, Topic: "t"}}
	if err := s.classify(kerr.MessageTooLarge, false); engine.ClassOf(err) != engine.Retryable {
		t.Error(err)
	}
	if err := s.classify(kerr.MessageTooLarge, true); engine.ClassOf(err) != engine.TooLarge {
		t.Error(err)
	}
}

func TestNoTopic(t *testing.T) {
	c := cluster(t, 1)
	s := newSink(spec(t, "kafka://"+c.ListenAddrs()[0]+"/missing"), brokers.Login{}, 20*time.Second)
	closeLater(t, s)
	o := s.Send(t.Context(), records(1, func(int) (string, string) { return "k", "x" }))
	if class(&o, 0) != "permanent" || !strings.Contains(o.Err(0).Error(), "the topic does not exist") {
		t.Error(o.Err(0))
	}
}

// TestNobodyAnswers asserts that an attempt ends with its context, and that records then count
// as not delivered.
func TestNobodyAnswers(t *testing.T) {
	l, err := net.Listen("tcp", "127.0.0.1:0") // accepts connections and never answers
	if err != nil {
		t.Fatal(err)
	}
	defer l.Close()
	s := newSink(spec(t, "kafka://"+l.Addr().String()+"/orders"), brokers.Login{}, patience)
	closeLater(t, s)
	ctx, cancel := context.WithTimeout(t.Context(), 50*time.Millisecond)
	defer cancel()
	o := s.Send(ctx, records(2, func(int) (string, string) { return "k", "x" }))
	if class(&o, 0) != "retryable" || class(&o, 1) != "retryable" || !strings.Contains(o.Err(1).Error(), "unknown whether the record arrived") {
		t.Error(o.Err(0), o.Err(1))
	}
}

func TestClosed(t *testing.T) {
	s := sinkFor(t, cluster(t, 1))
	_ = s.Close()
	o := s.Send(t.Context(), records(1, func(int) (string, string) { return "k", "x" }))
	if class(&o, 0) != "permanent" {
		t.Error(o.Err(0))
	}
}

func TestLogin(t *testing.T) {
	const secret = "arn:aws:secretsmanager:eu-west-1:123456789012:secret:kafka-AbCdEf"
	for name, method := range map[string]string{brokers.Plain: "PLAIN", brokers.Scram256: "SCRAM-SHA-256", brokers.Scram512: "SCRAM-SHA-512"} {
		t.Run(name, func(t *testing.T) {
			c := cluster(t, 1, kfake.EnableSASL(), kfake.Superuser(method, "user", "s3cret"))
			for password, want := range map[string]string{"s3cret": "", "wr0ng": "retryable"} {
				target := spec(t, "kafka://"+c.ListenAddrs()[0]+"/orders?sasl="+name)
				target.Secret = secret
				sink, err := open(env{user: "user", password: password}, target)
				if err != nil {
					t.Fatal(err)
				}
				closeLater(t, sink.(*Sink))
				o := sink.Send(t.Context(), records(1, func(int) (string, string) { return "k", "x" }))
				if got := class(&o, 0); got != want {
					t.Errorf("password %s: %s: %v", password, got, o.Err(0))
				}
				// A broker of Kafka says SASL_AUTHENTICATION_FAILED; this one closes the connection.
				if err := o.Err(0); err != nil && (strings.Contains(err.Error(), password) || !strings.Contains(err.Error(), "check user and password")) {
					t.Errorf("got %v", err)
				}
			}
		})
	}
}

func TestTLS(t *testing.T) {
	c := cluster(t, 1, kfake.TLS(certificates(t)))
	for anyCertificate, want := range map[bool]string{true: "", false: "retryable"} {
		s := newSink(spec(t, "kafkas://"+c.ListenAddrs()[0]+"/orders"), brokers.Login{AnyCertificate: anyCertificate}, time.Second)
		closeLater(t, s)
		o := s.Send(t.Context(), records(1, func(int) (string, string) { return "k", "x" }))
		if got := class(&o, 0); got != want {
			t.Errorf("any certificate %v: %s: %v", anyCertificate, got, o.Err(0))
		}
	}
}

// TestIAMNeedsAWS asserts that a program without AWS says so.
func TestIAMNeedsAWS(t *testing.T) {
	if _, err := open(env{}, spec(t, "kafkas://b:9098/orders?sasl=iam")); err == nil || !strings.Contains(err.Error(), "need AWS") {
		t.Error(err)
	}
}

func selfSigned() (tls.Certificate, error) {
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		return tls.Certificate{}, err
	}
	template := &x509.Certificate{SerialNumber: big.NewInt(1), NotAfter: time.Now().Add(time.Hour), IPAddresses: []net.IP{net.IPv4(127, 0, 0, 1)}}
	der, err := x509.CreateCertificate(rand.Reader, template, template, &key.PublicKey, key)
	return tls.Certificate{Certificate: [][]byte{der}, PrivateKey: key}, err
}
