package dynamodb

import (
	"encoding/json"
	"errors"
	"fmt"
	"maps"
	"net/http"
	"regexp"
	"slices"
	"strings"
	"sync/atomic"
	"testing"

	"github.com/google/go-cmp/cmp"

	"fanout/engine"
	"fanout/engine/enginetest"
	"fanout/internal/testing/awsfake"
	"fanout/sinks"
	"fanout/sinks/internal/sinktest"
)

const (
	tableARN  = "arn:aws:dynamodb:eu-west-1:123456789012:table/orders"
	streamARN = tableARN + "/stream/2026-03-01T09:00:00.000"
)

// openTable returns a sink for the table copy with the key id, and the fake that has the table.
func openTable(t testing.TB, table Table, source string) (*awsfake.Server, *Sink) {
	t.Helper()
	fake, cfg := sinktest.Start(t)
	fake.SetTable("copy", "id", "")
	table.Name = "copy"
	return fake, New(cfg, table, sinks.Source(source))
}

// change returns a record of a table's stream.
func change(action, id string, seq int, data string) engine.Record {
	return engine.Record{Key: id, Lane: streamARN, Seq: fmt.Sprint(seq), Action: action, Data: engine.Bytes([]byte(data))}
}

// put returns a record that puts an item with a number.
func put(id string, seq int) engine.Record {
	return change("MODIFY", id, seq, fmt.Sprintf(`{"id":{"S":%q},"n":{"N":"%d"}}`, id, seq))
}

// removal returns a record that removes an item.
func removal(id string, seq int) engine.Record {
	return change("REMOVE", id, seq, fmt.Sprintf(`{"id":{"S":%q}}`, id))
}

// contents returns the items of the table as text, sorted, without the sink's own attributes.
func contents(fake *awsfake.Server) (all []string) {
	for _, item := range fake.Items("copy") {
		if _, dead := item[DeletedAttribute]; dead {
			continue
		}
		item = maps.Clone(item)
		delete(item, OrderAttribute)
		text, err := json.Marshal(item)
		if err != nil {
			panic(err)
		}
		all = append(all, string(text))
	}
	slices.Sort(all)
	return all
}

func TestConformance(t *testing.T) {
	enginetest.CheckSink(t, func(t *testing.T) enginetest.SinkHarness {
		fake, sink := openTable(t, Table{Tombstone: ExpiresAttribute}, streamARN)
		var refused atomic.Pointer[string]
		var broken atomic.Bool
		fake.OnCall(func(c awsfake.Call) *awsfake.Fault {
			switch key := refused.Load(); {
			case broken.Load():
				return &awsfake.Fault{Drop: true}
			case key != nil && *key == c.Key:
				refused.Store(nil)
				return &awsfake.Fault{Code: "ProvisionedThroughputExceededException"}
			}
			return nil
		})
		record := func(n int) engine.Record { return put(fmt.Sprintf("key-%02d", n), n) }
		return enginetest.SinkHarness{
			Sink: sink, Record: record,
			Accepted: func() (all [][]byte) {
				broken.Store(false)
				for _, text := range contents(fake) {
					all = append(all, []byte(text))
				}
				return all
			},
			Refuse: func(i int) { key := record(i).Key; refused.Store(&key) },
			Break:  func() { broken.Store(true) },
		}
	})
}

