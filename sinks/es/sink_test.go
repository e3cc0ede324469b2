package es

import (
	"encoding/json"
	"fmt"
	"net/http"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/google/go-cmp/cmp"

	"fanout/engine"
	"fanout/engine/enginetest"
	"fanout/internal/testing/awsfake"
	"fanout/sinks"
	"fanout/sinks/internal/ids"
	"fanout/sinks/internal/sinktest"
)

// openES returns a sink for the index orders of a fake cluster.
func openES(t testing.TB, cfg aws.Config, change func(*Index), opts ...sinks.Option) *Sink {
	t.Helper()
	index := Index{URL: *cfg.BaseEndpoint, Index: "orders", Signing: "es", Region: cfg.Region, Credentials: cfg.Credentials}
	if change != nil {
		change(&index)
	}
	e, err := New(cfg.HTTPClient, index, opts...)
	if err != nil {
		t.Fatal(err)
	}
	return e
}

// withUser puts a user and a password into the endpoint's URL.
func withUser(i *Index) {
	i.URL = strings.Replace(i.URL, "//", "//u%40x:pass%2Fword@", 1)
}

var esVariants = []struct {
	name   string
	change func(*Index)
}{
	{"es", nil},
	{"aoss", func(i *Index) { i.Signing = "aoss" }},
	{"unsigned", func(i *Index) { i.Signing = "" }},
	{"user", withUser},
	{"type", func(i *Index) { i.DocType = "order" }},
	{"in a folder", func(i *Index) { i.URL += "/proxy" }},
}

func TestESConformance(t *testing.T) {
	for _, tt := range esVariants {
		t.Run(tt.name, func(t *testing.T) {
			enginetest.CheckSink(t, func(t *testing.T) enginetest.SinkHarness {
				fake, cfg := sinktest.Start(t)
				var next atomic.Pointer[awsfake.Fault]
				fake.OnCall(func(awsfake.Call) *awsfake.Fault { return next.Swap(nil) })
				return enginetest.SinkHarness{
					Sink: openES(t, cfg, tt.change),
					Accepted: func() [][]byte {
						for _, name := range fake.Destinations() {
							return sinktest.DataOf(t, fake.Records(name))
						}
						return nil
					},
					Refuse: func(i int) {
						next.Store(&awsfake.Fault{Refuse: map[int]string{i: "es_rejected_execution_exception"}})
					},
					Break: func() { next.Store(&awsfake.Fault{Drop: true}) },
				}
			})
		})
	}
}

// esRecord is a record of a DynamoDB stream.
func esRecord(action, key, data string) engine.Record {
	return engine.Record{Key: key, Lane: "arn", Seq: "1", Action: action, Data: engine.Bytes([]byte(data))}
}

func TestESActions(t *testing.T) {
	long := strings.Repeat("é", 256)
	event := engine.Record{Key: "k", Lane: "shardId-000000000000", Seq: "4900", Sub: 7, Action: "PUT", Data: engine.Bytes([]byte(`{"a":1}`))}
	other := event
	other.Sub = 8
	tests := []struct {
		name string
		rec  engine.Record
		want awsfake.Record
	}{
		{"an event", event, awsfake.Record{Action: "create", ID: "shardId-000000000000/4900/7", Data: []byte(`{"a":1}`)}},
		{"an event, merged", engine.Merge([]engine.Record{event}, event.Data),
			awsfake.Record{Action: "create", ID: "shardId-000000000000/4900/7", Data: []byte(`{"a":1}`)}},
		{"several events", engine.Merge([]engine.Record{event, other}, event.Data), func() awsfake.Record {
			m := engine.Merge([]engine.Record{event, other}, event.Data)
			return awsfake.Record{Action: "create", ID: ids.Origin("").ID(&m), Data: []byte(`{"a":1}`)}
		}()},
		{"INSERT", esRecord("INSERT", "a|b", `{"a":1}`), awsfake.Record{Action: "index", ID: "a|b", Data: []byte(`{"a":1}`)}},
		{"MODIFY", esRecord("MODIFY", "a", `{"a":1}`), awsfake.Record{Action: "index", ID: "a", Data: []byte(`{"a":1}`)}},
		{"several lines", esRecord("INSERT", "a", " {\r\n\t\"a b\" : [ 1.0,\n \"\\\" \\\\\" ] , \"n\" : 1e400 }\n\n"),
			awsfake.Record{Action: "index", ID: "a", Data: []byte(`{"a b":[1.0,"\" \\"],"n":1e400}`)}},
		{"one line", esRecord("INSERT", "a", "{ \"a\" : 1 }\n"), awsfake.Record{Action: "index", ID: "a", Data: []byte(`{ "a" : 1 }`)}},
		{"512 bytes of key", esRecord("INSERT", long, `{}`), awsfake.Record{Action: "index", ID: long, Data: []byte(`{}`)}},
		{"513 bytes of key", esRecord("INSERT", long+"x", `{}`), awsfake.Record{Action: "index", ID: ids.Hash([]byte(long + "x")), Data: []byte(`{}`)}},
		{"key not UTF-8", esRecord("INSERT", "\xFF", `{}`), awsfake.Record{Action: "index", ID: ids.Hash([]byte("\xFF")), Data: []byte(`{}`)}},
	}
	for _, docType := range []string{"", `t"y`} {
		for _, tt := range tests {
			t.Run(docType+"/"+tt.name, func(t *testing.T) {
				fake, cfg := sinktest.Start(t)
				e := openES(t, cfg, func(i *Index) { i.DocType = docType })
				if o := e.Send(t.Context(), []engine.Record{tt.rec}); !o.OK() {
					t.Fatal(o.Err(0))
				}
				tt.want.DocType = docType
				if diff := cmp.Diff([]awsfake.Record{tt.want}, fake.Records("es/orders")); diff != "" {
					t.Errorf("the document differs (-want +got):\n%s", diff)
				}
				if got, want := e.size(&tt.rec), fake.Calls()[0].Bytes; got != want {
					t.Errorf("counts %d bytes; want %d", got, want)
				}
			})
		}
	}
}

