package lambda

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"testing"

	"github.com/aws/aws-sdk-go-v2/aws"
	"go.uber.org/zap"

	"fanout/engine"
	"fanout/engine/enginetest"
	"fanout/lambda/envelope"
	"fanout/lambda/event"
	"fanout/lambda/target"
	"fanout/sinks"
	"fanout/sinks/builtin"
)

// A FIFO queue accepts each deduplication id once, and an index has one document per id.
// Both ids come from lane, sequence number and part. So an envelope's ids must
// differ from the ids of its record, of another target's envelope, and of other messages
// that begin with the same record.
func TestEnvelopesAreTheirOwnRecords(t *testing.T) {
	one := engine.Record{Key: "k", Lane: "shardId-0", Seq: "1", Action: "REMOVE", Raw: []byte(`{}`), Data: engine.Bytes([]byte("one"))}
	two := engine.Record{Key: "k", Lane: "shardId-0", Seq: "2", Data: engine.Bytes([]byte("two"))}
	merged := func(data string, recs ...engine.Record) engine.Rejected {
		return engine.Rejected{Record: engine.Merge(recs, engine.Bytes([]byte(data))), Err: errors.New("no")}
	}
	spec := func(id string) *sinks.Spec { return &sinks.Spec{SourceARN: source, ID: id, Type: builtin.Type("sqs")} }
	a, b := wrapper(spec("a"), nil), wrapper(spec("b"), nil)
	seen := map[string]string{fmt.Sprint(one.Lane, " ", one.Seq, " ", one.Sub): "the record"}
	for name, r := range map[string]engine.Record{
		"a's":                a(engine.Rejected{Record: one, Err: errors.New("no")}),
		"b's":                b(engine.Rejected{Record: one, Err: errors.New("no")}),
		"a's of a message":   a(merged("one", one)),
		"a's of another one": a(merged("one two", one, two)),
	} {
		id := fmt.Sprint(r.Lane, " ", r.Seq, " ", r.Sub)
		if other, ok := seen[id]; ok {
			t.Errorf("%s envelope has the identity of %s: %s", name, other, id)
		}
		seen[id] = name
		if r.Action != "" {
			t.Errorf("%s envelope has action %s, by which an index would remove a document", name, r.Action)
		}
		if e, err := envelope.Parse(r.Raw); err != nil || e.Sequence != "1" || !bytes.Equal(r.Raw, r.Data.Bytes()) {
			t.Errorf("%s envelope is not what a Lambda function gets: %q, %v", name, r.Raw, err)
		}
	}
}

// A redrive restores the attributes that a queue or topic gets from a notification.
func TestEnvelopesKeepAttributes(t *testing.T) {
	wrap := wrapper(&sinks.Spec{SourceARN: source, ID: "a", Type: builtin.Type("sqs")}, nil)
	for raw, kept := range map[string]bool{
		`{"Sns":{"MessageAttributes":{"a":{"Type":"Number","Value":"7"}}}}`: true,
		`{"Sns":{"Subject":"s"}}`:                         true,
		`{"Sns":{"Subject":null,"MessageAttributes":{}}}`: false,
	} {
		r := wrap(engine.Rejected{Record: engine.Record{Key: "k", Seq: "1", Action: "NOTIFICATION", Raw: []byte(raw)}, Err: errors.New("no")})
		e, err := envelope.Parse(r.Data.Bytes())
		if err != nil || (string(e.Event) == raw) != kept || kept && string(e.Record().Raw) != raw {
			t.Errorf("%s: the envelope has the event %s, %v", raw, e.Event, err)
		}
	}
}

// A function that takes user records, if it is a target, takes envelopes as they are.
func TestLambdaTakesEnvelopes(t *testing.T) {
	o := DefaultOptions()
	h, err := New(o, aws.Config{}, zap.NewNop())
	if err != nil {
		t.Fatal(err)
	}
	h.store = &fixedStore{{SourceARN: source, ID: "t", Type: builtin.Type("kinesis"), Active: true, Collapse: sinks.CollapseNone, OnFailure: "f"}, {SourceARN: source, ID: "f", Type: builtin.Type("lambda"), Collapse: sinks.CollapseNone, Deaggregate: true}}
	forms := map[bool]bool{}
	h.openSink = func(_ sinks.Env, s *sinks.Spec) (engine.Sink, error) {
		if s.Type == builtin.Type("lambda") {
			forms[s.Deaggregate] = true
		}
		return &enginetest.Sink{}, nil
	}
	if _, err := h.planFor(t.Context(), source, event.Kinesis); err != nil || forms[true] || !forms[false] {
		t.Errorf("the function was opened with deaggregate %v, %v", forms, err)
	}
}

// fixedStore has targets that never change.
type fixedStore []sinks.Spec

// Targets returns them all.
func (s *fixedStore) Targets(context.Context, string) (set target.Set, err error) {
	for _, t := range *s {
		set.Targets = append(set.Targets, target.Loaded{ID: t.ID, Spec: t})
	}
	return set, nil
}