// TestLatestWins sends changes of an item in any order, and again. The table keeps the last
// one.
func TestLatestWins(t *testing.T) {
	old, last := put("a", 99), put("a", 100) // as text, 100 is before 99
	gone := removal("a", 101)
	for _, tt := range []struct {
		name      string
		tombstone string
		send      []engine.Record
		want      []string
	}{
		{"in order", "", []engine.Record{old, last}, []string{`{"id":{"S":"a"},"n":{"N":"100"}}`}},
		{"an older one late", "", []engine.Record{last, old}, []string{`{"id":{"S":"a"},"n":{"N":"100"}}`}},
		{"again", "", []engine.Record{old, last, old, last, last}, []string{`{"id":{"S":"a"},"n":{"N":"100"}}`}},
		{"removed", "", []engine.Record{last, gone, gone}, nil},
		{"a late removal", "", []engine.Record{put("a", 102), gone}, []string{`{"id":{"S":"a"},"n":{"N":"102"}}`}},
		{"removed, an older one late", ExpiresAttribute, []engine.Record{last, gone, old, last}, nil},
		{"removed and back", ExpiresAttribute, []engine.Record{last, gone, put("a", 102)}, []string{`{"id":{"S":"a"},"n":{"N":"102"}}`}},
		{"no tombstone, an older one late", "", []engine.Record{gone, old}, []string{`{"id":{"S":"a"},"n":{"N":"99"}}`}},
	} {
		t.Run(tt.name, func(t *testing.T) {
			fake, sink := openTable(t, Table{Tombstone: tt.tombstone}, streamARN)
			for _, r := range tt.send {
				if o := sink.Send(t.Context(), []engine.Record{r}); !o.OK() {
					t.Errorf("%s %s: %v", r.Action, r.Seq, o.Err(0))
				}
			}
			if diff := cmp.Diff(tt.want, contents(fake)); diff != "" {
				t.Errorf("the table differs (-want +got):\n%s", diff)
			}
		})
	}
}

// expiry is the time of a tombstone in a request.
var expiry = regexp.MustCompile(`\{"N":"\d{10}"\}`)

// TestRequests asserts the bodies of requests. The item is the source's text.
func TestRequests(t *testing.T) {
	every := `"id":{"S":"a"}, "b":{"B":"AA=="},"n":{"N":"1E-130"},"ss":{"SS":["x","\u00e9"]},"ns":{"NS":["1.00"]},"bs":{"BS":["AA=="]},"m":{"M":{"x":{"NULL":true}}},"l":{"L":[{"BOOL":false}]}`
	at := newOrdering(streamARN).scope + "2026-03-01T09:00:00.000/0017"
	for _, tt := range []struct {
		name, tombstone string
		rec             engine.Record
		member, want    string
	}{
		{"every type", "", change("INSERT", "a", 7, " { "+every+" } "), "Item", `{` + every + `,"fanout:seq":{"S":"AT"}}`},
		{"a position from another target", "", change("INSERT", "a", 7, `{"fanout:seq":{"S":"0123456789abcdef/2026-03-01T09:00:00.000/0019"},"id":{"S":"a"}}`),
			"Item", `{"id":{"S":"a"},"fanout:seq":{"S":"AT"}}`},
		{"a removal", "", removal("a", 7), "Key", `{"id":{"S":"a"}}`},
		{"a tombstone", `t"l`, removal("a", 7), "Item", `{"id":{"S":"a"},"fanout:seq":{"S":"AT"},"fanout:deleted":{"BOOL":true},"t\"l":{"N":"TIME"}}`},
	} {
		t.Run(tt.name, func(t *testing.T) {
			w := &sinktest.Wire{Answer: "{}"}
			s := New(w.Config(), Table{Name: "copy", Tombstone: tt.tombstone}, sinks.Source(streamARN))
			if o := s.Send(t.Context(), []engine.Record{tt.rec}); !o.OK() {
				t.Fatal(o.Err(0))
			}
			got := map[string]json.RawMessage{}
			if err := json.Unmarshal(w.Body, &got); err != nil {
				t.Fatalf("%v: %s", err, w.Body)
			}
			item := expiry.ReplaceAllString(strings.ReplaceAll(string(got[tt.member]), at, "AT"), `{"N":"TIME"}`)
			if diff := cmp.Diff(tt.want, item); diff != "" {
				t.Errorf("the item differs (-want +got):\n%s", diff)
			}
			delete(got, tt.member)
			rest, err := json.Marshal(got)
			if err != nil {
				t.Fatal(err)
			}
			var is, want any
			if err := errors.Join(json.Unmarshal(rest, &is), json.Unmarshal([]byte(`{"TableName":"copy",
				"ConditionExpression":"attribute_not_exists(#seq) OR #seq <= :seq OR NOT begins_with(#seq, :scope)",
				"ExpressionAttributeNames":{"#seq":"fanout:seq"},
				"ExpressionAttributeValues":{":scope":{"S":"`+s.order.scope+`"},":seq":{"S":"`+at+`"}}}`), &want)); err != nil {
				t.Fatal(err)
			}
			if diff := cmp.Diff(want, is); diff != "" {
				t.Errorf("the rest differs (-want +got):\n%s", diff)
			}
		})
	}
}

