package stepfunctions

import (
	"strings"
	"sync/atomic"
	"testing"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/sfn"

	"fanout/engine"
	"fanout/engine/enginetest"
	"fanout/internal/testing/awsfake"
	"fanout/sinks"
	"fanout/sinks/internal/sinktest"
)

const taken = "states/orders"

func TestConformance(t *testing.T) {
	enginetest.CheckSink(t, func(t *testing.T) enginetest.SinkHarness {
		fake, cfg := sinktest.Start(t)
		var next atomic.Pointer[awsfake.Fault]
		fake.OnCall(func(awsfake.Call) *awsfake.Fault { return next.Swap(nil) })
		return enginetest.SinkHarness{
			Sink:     New(cfg, sinktest.Machine, ""),
			Accepted: func() [][]byte { return sinktest.DataOf(t, fake.Records(taken)) },
			Refuse:   func(i int) { next.Store(&awsfake.Fault{Refuse: map[int]string{i: "InternalFailure"}}) },
			Break:    func() { next.Store(&awsfake.Fault{Drop: true}) },
			Record:   sinktest.Awkward,
		}
	})
}

// A record that is sent again starts nothing twice, even if its execution has ended. The same
// name with another input is no delivery.
func TestStartsNothingTwice(t *testing.T) {
	fake, cfg := sinktest.Start(t)
	s := New(cfg, sinktest.Machine, "", sinks.Source(sinktest.StreamARN))
	recs := sinktest.Numbered(1)
	recs[0].Data = engine.Bytes([]byte(`{"a": "é\" ,", "n": 1.0}`))
	fake.OnCall(func(c awsfake.Call) *awsfake.Fault { return &awsfake.Fault{After: c.N == 1} })
	if o := s.Send(t.Context(), recs); o.OK() {
		t.Fatal("a request without an answer delivers")
	}
	if o := s.Send(t.Context(), recs); !o.OK() {
		t.Error(o.Err(0))
	}
	recs[0].Data = engine.Bytes([]byte(`{"a": 2}`))
	o := s.Send(t.Context(), recs)
	if err := o.Err(0); err == nil || engine.ClassOf(err) != engine.Permanent || !strings.Contains(err.Error(), "exists with another input") || strings.Contains(err.Error(), `"a"`) {
		t.Errorf("with another input: %v", err)
	}
	if n := len(fake.Records(taken)); n != 1 {
		t.Errorf("%d executions were started; want 1", n)
	}
	if o := New(cfg, sinktest.Machine, "live", sinks.Source(sinktest.StreamARN+"2")).Send(t.Context(), recs); !o.OK() || len(fake.Records(taken+":live")) != 1 {
		t.Errorf("another source starts nothing: %v", o.Err(0))
	}
}

// The envelope of a record that another target could not take differs each time, by its time and
// its reason. One is enough.
func TestStartsOneOfSeveralEnvelopes(t *testing.T) {
	fake, cfg := sinktest.Start(t)
	s := New(cfg, sinktest.Machine, "", sinks.Source(sinktest.StreamARN))
	recs := sinktest.Numbered(1)
	for _, attempt := range []string{`{"fanout":1,"attempts":1}`, `{"fanout":1,"attempts":2}`} {
		recs[0].Data = engine.Bytes([]byte(attempt))
		if o := s.Send(t.Context(), recs); !o.OK() {
			t.Errorf("%s: %v", attempt, o.Err(0))
		}
	}
	recs[0].Data = engine.Bytes([]byte(`{"fanout is":1}`))
	if o := s.Send(t.Context(), recs); o.OK() || len(fake.Records(taken)) != 1 {
		t.Errorf("another record has the execution of an envelope: %d executions", len(fake.Records(taken)))
	}
}

