package stages_test

import (
	"context"
	"strings"
	"testing"

	"fanout/engine"
	"fanout/engine/enginetest"
	"fanout/internal/jq"
	"fanout/stages"
)

func program(t *testing.T, text string) *jq.Program {
	t.Helper()
	p, err := jq.Compile(text)
	if err != nil {
		t.Fatal(err)
	}
	return p
}

var transformCases = []string{`{"n":1}`, `{"list":[1,2,3]}`, `{"list":[]}`, ``, `text`, "\xff", `{"n":12345678901234567890.10}`, `{"bad":true}`}

func TestTransformStage(t *testing.T) {
	in := records(transformCases...)
	for _, text := range []string{`.`, `.list[]?`, `if .bad? then error("bad") else . end`, `def f: f; if .bad? then f else . end`, `$old`} {
		enginetest.CheckStage(t, stages.Transform{Program: program(t, text)}, in)
		enginetest.CheckStage(t, stages.Key{Program: program(t, text)}, in)
	}
}

// Records may become results that take all of the function's memory, so the rest comes again.
func TestTransformBound(t *testing.T) {
	in := records(`{"n":1}`, `{"n":700}`, `{"n":2}`, `{"n":0}`)
	s := stages.Transform{Program: program(t, `if .n == 0 then empty else "x" * .n end`), Text: true, Bytes: 1000}
	out := engine.Apply(t.Context(), s, in)
	if len(out.Emitted) != 2 || len(out.Failed) != 2 || engine.ClassOf(out.Failed[0].Err) != engine.Retryable || string(out.Failed[0].Record.Data.Bytes()) != `{"n":2}` {
		t.Errorf("%q, failed %v", emitted(out), out.Failed)
	}
	enginetest.CheckStage(t, s, in)
	s.Program, in = program(t, `range(3), "x"`), records(`1`, `2`) // small results take memory too
	if out := engine.Apply(t.Context(), s, in); len(out.Emitted) != 4 || len(out.Failed) != 1 {
		t.Errorf("%q, failed %v", emitted(out), out.Failed)
	}
}

// Keys may have 64 KiB, so those of a batch are bounded too.
func TestKeyBound(t *testing.T) {
	in := records(`1`, `700`, `2`)
	s := stages.Key{Program: program(t, `"x" * .`), Bytes: 700}
	out := engine.Apply(t.Context(), s, in)
	if len(out.Emitted) != 2 || len(out.Emitted[1].Key) != 700 || len(out.Failed) != 1 || engine.ClassOf(out.Failed[0].Err) != engine.Retryable {
		t.Errorf("%d emitted, failed %v", len(out.Emitted), out.Failed)
	}
	enginetest.CheckStage(t, s, in)
}

// Each result is a record with a place of its own, a record without one is filtered, and
// one that fails does so alone.
func TestTransform(t *testing.T) {
	in := records(`{"list":[1,2]}`, `{"list":[]}`, `{"list":7}`, `{"list":["x"]}`)
	in[0].Sub, in[3].Sub = 1, 2 // of an aggregate
	in[1].Raw = []byte(`{}`)
	out := engine.Apply(t.Context(), stages.Transform{Program: program(t, `.list[]`), Text: true}, in)
	if got := strings.Join(emitted(out), " "); got != "1 2 x" {
		t.Errorf("emitted %s", got)
	}
	last := -1
	for _, r := range out.Emitted {
		if r.Sub <= last || r.Raw != nil || r.Seq == "" {
			t.Errorf("a result has the place %d behind %d, and the source record %q", r.Sub, last, r.Raw)
		}
		last = r.Sub
	}
	in[2].Sub, in[2].Raw = 3, []byte("{}")
	lost := engine.Apply(t.Context(), stages.Transform{Program: program(t, `.list[]`)}, in[2:]).Failed[0].Record
	if lost.Sub <= last || lost.Raw != nil {
		t.Errorf("a user record that fails has the place %d behind %d, and the source record %q", lost.Sub, last, lost.Raw)
	}
	if again := engine.Apply(t.Context(), stages.Transform{Program: program(t, `7`)}, []engine.Record{lost}).Emitted[0]; again.Sub != lost.Sub {
		t.Errorf("after a redrive its result has the place %d; want %d", again.Sub, lost.Sub)
	}
	if len(out.Dropped) != 1 || string(out.Dropped[0].Record.Data.Bytes()) != `{"list":[]}` {
		t.Errorf("filtered %v", out.Dropped)
	}
	if len(out.Failed) != 1 || engine.ClassOf(out.Failed[0].Err) != engine.Permanent ||
		out.Failed[0].Err.Error() != "transform: the program failed on the record: cannot iterate over number" || string(out.Failed[0].Record.Data.Bytes()) != `{"list":7}` {
		t.Errorf("failed %v", out.Failed)
	}
}

