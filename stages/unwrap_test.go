package stages_test

import (
	"context"
	"encoding/json"
	"fmt"
	"strings"
	"testing"

	"fanout/engine"
	"fanout/engine/enginetest"
	"fanout/stages"
)

const (
	wrappedBySNS = `{"Type" : "Notification", "MessageId":"m", "TopicArn":"arn:aws:sns:eu-west-1:123456789012:orders",` +
		`"Message":"{\"total\":7,\"note\":\"caf\u00e9\"}","Timestamp":"2026-11-22T08:26:40.001Z","MessageAttributes":{}}`
	wrappedByEventBridge = `{"version":"0","id":"e","detail-type":"Order Paid","source":"shop","account":"123456789012","detail": {"total": 7} ,"resources":[]}`
)

func TestUnwrap(t *testing.T) {
	const noNotification, noEvent = "unwrap: the data is not a notification of SNS", "unwrap: the data is not an event of EventBridge"
	for _, c := range []struct {
		from       stages.Wrapping
		data, want string // "": it fails
	}{
		{stages.SNS, wrappedBySNS, `{"total":7,"note":"café"}`},
		{stages.SNS, `{"Type":"Notification","Message":"","Message":"x\ny"}`, "x\ny"},
		{stages.SNS, `{"Type":"Notification","Message":{}}`, ""},
		{stages.SNS, `{"Type":"SubscriptionConfirmation","Message":"You have chosen"}`, ""},
		{stages.SNS, `{"Message":"x"}`, ""},
		{stages.SNS, wrappedBySNS + ",", ""},
		{stages.SNS, wrappedByEventBridge, ""},
		{stages.SNS, "plain text", ""},
		{stages.SNS, `[{"Type":"Notification","Message":"x"}]`, ""},
		{stages.EventBridge, wrappedByEventBridge, `{"total": 7}`},
		{stages.EventBridge, `{"detail-type":"x","detail":"text"}`, `"text"`},
		{stages.EventBridge, `{"detail-type":"x"}`, ""},
		{stages.EventBridge, `{"detail":{}}`, ""},
		{stages.EventBridge, wrappedBySNS, ""},
		{stages.EventBridge, wrappedByEventBridge[1:], ""},
		{stages.EventBridge, "", ""},
	} {
		r := engine.Record{Key: "k", Seq: "1", Action: "MESSAGE", Raw: []byte(`{"body":1}`), Data: engine.Bytes([]byte(c.data))}
		out := engine.Apply(t.Context(), stages.Unwrap{From: c.from}, []engine.Record{r})
		switch {
		case c.want != "" && (len(out.Emitted) != 1 || string(out.Emitted[0].Data.Bytes()) != c.want || string(out.Emitted[0].Raw) != `{"body":1}` || out.Emitted[0].Key != "k"):
			t.Errorf("%v of %s: got %v, %v", c.from, c.data, out.Emitted, out.Failed)
		case c.want != "":
		case len(out.Failed) != 1 || engine.ClassOf(out.Failed[0].Err) != engine.Permanent:
			t.Errorf("%v of %s: got %v, %v", c.from, c.data, out.Emitted, out.Failed)
		case c.from == stages.SNS && !strings.HasPrefix(out.Failed[0].Err.Error(), noNotification), c.from == stages.EventBridge && !strings.HasPrefix(out.Failed[0].Err.Error(), noEvent):
			t.Errorf("%v of %s: got %v", c.from, c.data, out.Failed[0].Err)
		}
	}
}

func TestUnwrapStage(t *testing.T) {
	for _, from := range []stages.Wrapping{stages.SNS, stages.EventBridge} {
		enginetest.CheckStage(t, stages.Unwrap{From: from}, records(wrappedBySNS, "x", wrappedByEventBridge, ""))
	}
}

func TestParseWrapping(t *testing.T) {
	for name, want := range map[string]stages.Wrapping{"": stages.NoWrapping, "none": stages.NoWrapping, "sns": stages.SNS, "eventbridge": stages.EventBridge} {
		if got, err := stages.ParseWrapping(name); err != nil || got != want {
			t.Errorf("%q: got %v, %v", name, got, err)
		}
	}
	const want = `"SNS" is not an envelope; write none, sns or eventbridge`
	if _, err := stages.ParseWrapping("SNS"); err == nil || err.Error() != want {
		t.Errorf("got %v", err)
	}
}

func ExampleUnwrap() {
	in := []engine.Record{{Seq: "1", Data: engine.Bytes([]byte(`{"Type":"Notification","Message":"hello"}`))}}
	fmt.Printf("%s\n", engine.Apply(context.Background(), stages.Unwrap{From: stages.SNS}, in).Emitted[0].Data.Bytes())
	// Output: hello
}

// FuzzUnwrap holds Unwrap to encoding/json.
func FuzzUnwrap(f *testing.F) {
	for _, data := range []string{wrappedBySNS, wrappedByEventBridge, `{"Type":"Notification","Message":"\ud83d\ude00\n"}`, `{}`, `[]`, ``, `{"detail-type":"","detail":null}`} {
		f.Add(data)
	}
	f.Fuzz(func(t *testing.T, data string) {
		var envelope map[string]json.RawMessage
		if json.Unmarshal([]byte(data), &envelope) != nil {
			envelope = nil
		}
		text := func(name string) (s *string) {
			_ = json.Unmarshal(envelope[name], &s)
			return s
		}
		kind, message := text("Type"), text("Message")
		isNotification := kind != nil && *kind == "Notification" && message != nil
		isEvent := text("detail-type") != nil && envelope["detail"] != nil
		for from, want := range map[stages.Wrapping]bool{stages.SNS: isNotification, stages.EventBridge: isEvent} {
			out := engine.Apply(t.Context(), stages.Unwrap{From: from}, records(data))
			if json.Valid([]byte(data)) && strings.ToValidUTF8(data, "") == data && (len(out.Emitted) == 1) != want {
				t.Fatalf("%v: emitted %v, failed %v", from, out.Emitted, out.Failed)
			}
			if !json.Valid([]byte(data)) && len(out.Emitted) > 0 {
				t.Fatalf("%v: emitted %v of what is not JSON", from, out.Emitted)
			}
		}
	})
}

func BenchmarkUnwrap(b *testing.B) {
	in := records(wrappedBySNS)
	b.SetBytes(int64(len(wrappedBySNS)))
	for b.Loop() {
		engine.Apply(b.Context(), stages.Unwrap{From: stages.SNS}, in)
	}
}
