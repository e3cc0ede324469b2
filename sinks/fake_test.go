package sinks

import (
	"bytes"
	"encoding/base64"
	"fmt"
	"net/http"
	"strings"
	"sync/atomic"
	"testing"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/credentials"
	"github.com/aws/aws-sdk-go-v2/service/firehose"
	"github.com/aws/aws-sdk-go-v2/service/kinesis"
	"github.com/aws/aws-sdk-go-v2/service/sns"
	"github.com/aws/aws-sdk-go-v2/service/sqs"

	"fanout/engine"
	"fanout/engine/enginetest"
	"fanout/internal/testing/awsfake"
)

// The tests deliver to these services and destinations.
const (
	stream    = "orders"
	streamARN = "arn:aws:kinesis:eu-west-1:123456789012:stream/orders"
	queueURL  = "https://sqs.eu-west-1.amazonaws.com/123456789012/orders"
	topicARN  = "arn:aws:sns:eu-west-1:123456789012:orders"
)

// service opens a sink on a real client and a fake AWS.
type service struct {
	name string // also that of the destination: name/orders
	open func(aws.Config, ...Option) engine.Sink
}

var services = []service{
	{"kinesis", func(c aws.Config, opts ...Option) engine.Sink {
		return NewKinesis(kinesis.NewFromConfig(c), stream, opts...)
	}},
	{"firehose", func(c aws.Config, _ ...Option) engine.Sink { return NewFirehose(firehose.NewFromConfig(c), stream) }},
	{"sqs", func(c aws.Config, opts ...Option) engine.Sink { return NewSQS(sqs.NewFromConfig(c), queueURL, opts...) }},
	{"sns", func(c aws.Config, opts ...Option) engine.Sink { return NewSNS(sns.NewFromConfig(c), topicARN, opts...) }},
	{"sqs.fifo", func(c aws.Config, opts ...Option) engine.Sink {
		return NewSQS(sqs.NewFromConfig(c), queueURL+".fifo", opts...)
	}},
	{"sns.fifo", func(c aws.Config, opts ...Option) engine.Sink {
		return NewSNS(sns.NewFromConfig(c), topicARN+".fifo", opts...)
	}},
}

// destination returns awsfake's name for the destination of s.
func (s service) destination() string {
	kind, fifo := strings.CutSuffix(s.name, ".fifo")
	if fifo {
		return kind + "/orders.fifo"
	}
	return kind + "/orders"
}

// startFake returns a fake AWS and a configuration for its clients.
func startFake(t testing.TB) (*awsfake.Server, aws.Config) {
	t.Helper()
	fake, err := awsfake.Start()
	if err != nil {
		t.Fatal(err)
	}
	transport := &http.Transport{}
	t.Cleanup(func() {
		transport.CloseIdleConnections()
		fake.Close()
	})
	return fake, aws.Config{
		Region:       "eu-west-1",
		BaseEndpoint: aws.String(fake.URL()),
		Credentials:  credentials.NewStaticCredentialsProvider("AKIAMADEUP", "made up", ""),
		Retryer:      func() aws.Retryer { return aws.NopRetryer{} },
		HTTPClient:   HTTPClient(&http.Client{Transport: transport}),
	}
}

func TestConformance(t *testing.T) {
	for _, s := range services {
		t.Run(s.name, func(t *testing.T) {
			enginetest.CheckSink(t, func(t *testing.T) enginetest.SinkHarness {
				fake, cfg := startFake(t)
				var next atomic.Pointer[awsfake.Fault]
				fake.OnCall(func(awsfake.Call) *awsfake.Fault { return next.Swap(nil) })
				return enginetest.SinkHarness{
					Sink:     s.open(cfg),
					Accepted: func() [][]byte { return dataOf(t, fake.Records(s.destination())) },
					Refuse:   func(i int) { next.Store(&awsfake.Fault{Refuse: map[int]string{i: "InternalFailure"}}) },
					Break:    func() { next.Store(&awsfake.Fault{Drop: true}) },
					Record:   awkward,
				}
			})
		})
	}
}

