package engine_test

import (
	"context"
	"fmt"
	"strings"
	"testing"

	"fanout/engine"
	"fanout/engine/enginetest"
)

// packs is a sink that decides itself which records share a request: at most room of a key.
type packs struct {
	*enginetest.Sink
	room int
}

func (s packs) Pack(context.Context) engine.Packing {
	return &packing{sink: s, keys: make(map[string]int)}
}

type packing struct {
	sink packs
	keys map[string]int
	recs []engine.Record
}

func (p *packing) Add(r *engine.Record) bool {
	if p.keys[r.Key] == p.sink.room {
		return false
	}
	p.keys[r.Key]++
	p.recs = append(p.recs, *r)
	return true
}

func (p *packing) Send(ctx context.Context) engine.Outcome { return p.sink.Send(ctx, p.recs) }

func TestRunPacksAsTheSinkSays(t *testing.T) {
	once := enginetest.FailTimes(1, enginetest.ErrRetryable, keyIs("b"))
	for _, c := range []struct {
		name    string
		ordered bool
		script  func(enginetest.Attempt) error
		keys    string
		want    string
	}{
		{"any order", false, nil, "aabbac", "aabb|ac"},
		{"in order", true, nil, "aabbac", "aabb|ac"},
		{"some again, in any order", false, once, "abcabc", "abcabc|bb"},
		{"some again, in order", true, once, "abcabc", "abcabc|bb"},
		{"some again, with later ones", true, once, "abbab", "abba|bb|b|b"},
		{"none", true, nil, "", ""},
	} {
		t.Run(c.name, func(t *testing.T) {
			sink := &enginetest.Sink{Script: c.script}
			var recs []engine.Record
			for i, key := range c.keys {
				recs = append(recs, engine.Record{Key: string(key), Seq: fmt.Sprint(i)})
			}
			r := run(t, engine.Target{Sink: packs{sink, 2}, Ordered: c.ordered, InFlight: 1, Retry: engine.Retry{Base: 1}}, recs)
			wantCounts(t, r, len(recs), 0, 0)
			var got []string
			for _, request := range sink.Requests() {
				keys := ""
				for i := range request {
					keys += request[i].Key
				}
				got = append(got, keys)
			}
			if requests := strings.Join(got, "|"); requests != c.want {
				t.Errorf("requests %s, want %s", requests, c.want)
			}
		})
	}
}
