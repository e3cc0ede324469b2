package engine_test

import (
	"context"
	"fmt"
	"testing"
	"time"

	"fanout/engine"
	"fanout/internal/testing/modelkit"
)

// The promises of the engine, as docs/models.md states them.
const (
	counted         modelkit.Promise = "At every target, every record has one fate, and the counts of the report add up to the input."
	truthful        modelkit.Promise = "A part counts as delivered only if the target accepted it, as diverted only if the fallback did, and as dropped or filtered only if a rule says so."
	missing         modelkit.Promise = "A record counts as failed only if the target lacks a part of it."
	once            modelkit.Promise = "A target gets a part again only if it lacks it, or if it is ordered and lacks an earlier part of the same key."
	inOrder         modelkit.Promise = "An ordered target accepts the parts of a key in order, and keeps the latest one."
	requestsInOrder modelkit.Promise = "An ordered target that orders requests accepts a part after a later one of its key only if a request carried both, and the sink may take one and refuse the other."
	withinLanes     modelkit.Promise = "An ordered target has no more requests of a shard in flight than lanes, and no two of them hold the same key."
	diverting       modelkit.Promise = "The fallback takes the records that the target rejects."
	referring       modelkit.Promise = "A target with a store gets a reference in place of a record that is too large, and only if the store accepted the record's data."
	isolated        modelkit.Promise = "A target without faults gets every record that its stages and limits let through, even while other targets hang."
	onTime          modelkit.Promise = "A run ends before its deadline."
	sturdy          modelkit.Promise = "No fault makes the engine itself panic."
)

var model = modelkit.Model[sabotage]{
	Package: "./engine", Page: "../docs/models.md", Runs: 2000, Play: play,
	Promises:  []modelkit.Promise{counted, truthful, missing, once, inOrder, requestsInOrder, withinLanes, diverting, referring, isolated, onTime, sturdy},
	Sabotages: sabotages,
	Occurs: []string{
		"hanging targets", "ordered targets", "targets with lanes", "targets that order requests",
		"requests beside another of their shard", "parts after a later one of an ordered target", "targets without faults", "records delivered", "records already delivered",
		"records delivered by reference", "records filtered", "records dropped", "records diverted", "records failed",
	},
}

func TestModel(t *testing.T)        { model.Check(t) }
func TestModelNotices(t *testing.T) { model.CheckNotices(t) }

// play sends a batch of records to some targets, and sends it again once or twice, as Lambda does.
func play(j *modelkit.Judge, d *modelkit.Draw, s sabotage) {
	w := newWorld(d)
	w.count(j)
	plan, err := engine.NewPlan(engine.Options{Slots: w.slots, Margin: time.Second}, w.plain(&s)...)
	if err != nil {
		j.T.Fatal(err)
	}
	for range 1 + d.IntN(3) {
		w.send(j, d, plan, &s)
		time.Sleep(2 * hangTime) // the sinks that hang return
	}
}

// send sends the batch once, and judges the report.
func (w *world) send(j *modelkit.Judge, d *modelkit.Draw, plan *engine.Plan, s *sabotage) {
	deadline := time.Now().Add(time.Duration(d.IntN(60))*time.Second + w.leastTime)
	ctx, cancel := context.WithDeadline(j.T.Context(), deadline.Add(s.lateness()))
	defer cancel()
	for _, t := range w.targets {
		t.forget(d)
	}
	report := plan.Resume(ctx, append([]engine.Record(nil), w.records...), func(k, i int) (h engine.Held) {
		if k >= len(w.hanging) {
			h = s.recall(w.targets[k-len(w.hanging)].held[i])
		}
		return h
	})
	j.Count("batches", 1)
	if late := time.Since(deadline); late >= 0 {
		j.Broken(onTime, "the run ended %v after its deadline", late)
	}
	for i, t := range w.targets {
		r := &report.Targets[len(w.hanging)+i]
		s.tamper(r)
		t.judge(j, w.records, r)
	}
}

// world is a batch of records and the targets that they go to.
type world struct {
	records   []engine.Record
	targets   []*modelTarget
	hanging   []engine.Target // targets that hang and are not judged
	slots     *engine.Slots
	leastTime time.Duration // until the deadline of a run
}

// plain returns all targets of w as the engine gets them.
func (w *world) plain(s *sabotage) []engine.Target {
	all, slot := append([]engine.Target(nil), w.hanging...), make(chan struct{}, 1)
	for _, t := range w.targets {
		all = append(all, s.spoil(t.Target, slot))
	}
	return all
}

func (w *world) count(j *modelkit.Judge) {
	j.Count("source records", len(w.records))
	j.Count("targets", len(w.targets))
	j.Count("hanging targets", len(w.hanging))
	for _, t := range w.targets {
		if t.Ordered {
			j.Count("ordered targets", 1)
		}
		if t.Lanes > 1 {
			j.Count("targets with lanes", 1)
		}
		if t.OrderRequests {
			j.Count("targets that order requests", 1)
		}
		if t.faultless {
			j.Count("targets without faults", 1)
		}
	}
}

func newWorld(d *modelkit.Draw) *world {
	w := &world{records: drawRecords(d), leastTime: 2 * time.Second}
	for i := range 1 + d.IntN(4) {
		w.targets = append(w.targets, drawTarget(d, fmt.Sprint(i), len(w.records)))
	}
	w.slots = engine.NewSlots(2*len(w.targets) + d.IntN(8)) // for each target and its fallback
	if d.OneIn(8) {
		w.slots, w.leastTime = engine.NewSlots(4+d.IntN(12)), 30*time.Second
		w.hanging = drawHanging(d)
	}
	return w
}

func drawRecords(d *modelkit.Draw) []engine.Record {
	lanes, keys := 1+d.IntN(3), 1+d.IntN(20)
	records := make([]engine.Record, d.IntN(80))
	for i := range records {
		records[i] = engine.Record{
			Lane:    fmt.Sprint("shard-", d.IntN(lanes)),
			Key:     fmt.Sprint("key-", d.IntN(keys)),
			HashKey: fmt.Sprintf("key-%d key-%d key-%d", d.IntN(keys), d.IntN(keys), d.IntN(keys)), // keys of its parts, for splitting
			Seq:     fmt.Sprint(i),
			Data:    engine.Bytes(make([]byte, d.IntN(12))),
			Arrived: time.Now().Add(-time.Duration(d.IntN(60)) * time.Second).UnixMilli(),
		}
		if d.OneIn(40) {
			records[i].Data = engine.Base64([]byte("!")) // unreadable
		}
	}
	return records
}