// awkward returns records of all kinds that sinks treat differently.
func awkward(n int) engine.Record {
	data := fmt.Appendf(nil, "record %d", n)
	switch n % 3 {
	case 1:
		data = fmt.Appendf(nil, "\x00\xFF binary %d", n)
	case 2:
		data = fmt.Appendf(nil, "<ünïcode> & \"quotes\" \n %d \U0001F600", n)
	}
	return engine.Record{
		Key: fmt.Sprintf("key %d", n), Lane: "shardId-000000000000", Seq: fmt.Sprint(4900 + n), Action: "PUT",
		Data: engine.Bytes(data),
	}
}

// dataOf returns the original data of the records, before encoding.
func dataOf(t *testing.T, recs []awsfake.Record) [][]byte {
	t.Helper()
	var all [][]byte
	for _, r := range recs {
		data := r.Data
		if r.Attributes["encoding"].Value == "base64" {
			decoded, err := base64.StdEncoding.DecodeString(string(data))
			if err != nil {
				t.Fatalf("the attribute says base64, and the body is %q: %v", data, err)
			}
			data = decoded
		}
		all = append(all, data)
	}
	return all
}

// failures returns the class of every record's error, "" for delivered records.
func failures(o engine.Outcome, n int) []string {
	classes := make([]string, n)
	for i := range classes {
		if err := o.Err(i); err != nil {
			classes[i] = engine.ClassOf(err).String()
		}
	}
	return classes
}

// numbered returns n records, each with its own key and text.
func numbered(n int) []engine.Record {
	recs := make([]engine.Record, n)
	for i := range recs {
		recs[i] = engine.Record{
			Key: fmt.Sprintf("key-%d", i), Lane: "shardId-000000000000", Seq: fmt.Sprint(4900 + i), Action: "PUT",
			Data: engine.Bytes(fmt.Appendf(nil, `{"n":%d}`, i)),
		}
	}
	return recs
}

// fill returns n records with a counted size of size bytes each at sink.
func fill(sink engine.Sink, n, size int) []engine.Record {
	recs := numbered(n)
	for i := range recs {
		r := &recs[i]
		r.Data = engine.Bytes(bytes.Repeat([]byte("x"), size))
		frame := engine.SizerOf(sink)(r) - size
		r.Data = engine.Bytes(bytes.Repeat([]byte("x"), size-frame))
	}
	return recs
}

// TestExactSizes packs a request to each limit, and one byte over.
func TestExactSizes(t *testing.T) {
	for _, s := range services {
		t.Run(s.name, func(t *testing.T) {
			fake, cfg := startFake(t)
			sink := s.open(cfg)
			l := sink.Limits()

			one := fill(sink, 1, l.RecordBytes)
			if o := sink.Send(t.Context(), one); !o.OK() {
				t.Errorf("a record of %d bytes: %v", l.RecordBytes, o.Err(0))
			}
			one = fill(sink, 1, l.RecordBytes+1)
			if o := sink.Send(t.Context(), one); o.OK() {
				t.Errorf("a record of %d bytes was taken", l.RecordBytes+1)
			}
			n := min(l.Records, 8*((l.Bytes+l.RecordBytes-1)/l.RecordBytes))
			size := l.Bytes / n
			full := fill(sink, n, size)
			full[0] = fill(sink, 1, l.Bytes-(n-1)*size)[0]
			if o := sink.Send(t.Context(), full); !o.OK() {
				t.Errorf("a request of %d bytes: %v", l.Bytes, o.Err(0))
			}
			full[0] = fill(sink, 1, l.Bytes-(n-1)*size+1)[0]
			if o := sink.Send(t.Context(), full); o.OK() {
				t.Errorf("a request of %d bytes was taken", l.Bytes+1)
			} else if c := engine.ClassOf(o.Err(0)); c != engine.TooLarge && c != engine.Refused {
				t.Errorf("a request of %d bytes has class %v", l.Bytes+1, c)
			}
			recs := numbered(l.Records)
			if o := sink.Send(t.Context(), recs); !o.OK() {
				t.Errorf("a request of %d records: %v", l.Records, o.Err(0))
			}
			if o := sink.Send(t.Context(), numbered(l.Records+1)); o.OK() {
				t.Errorf("a request of %d records was taken", l.Records+1)
			}
			if t.Failed() {
				t.Logf("calls: %+v", fake.Calls())
			}
		})
	}
}