// Nothing but the record's input says that its execution was started before.
func TestUnsureComparison(t *testing.T) {
	for _, c := range []struct {
		name  string
		fault awsfake.Fault
		want  engine.Class
	}{
		{"denied", awsfake.Fault{Code: "AccessDeniedException", Status: 403}, engine.Permanent},
		{"throttled", awsfake.Fault{Code: "ThrottlingException"}, engine.Throttled},
		{"gone", awsfake.Fault{Code: "ExecutionDoesNotExist"}, engine.Retryable},
		{"no input", awsfake.Fault{Body: []byte(`{"executionArn":"arn"}`)}, engine.Retryable},
		{"null", awsfake.Fault{Body: []byte(`null`)}, engine.Retryable},
		{"no answer", awsfake.Fault{Drop: true}, engine.Retryable},
		{"nothing", awsfake.Fault{Body: []byte{}}, engine.Retryable},
		{"too long", awsfake.Fault{Body: []byte(`{"input":"` + strings.Repeat("a", describedBytes) + `"}`)}, engine.Retryable},
		{"crowded", awsfake.Fault{Body: []byte(`{"x":[` + strings.Repeat("{},", describedValues) + `{}]}`)}, engine.Retryable},
	} {
		t.Run(c.name, func(t *testing.T) {
			fake, cfg := sinktest.Start(t)
			s := New(cfg, sinktest.Machine, "")
			if o := s.Send(t.Context(), sinktest.Numbered(1)); !o.OK() {
				t.Fatal(o.Err(0))
			}
			fake.OnCall(func(call awsfake.Call) *awsfake.Fault {
				if call.Operation == "DescribeExecution" {
					return &c.fault
				}
				return nil
			})
			o := s.Send(t.Context(), sinktest.Numbered(1))
			if err := o.Err(0); err == nil || engine.ClassOf(err) != c.want {
				t.Errorf("%v; want the class %v", err, c.want)
			}
		})
	}
}

// The largest input can be compared, whatever its characters.
func TestLargestComparison(t *testing.T) {
	for _, fill := range []string{"a", "é", ",", `\"`, `\\`} {
		_, cfg := sinktest.Start(t)
		s := New(cfg, sinktest.Machine, "")
		text := `"` + strings.Repeat(fill, (maxBytes-2)/len(fill)) + `"`
		recs := []engine.Record{{Lane: "l", Seq: "1", Data: engine.Bytes([]byte(text))}}
		for range 2 {
			if o := s.Send(t.Context(), recs); !o.OK() {
				t.Errorf("%s: %v", fill, o.Err(0))
			}
		}
	}
}

func TestCodes(t *testing.T) {
	sinktest.CheckCodes(t, func(t *testing.T) (*awsfake.Server, engine.Sink) {
		fake, cfg := sinktest.Start(t)
		return fake, New(cfg, sinktest.Machine, "")
	}, map[string]engine.Class{
		"ExecutionLimitExceeded": engine.Throttled, "ThrottlingException": engine.Throttled, "KmsThrottlingException": engine.Throttled,
		"InvalidArn": engine.Permanent, "StateMachineDoesNotExist": engine.Permanent, "StateMachineDeleting": engine.Permanent,
		"StateMachineTypeNotSupported": engine.Permanent, "KmsAccessDeniedException": engine.Permanent, "KmsInvalidStateException": engine.Permanent,
		"InvalidExecutionInput": engine.Refused, "InvalidName": engine.Refused, "ValidationException": engine.Refused,
	})
}

// TestSameAsSDK compares requests with the bytes that the SDK would send.
func TestSameAsSDK(t *testing.T) {
	for _, data := range []string{"", "a", `{"a":"é"}`, "\xFF", "<\u2028&\x7F>", strings.Repeat("x", 1000)} {
		recs := []engine.Record{{Lane: "shardId-000000000000", Seq: "4900", Data: engine.Bytes([]byte(data))}}
		own, sdk := &sinktest.Wire{Answer: "{}"}, &sinktest.Wire{Answer: "{}"}
		s := New(own.Config(), sinktest.Machine, "live")
		s.Send(t.Context(), recs)
		e, err := s.Describe(t.Context(), &recs[0])
		if err != nil {
			t.Fatal(err)
		}
		_, _ = sfn.NewFromConfig(sdk.Config()).StartExecution(t.Context(), &sfn.StartExecutionInput{
			StateMachineArn: aws.String(sinktest.Machine + ":live"), Name: aws.String(s.origin.Name(&recs[0])), Input: aws.String(string(e.Data)),
		})
		if string(own.Body) != string(sdk.Body) || own.Header.Get("X-Amz-Target") != sdk.Header.Get("X-Amz-Target") || own.Header.Get("Content-Type") != sdk.Header.Get("Content-Type") {
			t.Errorf("SDK %v %s\ngot %v %s", sdk.Header, sdk.Body, own.Header, own.Body)
		}
	}
}

func TestParse(t *testing.T) {
	for text, want := range map[string]string{
		sinktest.Machine: "orders", sinktest.Machine + ":live": "orders", sinktest.Machine + ":3": "orders",
		"": "", "orders": "", sinktest.Machine + ":": "", sinktest.Machine + "/map": "", "arn:aws:states:eu-west-1:123456789012:activity:orders": "",
	} {
		if d, err := Parse(text); d.Name != want || (err == nil) != (want != "") || err == nil && d.String() != text {
			t.Errorf("%q: %+v, %v", text, d, err)
		}
	}
}