// $old is the old image in the form of the data.
func TestTransformOld(t *testing.T) {
	in := records(`{"n":2}`, `{"n":3}`)
	in[0].Raw = []byte(`{"eventName":"MODIFY","dynamodb":{"NewImage":{"n":{"N":"2"}},"OldImage":{"n":{"N":"1.50"}}}}`)
	for plain, want := range map[bool]string{true: `{"n":1.50} null`, false: `{"n":{"N":"1.50"}} null`} {
		out := engine.Apply(t.Context(), stages.Transform{Program: program(t, `$old`), PlainOld: plain}, in)
		if got := strings.Join(emitted(out), " "); got != want {
			t.Errorf("plain %v: %s; want %s", plain, got, want)
		}
	}
	in[0].Raw = []byte(`{"dynamodb":{"OldImage":{"n":{"X":"1"}}}}`)
	if out := engine.Apply(t.Context(), stages.Transform{Program: program(t, `$old`), PlainOld: true}, in); len(out.Failed) != 1 || len(out.Emitted) != 1 {
		t.Errorf("an image with a fault: %d records fail, %d pass", len(out.Failed), len(out.Emitted))
	}
}

// A key comes from the record. Without one the record keeps its own.
func messageOf(raw string) engine.Record {
	return engine.Record{Key: "g", Lane: "g", Seq: "7", Action: "MESSAGE", Raw: []byte(raw), Data: engine.Bytes([]byte("{}"))}
}

const queuedRaw = `{"messageId":"m","receiptHandle":"r","body":"{}","attributes":{"ApproximateReceiveCount":"3","ApproximateFirstReceiveTimestamp":"9","MessageGroupId":"g","MessageDeduplicationId":"d\u0031"},` +
	`"messageAttributes":{"kind":{"stringValue":"order","dataType":"String"},"blob":{"binaryValue":"AAE=","dataType":"Binary"},"odd":7,"MessageGroupId":{"stringValue":"forged"}},"eventSource":"aws:sqs"}`

// $attributes are the attributes of a message that stay when it is sent again.
func TestTransformAttributes(t *testing.T) {
	notified := messageOf(`{"Sns":{"Message":"{}","MessageAttributes":{"kind":{"Type":"String","Value":"alarm"}}},"EventSource":"aws:sns"}`)
	notified.Action = "NOTIFICATION"
	put := messageOf(queuedRaw)
	put.Action = "PUT"
	for name, c := range map[string]struct {
		record engine.Record
		want   string
	}{
		"message":       {messageOf(queuedRaw), `{"MessageDeduplicationId":"d1","MessageGroupId":"g","blob":"AAE=","kind":"order"}`},
		"notification":  {notified, `{"kind":"alarm"}`},
		"no attributes": {messageOf(`{"body":"{}"}`), `{}`},
		"changed":       {messageOf(queuedRaw).With(engine.Bytes([]byte("{}"))), `null`},
		"no message":    {put, `null`},
	} {
		s := stages.Transform{Program: program(t, `$attributes`)}
		out := engine.Apply(t.Context(), s, []engine.Record{c.record})
		if len(out.Emitted) != 1 || string(out.Emitted[0].Data.Bytes()) != c.want {
			t.Errorf("%s: got %v, %v", name, out.Emitted, out.Failed)
		}
		if !s.ReadsSource() {
			t.Error("it reads the source record")
		}
	}
	key := stages.Key{Program: program(t, `$attributes.kind`)}
	if out := engine.Apply(t.Context(), key, []engine.Record{messageOf(queuedRaw)}); len(out.Emitted) != 1 || out.Emitted[0].Key != "order" || !key.ReadsSource() {
		t.Errorf("got %v, %v", out.Emitted, out.Failed)
	}
}

func TestKey(t *testing.T) {
	in := records(`{"id":"a"}`, `{"id":17}`, `{"id":null}`, `{}`, `{"id":""}`, `{"id":{"x":1}}`, `7`, "\xff", `{"id":"same"}`)
	for i := range in {
		in[i].Key, in[i].HashKey, in[i].Raw = "same", "5", []byte("{}")
	}
	out := engine.Apply(t.Context(), stages.Key{Program: program(t, `.id`)}, in)
	var got []string
	for _, r := range out.Emitted {
		if r.Raw == nil || (r.HashKey == "") != (r.Key != "same") {
			t.Errorf("%q has the explicit hash key %q and the source record %q", r.Key, r.HashKey, r.Raw)
		}
		got = append(got, r.Key)
	}
	if keys := strings.Join(got, " "); keys != `a 17 same same same {"x":1} same same` {
		t.Errorf("keys %s", keys)
	}
	if out := engine.Apply(t.Context(), stages.Key{Program: program(t, `(.id)?`)}, records(`7`)); len(out.Emitted) != 1 || len(out.Failed) > 0 {
		t.Errorf("the remedy: %v", out.Failed)
	}
	if len(out.Failed) != 1 || out.Failed[0].Err.Error() != "key .id: the program failed on the record: expected an object but got number; write (.id)? and such records keep their own keys" {
		t.Errorf("failed %v", out.Failed)
	}
}

// A run that is stopped leaves its records to be sent again.
func TestTransformStopped(t *testing.T) {
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	for _, s := range []engine.Stage{stages.Transform{Program: program(t, `.`)}, stages.Key{Program: program(t, `.`)}} {
		out := engine.Apply(ctx, s, records("1", "2"))
		if len(out.Failed) != 2 || engine.ClassOf(out.Failed[0].Err) != engine.Retryable {
			t.Errorf("%s: %v", s.Name(), out.Failed)
		}
	}
}
