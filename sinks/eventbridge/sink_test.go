package eventbridge

import (
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"fanout/engine"
	"fanout/internal/testing/awsfake"
	"fanout/sinks"
	"fanout/sinks/internal/sinktest"
)

// Events have the source and the detail type of their record, and a record without them fails
// alone.
func TestTemplates(t *testing.T) {
	fake, cfg := sinktest.Start(t)
	s := New(cfg, sinktest.Bus, sinks.Source(sinktest.StreamARN), sinks.Event("shop.${.shop}", "order ${.type}"))
	batch := sinktest.Numbered(3)
	for i, data := range []string{`{"shop":"a","type":"new"}`, `{"shop":"b","type":"paid"}`, `{"shop":"c"}`} {
		batch[i].Data = engine.Bytes([]byte(data))
	}
	if o := s.Send(t.Context(), batch); o.Err(0) == nil || engine.ClassOf(o.Err(0)) != engine.Refused || !strings.Contains(o.Err(0).Error(), "the detail type of the event: the record has no value for the place ${.type}") {
		t.Errorf("with a record without a type: %v", o.Err(0))
	}
	if o := s.Send(t.Context(), batch[:2]); !o.OK() {
		t.Error(o.Err(0))
	}
	want := []awsfake.Record{
		{Data: []byte(`{"shop":"a","type":"new"}`), Source: "shop.a", DetailType: "order new"},
		{Data: []byte(`{"shop":"b","type":"paid"}`), Source: "shop.b", DetailType: "order paid"},
	}
	if diff := cmp.Diff(want, fake.Records("eventbridge/orders")); diff != "" {
		t.Errorf("events (-want +got):\n%s", diff)
	}
	e, err := s.Describe(t.Context(), &batch[0])
	if err != nil || e.Source != "shop.a" || e.DetailType != "order new" || string(e.Data) != `{"shop":"a","type":"new"}` {
		t.Errorf("describes %+v, %v", e, err)
	}
}

// A record whose text EventBridge would refuse, or acknowledge and drop, is refused.
func TestPartsOfRecords(t *testing.T) {
	_, cfg := sinktest.Start(t)
	for _, c := range []struct{ source, detailType, data, says string }{
		{"${.v}", "", `{"v":"aws.s3"}`, "begins with aws."},
		{"${.v}", "", `{"v":""}`, "has no value for the place ${.v}"},
		{"${.v}", "", `{"v":"` + strings.Repeat("é", 257) + `"}`, "longer than 256 characters"},
		{"", "${.v}", `{"v":"` + strings.Repeat("é", 129) + `"}`, "longer than 128 characters"},
		{"", "${.v}", `{"v":"` + strings.Repeat("é", 128) + `"}`, ""},
		{"", "${.v}", `{"v":"aws."}`, ""},
	} {
		s := New(cfg, sinktest.Bus, sinks.Event(c.source, c.detailType))
		o := s.Send(t.Context(), []engine.Record{{Data: engine.Bytes([]byte(c.data))}})
		switch err := o.Err(0); {
		case c.says == "" && err != nil:
			t.Errorf("%.20s: %v", c.data, err)
		case c.says != "" && (err == nil || engine.ClassOf(err) != engine.Refused || !strings.Contains(err.Error(), c.says)):
			t.Errorf("%.20s: %v; want %q", c.data, err, c.says)
		}
	}
}

// The error codes of entries have their classes (EventBridge API, PutEventsResultEntry).
func TestEntryCodes(t *testing.T) {
	for code, want := range map[string]string{
		"InternalFailure": "retryable", "ThrottlingException": "throttled", "AccessDeniedException": "permanent",
		"InvalidAccountIdException": "permanent", "InvalidArgument": "permanent", "MalformedDetail": "permanent", "RedactionFailure": "retryable",
		"NotAuthorizedForSourceException": "permanent", "NotAuthorizedForDetailTypeException": "permanent", "New": "retryable",
	} {
		w := &sinktest.Wire{Answer: `{"FailedEntryCount":1,"Entries":[{"EventId":"1"},{"ErrorCode":"` + code + `","ErrorMessage":"secret"}]}`}
		o := New(w.Config(), sinktest.Bus).Send(t.Context(), sinktest.Numbered(2))
		if diff := cmp.Diff([]string{"", want}, sinktest.Failures(o, 2)); diff != "" || strings.Contains(o.Err(1).Error(), "secret") {
			t.Errorf("%s (-want +got):\n%s%v", code, diff, o.Err(1))
		}
	}
}

