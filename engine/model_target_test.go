package engine_test

import (
	"context"
	"fmt"
	"strings"
	"time"

	"fanout/engine"
	"fanout/engine/enginetest"
	"fanout/internal/testing/modelkit"
)

// modelTarget is a target, and the oracle's account of it.
type modelTarget struct {
	engine.Target
	sink     *enginetest.Sink
	fallback *enginetest.Sink // of OnFailure; nil: none
	store    *enginetest.Sink // of Oversize; nil: none
	splits   bool             // has the stage splitting

	faultless         bool // no fault hits its requests
	fallbackFaultless bool // nor requests to the fallback, if any
	storeFaultless    bool // nor requests to the store, if any

	held []engine.Held // the records that the target has, as the engine knows

	arrived   map[string]bool            // parts that the target accepted in any run
	diverted  map[string]bool            // parts that the fallback accepted in any run
	arrivals  map[string][]arrival       // by key: parts that arrived for the first time
	latest    map[string]arrival         // by key: the last part that arrived
	took      map[string][]engine.Record // by part: the last request that took it
	flights   *flights
	judged    int // accepted records of earlier runs
	judgedOff int // the same, of the fallback

	stored map[string]bool // parts whose data the store accepted in any run
}

func drawTarget(d *modelkit.Draw, id string, records int) *modelTarget {
	t := &modelTarget{
		held: make([]engine.Held, records), arrived: map[string]bool{}, diverted: map[string]bool{},
		arrivals: map[string][]arrival{}, latest: map[string]arrival{}, took: map[string][]engine.Record{}, stored: map[string]bool{},
	}
	t.sink = &enginetest.Sink{Bounds: engine.Limits{
		Records: d.IntN(10), Bytes: d.IntN(2) * 40, RecordBytes: d.IntN(2) * 10, OnePerKey: d.OneIn(2),
	}}
	t.Target = engine.Target{ID: id, Ordered: d.OneIn(2)}
	if t.Ordered {
		t.Lanes, t.OrderRequests = d.IntN(2)*d.IntN(9), d.OneIn(4)
		t.BatchRecords, t.BatchBytes = d.IntN(2)*d.IntN(6), d.IntN(2)*d.IntN(30)
	}
	t.flights = &flights{Sink: t.sink, target: &t.Target, requests: map[string]int{}, keys: map[string]bool{}}
	t.Sink = t.flights
	if t.splits = d.OneIn(3); t.splits {
		t.Stages = append(t.Stages, splitting)
	}
	if d.OneIn(4) {
		t.Stages = append(t.Stages, merging)
	}
	t.drawOversize(d)
	if t.fallbackFaultless = true; d.OneIn(3) {
		t.fallback = &enginetest.Sink{Bounds: engine.Limits{RecordBytes: d.IntN(2) * 6}} // room for one name
		t.fallbackFaultless = drawFaults(d, t.fallback, true)
		t.OnFailure = &engine.Fallback{ID: "fallback", Sink: t.fallback, Wrap: wrapNames, MaxAge: time.Duration(d.IntN(2)*d.IntN(60)) * time.Second}
		if t.Oversize != nil && d.OneIn(2) {
			t.fallback.Bounds.RecordBytes, t.OnFailure.Oversize = 3, t.Oversize // room for a short name
			t.fallbackFaultless = t.fallbackFaultless && t.storeFaultless
		}
	}
	t.faultless = drawFaults(d, t.sink, t.sink.Bounds.OnePerKey)
	if d.OneIn(3) {
		t.Sink = packs{t.sink, 1 + d.IntN(3)}
	}
	if d.OneIn(3) {
		limitUndeclared(t.sink, d.OneIn(2))
	}
	return t
}

// drawOversize draws what becomes of records that are too large.
func (t *modelTarget) drawOversize(d *modelkit.Draw) {
	switch t.storeFaultless = true; d.IntN(4) {
	case 0:
		t.DropOversize = true
	case 1:
		t.store = new(enginetest.Sink)
		t.storeFaultless = drawFaults(d, t.store, true)
		t.Oversize = func(*engine.Record) (engine.Sink, engine.Payload) {
			return t.store, engine.Bytes([]byte(reference))
		}
	}
}

// reference is the data of all references.
const reference = "@"

// arrival is a part that the target accepted.
type arrival struct {
	part    string
	place   int
	request []engine.Record // that carried it
}

// forget drops some of the engine's knowledge about t, as a full memory does.
func (t *modelTarget) forget(d *modelkit.Draw) {
	if !d.OneIn(3) {
		return
	}
	for i := range t.held {
		if d.OneIn(8) {
			t.held[i] = engine.Held{}
		}
	}
}

// drawHanging draws targets that hang until the end of the run, and some beyond it. With few
// slots they would starve the others.
func drawHanging(d *modelkit.Draw) (hanging []engine.Target) {
	inFlight := d.IntN(2) * d.IntN(33)
	for i := range 12 + d.IntN(24) {
		ignoresDeadline := d.OneIn(8)
		hanging = append(hanging, engine.Target{ID: fmt.Sprint("hangs-", i), InFlight: inFlight, Sink: &enginetest.Sink{
			Bounds: engine.Limits{Records: 1 + d.IntN(3)},
			Whole: func(ctx context.Context, _ []engine.Record) error {
				<-ctx.Done()
				if ignoresDeadline {
					time.Sleep(hangTime)
				}
				return ctx.Err()
			},
		}})
	}
	return hanging
}

// wrapNames makes an envelope that names the parts of a record.
func wrapNames(r engine.Rejected) engine.Record {
	return r.Record.With(engine.Bytes([]byte(strings.Join(partNames(&r.Record), " "))))
}
