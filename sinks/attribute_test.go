package sinks_test

import (
	"fmt"
	"maps"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"fanout/engine"
	"fanout/internal/testing/awsfake"
	"fanout/sinks"
	"fanout/sinks/internal/sinktest"
)

// notice is an SNS record with a subject and attributes in JSON.
func notice(subject, attributes string) engine.Record {
	raw := fmt.Sprintf(`{"EventSource":"aws:sns","Sns":{"MessageId":"id","Subject":%s,"Message":"hello","MessageAttributes":%s}}`, subject, attributes)
	return engine.Record{Key: "id", Seq: "id", Action: "NOTIFICATION", Data: engine.Bytes([]byte("hello")), Raw: []byte(raw)}
}

// many returns n attributes in JSON.
func many(n int) string {
	all := make([]string, n)
	for i := range all {
		all[i] = fmt.Sprintf(`"a%02d":{"Type":"String","Value":"v"}`, i)
	}
	return "{" + strings.Join(all, ",") + "}"
}

// own are the attributes that fanout adds to a notification.
var own = map[string]awsfake.Attribute{"key": {Type: "String", Value: "id"}, "action": {Type: "String", Value: "NOTIFICATION"}}

// TestNotificationAttributes asserts that a notification keeps its attributes and
// subject.
func TestNotificationAttributes(t *testing.T) {
	const typed = `{"s":{"Type":"String","Value":"<é> & \"q\""},"list":{"Type":"String.Array","Value":"[\"a\",1]"},` +
		`"n":{"Type":"Number","Value":"1.50"},"b":{"Type":"Binary","Value":"AAH/"}}`
	with := func(more map[string]awsfake.Attribute, less ...string) map[string]awsfake.Attribute {
		all := maps.Clone(own)
		maps.Copy(all, more)
		for _, name := range less {
			delete(all, name)
		}
		return all
	}
	numbered := func(n int) map[string]awsfake.Attribute {
		all := map[string]awsfake.Attribute{}
		for i := range n {
			all[fmt.Sprintf("a%02d", i)] = awsfake.Attribute{Type: "String", Value: "v"}
		}
		return all
	}
	collapsed := engine.Merge([]engine.Record{notice(`"subject"`, typed)}, engine.Bytes([]byte("hello")))
	for _, tt := range []struct {
		name     string
		rec      engine.Record
		sqs, sns map[string]awsfake.Attribute
	}{
		{"none", notice("null", "null"), own, own},
		{"every type", notice("null", typed), with(map[string]awsfake.Attribute{
			"s": {Type: "String", Value: `<é> & "q"`}, "list": {Type: "String.Array", Value: `["a",1]`},
			"n": {Type: "Number", Value: "1.50"}, "b": {Type: "Binary", Value: "\x00\x01\xff"},
		}), nil},
		{"a subject", notice(`"Order placed"`, "{}"), with(map[string]awsfake.Attribute{"Subject": {Type: "String", Value: "Order placed"}}), own},
		{"a name of ours", notice("null", `{"key":{"Type":"Number","Value":"7"}}`), with(map[string]awsfake.Attribute{"key": {Type: "Number", Value: "7"}}), nil},
		{"nine", notice("null", many(9)), with(numbered(9), "action"), with(numbered(9))},
		{"ten", notice("null", many(10)), numbered(10), with(numbered(10))},
		{"collapsed", collapsed, own, own},
	} {
		for i, s := range standards {
			want := tt.sqs
			if i == 1 && tt.sns != nil {
				want = tt.sns
			}
			t.Run(s.name+"/"+tt.name, func(t *testing.T) {
				fake, cfg := sinktest.Start(t)
				if o := s.open(cfg).Send(t.Context(), []engine.Record{tt.rec}); !o.OK() {
					t.Fatal(o.Err(0))
				}
				got := fake.Records(s.destination())
				if diff := cmp.Diff(want, got[0].Attributes); diff != "" {
					t.Errorf("the attributes differ (-want +got):\n%s", diff)
				}
			})
		}
	}
}

// TestTooManyAttributes asserts that a message fails with a clear error if it cannot hold
// all attributes of a notification.
func TestTooManyAttributes(t *testing.T) {
	fake, cfg := sinktest.Start(t)
	for name, rec := range map[string]engine.Record{
		"eleven": notice("null", many(11)), "ten and a subject": notice(`"s"`, many(10)),
		"no attribute": notice("null", `{"a":7}`), "no base64": notice("null", `{"a":{"Type":"Binary","Value":"!"}}`),
	} {
		o := standards[0].open(cfg).Send(t.Context(), []engine.Record{rec})
		if err := o.Err(0); err == nil || engine.ClassOf(err) != engine.Refused || !strings.Contains(err.Error(), "ttributes") {
			t.Errorf("%s: error %v", name, err)
		}
	}
	if n := len(fake.Calls()); n > 0 {
		t.Errorf("%d calls were made", n)
	}
}

// TestOwnAttributesGiveWay asserts that key and action never make a message too large.
func TestOwnAttributesGiveWay(t *testing.T) {
	ours := len("keyStringkkk" + "actionStringPUT")
	for _, s := range append(standards[:2:2], fifos...) {
		for _, c := range []struct{ size, key, action int }{
			{1000 - ours, 1, 1}, {1000 - ours + 1, 1, 0}, {1000 - len("keyStringkkk") + 1, 0, 0}, {1000, 0, 0},
		} {
			fake, cfg := sinktest.Start(t)
			sink := s.open(cfg, sinks.RecordBytes(1000))
			rec := engine.Record{Key: "kkk", Lane: "l", Seq: "1", Action: "PUT", Data: engine.Bytes([]byte(strings.Repeat("x", c.size)))}
			limits := sink.Limits()
			if n := sink.Sizer()(&rec); n > limits.RecordBytes {
				t.Errorf("%s: a body of %d bytes counts %d, and the message may have %d", s.name, c.size, n, limits.RecordBytes)
			}
			if o := sink.Send(t.Context(), []engine.Record{rec}); !o.OK() {
				t.Fatal(o.Err(0))
			}
			got := fake.Records(s.destination())[0].Attributes
			if len(got) != c.key+c.action || c.key == 1 && got["key"].Value != "kkk" {
				t.Errorf("%s: a body of %d bytes has the attributes %v", s.name, c.size, got)
			}
		}
	}
}
