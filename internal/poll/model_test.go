package poll

import (
	"slices"
	"testing"

	"fanout/internal/testing/modelkit"
)

// The promises of a stream that is read from LATEST, as docs/models.md states them.
const (
	complete     modelkit.Promise = "The function acknowledges every record that arrives after the start."
	inOrder      modelkit.Promise = "It acknowledges the records of a shard in order."
	parentsFirst modelkit.Promise = "It acknowledges the records of a shard before the records of the shard's children."
	nothingOld   modelkit.Promise = "It gets no record from well before the start."
)

// sabotage makes the poller, or the services that it trusts, misbehave.
type sabotage struct {
	skipFailed bool // a batch that the function refuses counts as acknowledged
	forget     bool // checkpoints are forgotten
	reverse    bool // the records of a batch are reversed
	orphans    bool // the service does not name the parents of a shard
	fromStart  bool // the stream is read from its start
}

var model = modelkit.Model[sabotage]{
	Package: "./internal/poll", Page: "../../docs/models.md", Runs: 100,
	Play:     func(j *modelkit.Judge, d *modelkit.Draw, s sabotage) { newWorld(j, d, s).run() },
	Promises: []modelkit.Promise{complete, inOrder, parentsFirst, nothingOld},
	Sabotages: []modelkit.Sabotage[sabotage]{
		{Name: "a refused batch does not come again", By: sabotage{skipFailed: true}, Breaks: complete},
		{Name: "checkpoints are forgotten", By: sabotage{forget: true}, Breaks: complete},
		{Name: "a batch is out of order", By: sabotage{reverse: true}, Breaks: inOrder},
		{Name: "a shard is read beside its parent", By: sabotage{orphans: true}, Breaks: parentsFirst},
		{Name: "the stream is read from its start", By: sabotage{fromStart: true}, Breaks: nothingOld},
	},
	Occurs: []string{"restarts", "kills", "splits", "failed calls", "refused batches", "records"},
}

func TestModel(t *testing.T)        { model.Check(t) }
func TestModelNotices(t *testing.T) { model.CheckNotices(t) }

// judge compares the acknowledged records with the stream.
func (w *world) judge() {
	place := make(map[string]int) // by record: its place among the records acknowledged for the first time
	for _, data := range w.acknowledged {
		if _, again := place[data]; !again {
			place[data] = len(place)
		}
	}
	total := 0
	for shard, parents := range w.parents {
		records := w.since(shard)
		total += len(records)
		if !slices.IsSortedFunc(records, func(a, b string) int { return place[a] - place[b] }) {
			w.broken(inOrder, "records of shard %s overtook each other", shard)
		}
		for _, data := range records {
			if _, ok := place[data]; !ok {
				w.broken(complete, "%s was lost", data)
			}
		}
		for _, parent := range parents {
			if older := w.since(parent); len(older) > 0 && len(records) > 0 && place[older[len(older)-1]] > place[records[0]] {
				w.broken(parentsFirst, "shard %s was read before its parent %s had ended", shard, parent)
			}
		}
	}
	if len(place) > total {
		w.broken(nothingOld, "%d records from before the start were delivered", len(place)-total)
	}
	w.Count("records", total)
	w.Count("deliveries", len(w.got.seen()))
}

// since returns the records of a shard that arrived after the start.
func (w *world) since(shard string) []string { return w.stream.data(shard)[w.before[shard]:] }

func (w *world) broken(p modelkit.Promise, format string, args ...any) {
	w.T.Helper()
	format += " (%s, clock %v ahead, dateless %v, checkpoints %v)"
	w.Broken(p, format, append(args, w.service.name, w.stream.clock, w.stream.dateless, w.store.streams)...)
}