// The size of an event is as EventBridge counts it, and a request that is too large is halved.
func TestSize(t *testing.T) {
	_, cfg := sinktest.Start(t)
	s := New(cfg, sinktest.Bus, sinks.Source(sinktest.StreamARN))
	r := engine.Record{Data: engine.Bytes([]byte(`{"é":1}`)), Arrived: 1_700_000_000_123}
	if got, want := s.Sizer()(&r), len("fanout")+len("Record")+len(`{"é":1}`)+len(sinktest.StreamARN)+14; got != want {
		t.Errorf("counts %d bytes; want %d", got, want)
	}
	fake, cfg := sinktest.Start(t)
	fake.OnCall(func(awsfake.Call) *awsfake.Fault {
		return &awsfake.Fault{Code: "ValidationException", Message: "Total size of the entries in the request is over the limit."}
	})
	if o := New(cfg, sinktest.Bus).Send(t.Context(), sinktest.Numbered(2)); o.Err(0) == nil || engine.ClassOf(o.Err(0)) != engine.TooLarge {
		t.Errorf("too large: %v", o.Err(0))
	}
}

// TestRequest compares a request with what the documentation of PutEvents has.
func TestRequest(t *testing.T) {
	w := &sinktest.Wire{Answer: `{"FailedEntryCount":0,"Entries":[{"EventId":"1"}]}`}
	s := New(w.Config(), "arn:aws:events:eu-west-1:123456789012:event-bus/orders", sinks.Source(sinktest.StreamARN))
	if o := s.Send(t.Context(), []engine.Record{{Data: engine.Bytes([]byte("a")), Arrived: 1_700_000_000_120}}); !o.OK() {
		t.Fatal(o.Err(0))
	}
	want := `{"Entries":[{"Detail":"{\"data\":\"a\"}","DetailType":"Record","EventBusName":"arn:aws:events:eu-west-1:123456789012:event-bus/orders",` +
		`"Resources":["` + sinktest.StreamARN + `"],"Source":"fanout","Time":1700000000.12}]}`
	if string(w.Body) != want {
		t.Errorf("got  %s\nwant %s", w.Body, want)
	}
}

type findings struct{ faults []string }

func (f *findings) Fault(attribute, _ string, args ...any) { f.faults = append(f.faults, attribute) }
func (f *findings) Warn(string, string, ...any)            {}
func (f *findings) HasFault(string) bool                   { return false }

func TestCheckParts(t *testing.T) {
	for _, c := range []struct {
		source, detailType string
		want               []string
	}{
		{"", "", nil},
		{"shop.orders", "order ${.type}", nil},
		{"${.shop}", "${.type}", nil},
		{"aws.s3", "", []string{"source"}},
		{"aws.${.x}", strings.Repeat("x", 129), []string{"source", "detailType"}},
	} {
		f := new(findings)
		checkParts(&sinks.Spec{EventSource: c.source, DetailType: c.detailType}, f)
		if diff := cmp.Diff(c.want, f.faults); diff != "" {
			t.Errorf("%q, %q (-want +got):\n%s", c.source, c.detailType, diff)
		}
	}
}

func TestParse(t *testing.T) {
	for text, want := range map[string]string{
		"default": "default", "arn:aws:events:eu-west-1:123456789012:event-bus/orders": "orders",
		"": "", "a b": "", "aws.partner/shop/1": "", "arn:aws:events:eu-west-1:123456789012:rule/orders": "", "arn:aws:sqs:eu-west-1:123456789012:orders": "",
	} {
		if d, err := Parse(text); d.Name != want || (err == nil) != (want != "") {
			t.Errorf("%q: %+v, %v", text, d, err)
		}
	}
}
