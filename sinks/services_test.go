package sinks_test

import (
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync/atomic"
	"testing"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/credentials"

	"fanout/engine"
	"fanout/engine/enginetest"
	"fanout/internal/awshttp"
	"fanout/internal/testing/awsfake"
	"fanout/sinks"
	"fanout/sinks/eventbridge"
	firehosesink "fanout/sinks/firehose"
	"fanout/sinks/internal/sinktest"
	kinesissink "fanout/sinks/kinesis"
	snssink "fanout/sinks/sns"
	sqssink "fanout/sinks/sqs"
)

// service opens a sink on a real client and a fake AWS.
type service struct {
	name string // also that of the destination: name/orders
	open func(aws.Config, ...sinks.Option) engine.Sink
}

var services = []service{
	{"kinesis", func(c aws.Config, opts ...sinks.Option) engine.Sink {
		return kinesissink.New(c, sinktest.Stream, opts...)
	}},
	{"firehose", func(c aws.Config, _ ...sinks.Option) engine.Sink {
		return firehosesink.New(c, sinktest.Stream)
	}},
	{"sqs", func(c aws.Config, opts ...sinks.Option) engine.Sink {
		return sqssink.New(c, sinktest.QueueURL, "", opts...)
	}},
	{"sns", func(c aws.Config, opts ...sinks.Option) engine.Sink {
		return snssink.New(c, sinktest.TopicARN, opts...)
	}},
	{"sqs.fifo", func(c aws.Config, opts ...sinks.Option) engine.Sink {
		return sqssink.New(c, sinktest.QueueURL+".fifo", "", opts...)
	}},
	{"sns.fifo", func(c aws.Config, opts ...sinks.Option) engine.Sink {
		return snssink.New(c, sinktest.TopicARN+".fifo", opts...)
	}},
	{"eventbridge", func(c aws.Config, opts ...sinks.Option) engine.Sink {
		return eventbridge.New(c, sinktest.Bus, opts...)
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

func TestConformance(t *testing.T) {
	for _, s := range services {
		t.Run(s.name, func(t *testing.T) {
			enginetest.CheckSink(t, func(t *testing.T) enginetest.SinkHarness {
				fake, cfg := sinktest.Start(t)
				var next atomic.Pointer[awsfake.Fault]
				fake.OnCall(func(awsfake.Call) *awsfake.Fault { return next.Swap(nil) })
				return enginetest.SinkHarness{
					Sink:     s.open(cfg),
					Accepted: func() [][]byte { return sinktest.DataOf(t, fake.Records(s.destination())) },
					Refuse:   func(i int) { next.Store(&awsfake.Fault{Refuse: map[int]string{i: "InternalFailure"}}) },
					Break:    func() { next.Store(&awsfake.Fault{Drop: true}) },
					Record:   sinktest.Awkward,
				}
			})
		})
	}
}

// TestExactSizes packs a request to each limit, and one byte over.
func TestExactSizes(t *testing.T) {
	for _, s := range services {
		t.Run(s.name, func(t *testing.T) {
			fake, cfg := sinktest.Start(t)
			sink := s.open(cfg)
			l := sink.Limits()

			one := sinktest.Fill(sink, 1, l.RecordBytes)
			if o := sink.Send(t.Context(), one); !o.OK() {
				t.Errorf("a record of %d bytes: %v", l.RecordBytes, o.Err(0))
			}
			one = sinktest.Fill(sink, 1, l.RecordBytes+1)
			if o := sink.Send(t.Context(), one); o.OK() {
				t.Errorf("a record of %d bytes was taken", l.RecordBytes+1)
			}
			n := min(l.Records, 8*((l.Bytes+l.RecordBytes-1)/l.RecordBytes))
			size := l.Bytes / n
			full := sinktest.Fill(sink, n, size)
			full[0] = sinktest.Fill(sink, 1, l.Bytes-(n-1)*size)[0]
			if o := sink.Send(t.Context(), full); !o.OK() {
				t.Errorf("a request of %d bytes: %v", l.Bytes, o.Err(0))
			}
			full[0] = sinktest.Fill(sink, 1, l.Bytes-(n-1)*size+1)[0]
			if o := sink.Send(t.Context(), full); o.OK() {
				t.Errorf("a request of %d bytes was taken", l.Bytes+1)
			} else if c := engine.ClassOf(o.Err(0)); c != engine.TooLarge && c != engine.Refused {
				t.Errorf("a request of %d bytes has class %v", l.Bytes+1, c)
			}
			recs := sinktest.Numbered(l.Records)
			if o := sink.Send(t.Context(), recs); !o.OK() {
				t.Errorf("a request of %d records: %v", l.Records, o.Err(0))
			}
			if o := sink.Send(t.Context(), sinktest.Numbered(l.Records+1)); o.OK() {
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
				fake, cfg := sinktest.Start(t)
				sink := s.open(cfg, sinks.RecordBytes(tt.set))
				l := sink.Limits()
				if l.RecordBytes != tt.want {
					t.Fatalf("RecordBytes = %d; want %d", l.RecordBytes, tt.want)
				}
				fake.SetLimit(s.destination(), tt.want)
				if o := sink.Send(t.Context(), sinktest.Fill(sink, 1, tt.want)); !o.OK() {
					t.Errorf("a record of %d bytes: %v", tt.want, o.Err(0))
				}
			})
		}
	}
}

// TestPoison asserts that a record fails alone if the service refuses the whole request
// because of it.
func TestPoison(t *testing.T) {
	_, cfg := sinktest.Start(t)
	recs := sinktest.Numbered(20)
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
			fake, cfg := sinktest.Start(t)
			fake.OnCall(func(awsfake.Call) *awsfake.Fault { return &awsfake.Fault{After: true} })
			o := s.open(cfg).Send(t.Context(), sinktest.Numbered(3))
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
	_, cfg := sinktest.Start(t)
	got := []string{
		kinesissink.New(aws.Config{}, sinktest.StreamARN).String(),
		firehosesink.New(aws.Config{}, "arn:aws:firehose:eu-west-1:123456789012:deliverystream/logs").String(),
	}
	for _, s := range services {
		got = append(got, s.open(cfg).(fmt.Stringer).String())
	}
	want := "kinesis orders|firehose logs|kinesis orders|firehose orders|sqs orders|sns orders|sqs orders.fifo|sns orders.fifo|eventbridge orders"
	if s := strings.Join(got, "|"); s != want {
		t.Errorf("got  %s\nwant %s", s, want)
	}
}

// TestLargeAnswers fails now and then without HTTPClient.
func TestLargeAnswers(t *testing.T) {
	fake, cfg := sinktest.Start(t)
	fake.OnCall(func(awsfake.Call) *awsfake.Fault {
		return &awsfake.Fault{Code: "AccessDenied", Message: strings.Repeat("too long ", 2000)}
	})
	sink := services[0].open(cfg)
	for range 300 {
		o := sink.Send(t.Context(), sinktest.Numbered(2))
		if err := o.Err(0); err == nil || !strings.Contains(err.Error(), "AccessDenied") {
			t.Fatal(err)
		}
	}
}

// TestHTTPClientFollowsNoRedirect asserts that the answer of a redirect's target
// acknowledges nothing.
func TestHTTPClientFollowsNoRedirect(t *testing.T) {
	other := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		t.Error("the other host got the records")
		_, _ = io.WriteString(w, `{"Records":[{"SequenceNumber":"1","ShardId":"s"}],"FailedRecordCount":0}`)
	}))
	defer other.Close()
	first := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		_, _ = io.Copy(io.Discard, r.Body)
		http.Redirect(w, r, other.URL+"/", http.StatusTemporaryRedirect)
	}))
	defer first.Close()
	transport := new(http.Transport)
	defer transport.CloseIdleConnections()
	s := kinesissink.New(aws.Config{
		Region: "eu-west-1", BaseEndpoint: &first.URL, Retryer: func() aws.Retryer { return aws.NopRetryer{} },
		Credentials: credentials.NewStaticCredentialsProvider("made-up", "made-up", ""),
		HTTPClient:  awshttp.Client(&http.Client{Transport: transport}),
	}, "s")
	o := s.Send(t.Context(), []engine.Record{{Key: "k", Data: engine.Bytes([]byte("hello"))}})
	if o.OK() || engine.ClassOf(o.Err(0)) != engine.Retryable {
		t.Errorf("outcome %v, want an error that is tried again", o.Err(0))
	}
}
