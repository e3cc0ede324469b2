package engine_test

import (
	"context"
	"errors"
	"strings"
	"testing"

	"fanout/engine"
	"fanout/engine/enginetest"
)

// rekey gives every record its data's first letter as key, and fails a record "?…".
type rekey struct{}

func (rekey) Name() string { return "rekey" }
func (rekey) Rekeys()      {}
func (rekey) Process(_ context.Context, in []engine.Record, out *engine.Out) {
	for _, r := range in {
		text := string(r.Data.Bytes())
		if strings.HasPrefix(text, "?") {
			out.Fail(r, engine.Errorf(engine.Permanent, "no key"))
			continue
		}
		r.Key = text[:1]
		out.Emit(r)
	}
}

// failing fails a record "…!".
type failing struct{}

func (failing) Name() string { return "failing" }
func (failing) Process(_ context.Context, in []engine.Record, out *engine.Out) {
	for _, r := range in {
		if strings.HasSuffix(string(r.Data.Bytes()), "!") {
			out.Fail(r, errors.New("failing"))
			continue
		}
		out.Emit(r)
	}
}

// A record that fails before it has its key blocks its lane, but no other. One that fails
// behind that blocks its new key alone.
func TestRekeyKeepsOrder(t *testing.T) {
	for name, c := range map[string]struct {
		stages []engine.Stage
		data   string // of lane "0", and the same in lane "1" without marks
		want   string
	}{
		"in the stage":     {[]engine.Stage{rekey{}}, "a1 ?b2 a3 b4", "a1"},
		"before the stage": {[]engine.Stage{failing{}, rekey{}}, "a1 b2! a3 b4", "a1"},
		"behind the stage": {[]engine.Stage{rekey{}, failing{}}, "a1 b2! a3 b4", "a1 a3"},
	} {
		t.Run(name, func(t *testing.T) {
			for _, perKey := range []bool{false, true} {
				var in []engine.Record
				for _, lane := range []string{"0", "1"} {
					for _, text := range strings.Fields(c.data) {
						if lane == "1" {
							text = strings.Trim(text, "?!")
						}
						in = append(in, engine.Record{Lane: lane, Key: "source", Data: engine.Bytes([]byte(text))})
					}
				}
				sink := &enginetest.Sink{Bounds: engine.Limits{OnePerKey: perKey}}
				plan, err := engine.NewPlan(engine.Options{}, engine.Target{ID: "t", Ordered: true, Sink: sink, Stages: c.stages})
				if err != nil {
					t.Fatal(err)
				}
				plan.Run(t.Context(), in)
				got := map[string][]string{}
				for _, r := range sink.Accepted() {
					got[r.Lane] = append(got[r.Lane], string(r.Data.Bytes()))
				}
				if strings.Join(got["0"], " ") != c.want || len(got["1"]) != 4 {
					t.Errorf("one per key %v: delivered %v; want %q, and all of lane 1", perKey, got, c.want)
				}
			}
		})
	}
}
