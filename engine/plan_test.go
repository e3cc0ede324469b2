package engine_test

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"sync/atomic"
	"testing"

	"github.com/google/go-cmp/cmp"

	"fanout/engine"
	"fanout/engine/enginetest"
)

type named struct{ enginetest.Sink }

func (*named) String() string { return "queue orders" }

func TestPlanString(t *testing.T) {
	up, two := upper(), pairs()
	plan, err := engine.NewPlan(engine.Options{},
		engine.Target{ID: "a", Sink: &enginetest.Sink{}},
		engine.Target{ID: "b", Sink: &named{enginetest.Sink{Bounds: engine.Limits{Records: 10, Bytes: 1000, RecordBytes: 100}}}, Stages: []engine.Stage{up, two}, Ordered: true},
		engine.Target{ID: "c", Sink: &enginetest.Sink{}, Stages: []engine.Stage{up}, InFlight: 3},
		engine.Target{ID: "d", Sink: &enginetest.Sink{}, Stages: []engine.Stage{two}},
		engine.Target{ID: "e", Fault: errors.New("destination: empty")},
		engine.Target{ID: "f", Sink: &enginetest.Sink{}, Ordered: true, OrderRequests: true, Lanes: 4, InFlight: 8},
	)
	if err != nil {
		t.Fatal(err)
	}
	want := `
records
├─ → a, 5 in flight
├─ → f, requests in order in 4 lanes, 8 in flight
├─ upper
│  ├─ → c, 3 in flight
│  └─ pairs
│     └─ → b (queue orders), in order, 5 in flight, ≤ 10 records, ≤ 1000 bytes per request, ≤ 100 bytes per record
└─ pairs
   └─ → d, 5 in flight
✗ e: destination: empty
`
	if diff := cmp.Diff(strings.TrimPrefix(want, "\n"), plan.String()); diff != "" {
		t.Error(diff)
	}
}

// incomparable is a stage that targets cannot share.
type incomparable []string

func (incomparable) Name() string                                          { return "incomparable" }
func (incomparable) Process(context.Context, []engine.Record, *engine.Out) {}

func TestNewPlanReportsEveryFault(t *testing.T) {
	sink := &enginetest.Sink{}
	_, err := engine.NewPlan(engine.Options{},
		engine.Target{ID: "a", Sink: sink},
		engine.Target{ID: "a", Sink: sink, InFlight: -1, Lanes: -1, BatchBytes: -1},
		engine.Target{},
		engine.Target{ID: "b", Sink: sink, Stages: []engine.Stage{nil, incomparable(nil)}, Retry: engine.Retry{Attempts: -1}},
	)
	if err == nil {
		t.Fatal("no error")
	}
	want := []string{
		`target "a": ID: an earlier target has the same ID`,
		`target "a": InFlight: -1 is negative`,
		`target "a": Lanes: -1 is negative`,
		`target "a": BatchRecords, BatchBytes: negative`,
		`target "": ID: empty`,
		`target "": Sink: none`,
		`target "b": Retry: negative`,
		`target "b": Stages[0]: nil`,
		`target "b": Stages[1]: incomparable (engine_test.incomparable) is not comparable`,
	}
	if diff := cmp.Diff(want, strings.Split(err.Error(), "\n")); diff != "" {
		t.Error(diff)
	}
}

func TestSharedStagesRunOnce(t *testing.T) {
	var runs atomic.Int32
	counting := stage("count", func(_ context.Context, in []engine.Record, out *engine.Out) {
		runs.Add(1)
		for _, r := range in {
			out.Emit(r)
		}
	})
	var targets []engine.Target
	for i := range 5 {
		targets = append(targets, engine.Target{ID: fmt.Sprint(i), Stages: []engine.Stage{counting}, Sink: &enginetest.Sink{}})
	}
	plan, err := engine.NewPlan(engine.Options{}, targets...)
	if err != nil {
		t.Fatal(err)
	}
	report := plan.Run(t.Context(), records("a b c"))
	if runs.Load() != 1 {
		t.Errorf("the stage of five targets ran %d times", runs.Load())
	}
	for _, tr := range report.Targets {
		if tr.Delivered != 3 {
			t.Errorf("target %s: %+v", tr.ID, tr)
		}
	}
}

func ExamplePlan() {
	sink := &enginetest.Sink{Bounds: engine.Limits{Records: 2}}
	plan, err := engine.NewPlan(engine.Options{}, engine.Target{ID: "words", Stages: []engine.Stage{Words{}}, Sink: sink})
	if err != nil {
		fmt.Println(err)
		return
	}
	report := plan.Run(context.Background(), []engine.Record{
		{Key: "k", Seq: "1", Data: engine.Bytes([]byte("to be or"))},
		{Key: "k", Seq: "2", Data: engine.Bytes([]byte(" "))},
	})
	t := report.Targets[0]
	fmt.Printf("%d delivered, %d dropped, %d failed in %d requests\n", t.Delivered, t.Dropped, t.Failed, t.Requests)
	// Output: 1 delivered, 1 dropped, 0 failed in 2 requests
}

// Names do not act on terminals, and do not add lines to the plan.
func TestPlanStringIsPlain(t *testing.T) {
	const hostile = "a\x1b[2J\a\n✗ forged: \u202eb"
	plan, err := engine.NewPlan(engine.Options{},
		engine.Target{ID: hostile, Sink: &named{}},
		engine.Target{ID: hostile + "2", Fault: engine.Errorf(engine.Permanent, "%s", hostile)})
	if err != nil {
		t.Fatal(err)
	}
	drawn := plan.String()
	if strings.ContainsAny(drawn, "\x1b\a\u202e") || strings.Count(drawn, "\n✗") != 1 || strings.Count(drawn, "\n") != 4 {
		t.Errorf("%q", drawn)
	}
}
