package dynamodb

import (
	"testing"

	"fanout/internal/testing/modelkit"
)

// The promises of a copy of a table, as docs/models.md states them.
const (
	equal   modelkit.Promise = "When all changes are delivered, the copy has the items of the source, and beside them only tombstones."
	forward modelkit.Promise = "No item of the copy goes back to an earlier change, whatever comes late, again, or several times at once."
	done    modelkit.Promise = "No batch of changes needs more than 200 attempts."
)

// sabotage makes the sink or the table misbehave.
type sabotage struct {
	unconditional bool // the table ignores conditions
	noTombstones  bool // removed items leave nothing
	superseded    bool // a condition that fails is an error
	unordered     bool // all changes have the same position
	forgets       bool // a removal is acknowledged and has no effect
}

var model = modelkit.Model[sabotage]{
	Package: "./sinks/dynamodb", Page: "../../docs/models.md", Runs: 300,
	Play:     func(j *modelkit.Judge, d *modelkit.Draw, s sabotage) { newWorld(j, d, s).run() },
	Promises: []modelkit.Promise{equal, forward, done},
	Sabotages: []modelkit.Sabotage[sabotage]{
		{Name: "the condition is left out", By: sabotage{unconditional: true}, Breaks: equal},
		{Name: "a removal is not carried out", By: sabotage{forgets: true}, Breaks: equal},
		{Name: "all positions are equal", By: sabotage{unordered: true}, Breaks: forward},
		{Name: "removed items leave no tombstones", By: sabotage{noTombstones: true}, Breaks: forward},
		{Name: "a condition that fails is an error", By: sabotage{superseded: true}, Breaks: done},
	},
	Occurs: []string{
		"changes", "removals", "crashes", "lost answers", "late requests", "batches sent twice", "retries", "splits", "letters", "superseded writes",
	},
}

func TestModel(t *testing.T)        { model.Check(t) }
func TestModelNotices(t *testing.T) { model.CheckNotices(t) }
