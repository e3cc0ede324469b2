package ledgermodel

import (
	"fanout/internal/testing/functionmodel"
	"fanout/internal/testing/modelkit"
)

// The promises of processes that share a ledger, as docs/models.md states them.
const (
	complete modelkit.Promise = "Every target gets every part of every record, even if the ledger fails or an intruder writes it."
	inOrder  modelkit.Promise = "A target with `parallel: false` gets the parts of a key in order, even if the ledger fails or an intruder writes it."
	latest   modelkit.Promise = "While the ledger works, a target with `parallel: false` keeps the latest part of a key."
	once     modelkit.Promise = "While the ledger works, a part comes again only if the process that sent it crashed, or if the target's answer was lost."
	emptied  modelkit.Promise = "When every batch is done, a ledger that works has no entries, unless a process crashed or an answer was lost."
	done     modelkit.Promise = "No batch needs more than 200 attempts."
)

// Sabotage makes the function, or the services that it trusts, misbehave.
type Sabotage struct {
	Forget    bool // nothing is written to the ledger
	Lie       bool // an entry says that each target has every record that some target has
	Unordered bool // order is not kept
	Keep      bool // entries are never deleted
	Refuse    bool // a target refuses a record again and again
}

// New returns the model of processes that share a ledger.
func New(p functionmodel.Program) *modelkit.Model[Sabotage] {
	return &modelkit.Model[Sabotage]{
		Package: "./lambda", Page: "../docs/models.md", Runs: 300,
		Play:     func(j *modelkit.Judge, d *modelkit.Draw, s Sabotage) { newWorld(j, d, s, p).run() },
		Promises: []modelkit.Promise{complete, inOrder, latest, once, emptied, done},
		Sabotages: []modelkit.Sabotage[Sabotage]{
			{Name: "an entry says more than is true", By: Sabotage{Lie: true}, Breaks: complete},
			{Name: "order is not kept", By: Sabotage{Unordered: true}, Breaks: inOrder},
			{Name: "an older part comes last", By: Sabotage{Unordered: true}, Breaks: latest},
			{Name: "the ledger forgets", By: Sabotage{Forget: true}, Breaks: once},
			{Name: "entries are never deleted", By: Sabotage{Keep: true}, Breaks: emptied},
			{Name: "a target refuses a record again and again", By: Sabotage{Refuse: true}, Breaks: done},
		},
		Occurs: []string{
			"crashes", "lost answers", "bisects", "repeats", "retries", "faults of the ledger", "entries by an intruder", "replays",
		},
	}
}