// TestRefusedAlone sends records that cannot be stored among others.
func TestRefusedAlone(t *testing.T) {
	standIn := change("MODIFY", "d", 4, `{"id":{"S":"d"}}`)
	standIn.Data.StandIn()
	for _, tt := range []struct {
		name  string
		plain bool
		bad   engine.Record
		class engine.Class
		says  string
	}{
		{"no object", false, change("MODIFY", "b", 2, `[1]`), engine.Permanent, "not one JSON object"},
		{"more than an object", false, change("MODIFY", "b", 2, `{"id":{"S":"b"}},"TableName":"other","x":{}`), engine.Permanent, "not one JSON object"},
		{"cut off", false, change("MODIFY", "b", 2, `{"id":{"S":"b"}`), engine.Permanent, "not one JSON object"},
		{"an attribute of the same name", false, change("MODIFY", "b", 2, `{"id":{"S":"b"},"fanout:seq":{"S":"7"}}`), engine.Permanent, "rename it with transform"},
		{"no image", false, standIn, engine.Permanent, "no new image"},
		{"no key", false, change("MODIFY", "b", 2, `{"n":{"N":"1"}}`), engine.Permanent, "lacks a key attribute"},
		{"too large", false, change("MODIFY", "b", 2, `{"id":{"S":"b"},"n":{"S":"`+strings.Repeat("x", 400<<10)+`"}}`), engine.TooLarge, "larger than the destination accepts"},
		{"text", true, change("MODIFY", "b", 2, `text`), engine.Permanent, "not one JSON object"},
		{"deep", true, change("MODIFY", "b", 2, `{"id":`+strings.Repeat("[", 33)+strings.Repeat("]", 33)+`}`), engine.Permanent, "32 levels"},
	} {
		t.Run(tt.name, func(t *testing.T) {
			fake, sink := openTable(t, Table{Plain: tt.plain}, streamARN)
			batch := []engine.Record{put("a", 1), tt.bad, put("c", 3)}
			if tt.plain {
				batch[0].Data, batch[2].Data = engine.Bytes([]byte(`{"id":"a"}`)), engine.Bytes([]byte(`{"id":"c"}`))
			}
			o := sink.Send(t.Context(), batch)
			if o.Err(0) != nil || o.Err(2) != nil || len(contents(fake)) != 2 {
				t.Errorf("the others: %v, %v", o.Err(0), o.Err(2))
			}
			if err := o.Err(1); err == nil || engine.ClassOf(err) != tt.class || !strings.Contains(err.Error(), tt.says) || !strings.HasPrefix(err.Error(), "dynamodb copy: ") {
				t.Errorf("error %v; want %s, of class %s", err, tt.says, tt.class)
			}
		})
	}
}