// TestESAgain asserts that sending records again does no harm.
func TestESAgain(t *testing.T) {
	fake, cfg := sinktest.Start(t)
	e := openES(t, cfg, nil)
	batch := append(sinktest.Numbered(2), esRecord("INSERT", "a", `{}`), esRecord("REMOVE", "a", `{}`), esRecord("REMOVE", "never", ""))
	for range 2 {
		if o := e.Send(t.Context(), batch); !o.OK() {
			t.Errorf("%v", sinktest.Failures(o, len(batch)))
		}
	}
	var actions []string
	for _, r := range fake.Records("es/orders") {
		actions = append(actions, r.Action)
	}
	want := []string{"create", "create", "index", "delete", "index", "delete"}
	if diff := cmp.Diff(want, actions); diff != "" {
		t.Errorf("actions differ (-want +got):\n%s", diff)
	}
}

// TestESPlan delivers an ordered stream of changes through a cluster that refuses some of
// them for a while. The documents must have the final state.
func TestESPlan(t *testing.T) {
	fake, cfg := sinktest.Start(t)
	calls := 0
	fake.OnCall(func(awsfake.Call) *awsfake.Fault {
		calls++
		if calls%2 == 1 {
			return &awsfake.Fault{Refuse: map[int]string{0: "es_rejected_execution_exception", 3: "unavailable_shards_exception"}}
		}
		return nil
	})
	var recs []engine.Record
	for i := range 40 {
		r := esRecord("MODIFY", fmt.Sprint(i%5), fmt.Sprintf(`{"n":%d}`, i))
		r.Seq = fmt.Sprint(i)
		recs = append(recs, r)
	}
	plan, err := engine.NewPlan(engine.Options{}, engine.Target{
		ID: "t", Sink: openES(t, cfg, nil), Ordered: true,
		Retry: engine.Retry{Attempts: 8, Base: time.Microsecond, Max: time.Microsecond},
	})
	if err != nil {
		t.Fatal(err)
	}
	report := plan.Run(t.Context(), recs).Targets[0]
	if report.Delivered != 40 {
		t.Errorf("delivered %d: %v", report.Delivered, report.Failures)
	}
	last := make(map[string]int)
	for _, r := range fake.Records("es/orders") {
		var doc struct{ N int }
		if err := json.Unmarshal(r.Data, &doc); err != nil {
			t.Fatal(err)
		}
		if before, ok := last[r.ID]; ok && doc.N != before+5 {
			t.Errorf("document %s went from %d to %d", r.ID, before, doc.N)
		}
		last[r.ID] = doc.N
	}
}

// TestESPoison asserts that a document fails alone if it makes the cluster refuse whole
// requests.
func TestESPoison(t *testing.T) {
	fake, cfg := sinktest.Start(t)
	fake.SetLimit("es/orders", 3000)
	recs := sinktest.Numbered(20)
	recs[13].Data = engine.Bytes([]byte(`{"a":"` + strings.Repeat("x", 3000) + `"}`))
	recs[4].Data = engine.Bytes([]byte("text"))
	plan, err := engine.NewPlan(engine.Options{}, engine.Target{ID: "t", Sink: openES(t, cfg, nil)})
	if err != nil {
		t.Fatal(err)
	}
	report := plan.Run(t.Context(), recs).Targets[0]
	if report.Delivered != 18 || report.Fate(13) != engine.FateFailed || report.Fate(4) != engine.FateFailed {
		t.Errorf("delivered %d, failed %d: %v", report.Delivered, report.Failed, report.Failures)
	}
}

func BenchmarkESSend(b *testing.B) {
	for name, data := range map[string]string{
		"line":  `{"a":"` + strings.Repeat("x", 1000) + `"}`,
		"lines": "{\n  \"a\": \"" + strings.Repeat("x", 1000) + "\",\n  \"b\": [\n    1,\n    2\n  ]\n}",
	} {
		b.Run(name, func(b *testing.B) {
			recs := sinktest.Numbered(500)
			for i := range recs {
				recs[i].Data = engine.Bytes([]byte(data))
			}
			items := strings.Repeat(`{"create":{"_index":"orders","_version":1,"result":"created","_shards":{"total":2,"successful":1,"failed":0},"_seq_no":0,"_primary_term":1,"status":201}},`, len(recs))
			sinktest.BenchmarkSend(b, answering(b, http.StatusOK, nil, `{"took":1,"errors":false,"items":[`+strings.TrimSuffix(items, ",")+`]}`), recs)
		})
	}
}
