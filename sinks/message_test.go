package sinks_test

import (
	"regexp"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"fanout/engine"
	"fanout/internal/testing/awsfake"
	"fanout/sinks"
	"fanout/sinks/internal/ids"
	"fanout/sinks/internal/sinktest"
)

// fifos and standards are the services that take messages.
var (
	standards = services[2:4]
	fifos     = services[4:6]
)

// TestMessages checks the content of messages.
func TestMessages(t *testing.T) {
	parts := sinktest.Numbered(2)
	tests := []struct {
		name string
		rec  engine.Record
		want awsfake.Record
	}{
		{
			"text",
			engine.Record{Key: "a", Action: "PUT", Data: engine.Bytes([]byte("hello"))},
			awsfake.Record{Data: []byte("hello"), Attributes: map[string]awsfake.Attribute{
				"key": {Type: "String", Value: "a"}, "action": {Type: "String", Value: "PUT"},
			}},
		},
		{
			"neither key nor action",
			engine.Record{Data: engine.Bytes([]byte("hello"))},
			awsfake.Record{Data: []byte("hello")},
		},
		{
			"a character that XML has not",
			engine.Record{Data: engine.Bytes([]byte("a\x00"))},
			awsfake.Record{Data: []byte("YQA="), Attributes: map[string]awsfake.Attribute{
				"encoding": {Type: "String", Value: "base64"},
			}},
		},
		{
			"bytes that came in base64",
			engine.Record{Data: engine.Base64([]byte("/wA="))},
			awsfake.Record{Data: []byte("/wA="), Attributes: map[string]awsfake.Attribute{
				"encoding": {Type: "String", Value: "base64"},
			}},
		},
		{
			"no data",
			engine.Record{Key: "a"},
			awsfake.Record{Data: []byte("\n"), Attributes: map[string]awsfake.Attribute{
				"key": {Type: "String", Value: "a"}, "encoding": {Type: "String", Value: "base64"},
			}},
		},
		{
			"a key that is not text",
			engine.Record{Key: "a\x01\xFF", Data: engine.Bytes([]byte("hello"))},
			awsfake.Record{Data: []byte("hello"), Attributes: map[string]awsfake.Attribute{
				"key": {Type: "Binary", Value: "a\x01\xFF"},
			}},
		},
		{
			"several records",
			engine.Merge(parts, engine.Bytes([]byte("both"))),
			awsfake.Record{Data: []byte("both")},
		},
		{
			"one record, merged",
			func() engine.Record {
				m := engine.Merge(parts[1:], engine.Bytes([]byte("one")))
				m.Key = m.Lane
				return m
			}(),
			awsfake.Record{Data: []byte("one"), Attributes: map[string]awsfake.Attribute{
				"key": {Type: "String", Value: "key-1"}, "action": {Type: "String", Value: "PUT"},
			}},
		},
	}
	for _, s := range standards {
		for _, tt := range tests {
			t.Run(s.name+"/"+tt.name, func(t *testing.T) {
				fake, cfg := sinktest.Start(t)
				sink := s.open(cfg)
				if o := sink.Send(t.Context(), []engine.Record{tt.rec}); !o.OK() {
					t.Fatal(o.Err(0))
				}
				got := fake.Records(s.destination())
				if diff := cmp.Diff([]awsfake.Record{tt.want}, got); diff != "" {
					t.Errorf("the message differs (-want +got):\n%s", diff)
				}
				size := len(tt.want.Data)
				for name, a := range tt.want.Attributes {
					size += len(name) + len(a.Type) + len(a.Value)
				}
				if n := sink.Sizer()(&tt.rec); n != size {
					t.Errorf("counts %d bytes; want %d", n, size)
				}
			})
		}
	}
}

// TestFIFO checks groups and deduplication ids.
func TestFIFO(t *testing.T) {
	for _, s := range fifos {
		t.Run(s.name, func(t *testing.T) {
			fake, cfg := sinktest.Start(t)
			sink := s.open(cfg, sinks.Source(sinktest.StreamARN))
			recs := sinktest.Numbered(3)
			recs[0].Sub = 7
			recs[1].Key = "not allowed: ü"
			recs[2].Key = ""
			if o := sink.Send(t.Context(), recs); !o.OK() {
				t.Fatal(o.Err(0))
			}
			got := fake.Records(s.destination())
			for i, want := range []string{"key-0", ids.Hash([]byte("not allowed: ü")), ids.Hash(nil)} {
				if got[i].GroupID != want {
					t.Errorf("record %d is in group %q; want %q", i, got[i].GroupID, want)
				}
			}
			if id, want := got[0].DeduplicationID, ids.Hash([]byte(sinktest.StreamARN))[:16]+"/shardId-000000000000/4900/7"; id != want {
				t.Errorf("deduplication id %q; want %q", id, want)
			}
			if o := sink.Send(t.Context(), recs); !o.OK() {
				t.Error(o.Err(0))
			}
			if n := len(fake.Records(s.destination())); n != 3 {
				t.Errorf("%d messages after sending 3 twice", n)
			}
			if o := s.open(cfg, sinks.Source(sinktest.StreamARN+"2")).Send(t.Context(), recs); !o.OK() {
				t.Error(o.Err(0))
			}
			if n := len(fake.Records(s.destination())); n != 6 {
				t.Errorf("%d messages of two sources that sent 3 each", n)
			}
		})
	}
}

// TestDedupIDs asserts that messages with different records have different ids, and
// messages with the same records the same id.
func TestDedupIDs(t *testing.T) {
	none := engine.Payload{}
	rec := func(lane, seq string, sub int) engine.Record { return engine.Record{Lane: lane, Seq: seq, Sub: sub} }
	a, b, c := rec("s1", "1", 0), rec("s1", "1", 1), rec("s1", "2", 0)
	merge := func(recs ...engine.Record) engine.Record { return engine.Merge(recs, none) }
	distinct := []engine.Record{
		a, b, c,
		rec("s2", "1", 0),
		rec("s1", "11", 0),
		rec("s11", "1", 0),
		rec(strings.Repeat("s", 130), "1", 0),
		rec(strings.Repeat("s", 130), "2", 0),
		rec("ü", "1", 0),
		merge(a, b), merge(b, a), merge(a, c), merge(b, c), merge(a, b, c),
		merge(rec("s2", "1", 0), rec("s2", "1", 1)),
		merge(rec("s", "11", 0), b), merge(rec("s1", "", 0), rec("1", "", 0)), merge(rec("s", "11", 0), rec("", "", 0)),
	}
	ok := regexp.MustCompile(`^[!-~]{1,128}$`)
	seen := make(map[string]int)
	for _, arn := range []string{sinktest.StreamARN, sinktest.StreamARN + "2"} {
		from := sinks.Collect([]sinks.Option{sinks.Source(arn)}).Origin
		for i := range distinct {
			id := from.DedupID(&distinct[i])
			if k, dup := seen[id]; dup {
				t.Errorf("records %d and %d have the id %q", k, i, id)
			}
			seen[id] = i
			if !ok.MatchString(id) {
				t.Errorf("record %d: the services do not take the id %q", i, id)
			}
		}
	}
	for _, same := range [][2]engine.Record{
		{a, merge(a)},
		{merge(a, b, c), merge(merge(a, b), c)},
		{merge(a, b), merge(merge(a), merge(merge(b)))},
	} {
		if x, y := ids.Origin("").DedupID(&same[0]), ids.Origin("").DedupID(&same[1]); x != y {
			t.Errorf("ids %q and %q differ", x, y)
		}
	}
}