// TestCodes asserts the classes of the service's errors.
func TestCodes(t *testing.T) {
	sinktest.CheckCodes(t, func(t *testing.T) (*awsfake.Server, engine.Sink) {
		fake, sink := openTable(t, Table{Plain: true}, "")
		return fake, sink
	}, map[string]engine.Class{
		"ProvisionedThroughputExceededException":   engine.Throttled,
		"ThrottlingException":                      engine.Throttled,
		"RequestLimitExceeded":                     engine.Throttled,
		"TransactionConflictException":             engine.Retryable,
		"ReplicatedWriteConflictException":         engine.Retryable,
		"InternalServerError":                      engine.Retryable,
		"ResourceNotFoundException":                engine.Permanent,
		"AccessDeniedException":                    engine.Permanent,
		"ValidationException":                      engine.Permanent,
		"SerializationException":                   engine.Permanent,
		"ItemCollectionSizeLimitExceededException": engine.Permanent,
	})
}

// TestBelievesNoOtherAnswer asserts that only DynamoDB's answer acknowledges a record.
func TestBelievesNoOtherAnswer(t *testing.T) {
	for answer, taken := range map[string]bool{
		"{}": true, ` {"ConsumedCapacity":{"TableName":"copy"}} `: true,
		"": false, "<html></html>": false, `{"message":"OK"}`: false, `{`: false, `{}{}`: false, `[]`: false, `null`: false,
	} {
		w := &sinktest.Wire{Answer: answer}
		s := New(w.Config(), Table{Name: "copy"}, sinks.Source(streamARN))
		o := s.Send(t.Context(), []engine.Record{put("a", 1)})
		if o.OK() != taken {
			t.Errorf("%s: taken %t, %v", answer, o.OK(), o.Err(0))
		}
		if !taken && engine.ClassOf(o.Err(0)) != engine.Retryable {
			t.Errorf("%s: %s: %v", answer, engine.ClassOf(o.Err(0)), o.Err(0))
		}
	}
}

// TestSupersededOnlyByCode asserts that a status without the code is no acknowledgement.
func TestSupersededOnlyByCode(t *testing.T) {
	w := &sinktest.Wire{Answer: `{"__type":"ConditionalCheckFailedException"}`, Status: http.StatusBadGateway}
	if o := New(w.Config(), Table{Name: "copy"}, sinks.Source(streamARN)).Send(t.Context(), []engine.Record{put("a", 1)}); o.OK() {
		t.Error("a gateway's error counts as the table's")
	}
	for answer, taken := range map[string]bool{
		`{"__type":"com.amazonaws.dynamodb.v20120810#ConditionalCheckFailedException","message":"The conditional request failed"}`: true,
		`{"__type":"ValidationException","message":"ConditionalCheckFailedException"}`:                                             false,
		`The conditional request failed`: false,
	} {
		w := &sinktest.Wire{Answer: answer, Status: http.StatusBadRequest}
		s := New(w.Config(), Table{Name: "copy"}, sinks.Source(streamARN))
		if o := s.Send(t.Context(), []engine.Record{put("a", 1)}); o.OK() != taken {
			t.Errorf("%s: taken %t, %v", answer, o.OK(), o.Err(0))
		}
	}
}

// TestOneKeyInOrder asserts that a Send writes the changes of a key one after another, and none
// behind one that failed.
func TestOneKeyInOrder(t *testing.T) {
	fake, sink := openTable(t, Table{}, streamARN)
	fake.OnCall(func(c awsfake.Call) *awsfake.Fault {
		if c.Key == "a" {
			return &awsfake.Fault{Code: "InternalServerError", Status: 500}
		}
		return nil
	})
	o := sink.Send(t.Context(), []engine.Record{put("a", 1), removal("a", 2), put("b", 3), removal("b", 4)})
	if o.Err(0) == nil || o.Err(1) == nil || o.Err(2) != nil || o.Err(3) != nil {
		t.Errorf("errors %v, %v, %v, %v", o.Err(0), o.Err(1), o.Err(2), o.Err(3))
	}
	if n := len(fake.Calls()); n != 3 || len(fake.Items("copy")) != 0 {
		t.Errorf("%d calls; want 3; the table has %v", n, fake.Items("copy"))
	}
}