func TestRecordBytes(t *testing.T) {
	tests := []struct {
		service string
		set     int
		want    int
	}{
		{"kinesis", 10 << 20, 10 << 20},
		{"kinesis", 10<<20 + 1, 1 << 20},
		{"kinesis", 0, 1 << 20},
		{"kinesis", -1, 1 << 20},
		{"sqs", 64 << 10, 64 << 10},
		{"sqs", 2 << 20, 1 << 20},
		{"sns", 1 << 20, 1 << 20},
		{"sns", 2 << 20, 256 << 10},
	}
	for _, tt := range tests {
		for _, s := range services {
			if s.name != tt.service {
				continue
			}
			t.Run(fmt.Sprintf("%s=%d", tt.service, tt.set), func(t *testing.T) {
				fake, cfg := startFake(t)
				sink := s.open(cfg, RecordBytes(tt.set))
				l := sink.Limits()
				if l.RecordBytes != tt.want {
					t.Fatalf("RecordBytes = %d; want %d", l.RecordBytes, tt.want)
				}
				fake.SetLimit(s.destination(), tt.want)
				if o := sink.Send(t.Context(), fill(sink, 1, tt.want)); !o.OK() {
					t.Errorf("a record of %d bytes: %v", tt.want, o.Err(0))
				}
			})
		}
	}
}

// TestPoison asserts that a record fails alone if the service refuses the whole request
// because of it.
func TestPoison(t *testing.T) {
	_, cfg := startFake(t)
	recs := numbered(20)
	recs[13].HashKey = "not a number"
	plan, err := engine.NewPlan(engine.Options{}, engine.Target{ID: "t", Sink: services[0].open(cfg)})
	if err != nil {
		t.Fatal(err)
	}
	report := plan.Run(t.Context(), recs).Targets[0]
	if report.Delivered != 19 || report.Failed != 1 || report.Fate(13) != engine.FateFailed {
		t.Errorf("delivered %d, failed %d, record 13 %v; want only record 13 failed: %v",
			report.Delivered, report.Failed, report.Fate(13), report.Failures)
	}
	for _, f := range report.Failures {
		if strings.Contains(f.Err.Error(), "not a number") {
			t.Errorf("the error repeats the value: %v", f.Err)
		}
	}
}

// TestUnsure asserts that a request has failed if its connection breaks after the service
// took it.
func TestUnsure(t *testing.T) {
	for _, s := range services {
		t.Run(s.name, func(t *testing.T) {
			fake, cfg := startFake(t)
			fake.OnCall(func(awsfake.Call) *awsfake.Fault { return &awsfake.Fault{After: true} })
			o := s.open(cfg).Send(t.Context(), numbered(3))
			for i := range 3 {
				if err := o.Err(i); err == nil || engine.ClassOf(err) != engine.Retryable {
					t.Errorf("record %d has error %v", i, err)
				}
			}
			if n := len(fake.Records(s.destination())); n != 3 {
				t.Errorf("%d records were taken; want 3", n)
			}
		})
	}
}

func TestStrings(t *testing.T) {
	_, cfg := startFake(t)
	got := []string{
		NewKinesis(nil, streamARN).String(),
		NewFirehose(nil, "arn:aws:firehose:eu-west-1:123456789012:deliverystream/logs").String(),
	}
	for _, s := range services {
		got = append(got, s.open(cfg).(fmt.Stringer).String())
	}
	want := "kinesis orders|firehose logs|kinesis orders|firehose orders|sqs orders|sns orders|sqs orders.fifo|sns orders.fifo"
	if s := strings.Join(got, "|"); s != want {
		t.Errorf("got  %s\nwant %s", s, want)
	}
}

// benchmarkSend measures the cost that a sink adds to its client.
func benchmarkSend(b *testing.B, s engine.Sink, recs []engine.Record) {
	b.ReportAllocs()
	for b.Loop() {
		if o := s.Send(b.Context(), recs); !o.OK() {
			b.Fatal(o.Err(0))
		}
	}
	b.ReportMetric(float64(b.N*len(recs))/b.Elapsed().Seconds(), "records/s")
}
