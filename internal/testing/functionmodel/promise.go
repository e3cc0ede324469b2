package functionmodel

import (
	"bytes"
	"fmt"
	"time"

	"fanout/internal/testing/modelkit"
	"fanout/lambda/event"
	"fanout/lambda/target"
	"fanout/sinks"
)

// The promises of the function, as docs/models.md states them.
const (
	complete        modelkit.Promise = "Every active target, or its onFailure, gets every record, unless the mapping gives the record up, or the target filters it or drops it as too large."
	counted         modelkit.Promise = "At every target, every record has one fate, and the counts of the report match the fates."
	truthful        modelkit.Promise = "A record counts as delivered only if the target or its onFailure has it, and as failed only if they lack a part of it."
	once            modelkit.Promise = "A part comes again only after a crash, a lost answer or a request that ignored its deadline, or behind an earlier part of its key."
	noneTwice       modelkit.Promise = "A FIFO queue and a state machine with `collapse: none` have no part twice, whatever is lost or crashes. A bucket has one twice only if a batch was cut elsewhere or the function lost its memory, and no object replaces one with other records."
	inOrder         modelkit.Promise = "A target with `parallel: false` gets the records of a key in order, and keeps the latest one."
	requestsInOrder modelkit.Promise = "A target with `parallel: false` and `order: request` gets a record after a later one of its key only if a request carried both, and the service took one and refused the other."
	diverting       modelkit.Promise = "onFailure gets the records that its target rejects or that are too old, and no others."
	referring       modelkit.Promise = "A target with `oversize` set to a bucket gets a reference in place of a record that is too large, and only if the bucket has the record's data."
	isolated        modelkit.Promise = "A target without faults gets every record that its options and limits let through, even while requests of other targets fail or hang."
	inLine          modelkit.Promise = "A target with `parallel: false` gets no record behind an earlier one of its key that a stage failed, or while that key is unknown, of its shard."
	filtering       modelkit.Promise = "A target gets no record that its `filter` does not match, or that its `transform` makes nothing of."
	intact          modelkit.Promise = "Data and envelopes arrive as the options say, and no two items of a table have the same key."
	answered        modelkit.Promise = "The answer names the first record of each batch that some target lacks, or it is an error if it cannot name it."
	onTime          modelkit.Promise = "Every answer comes before its deadline, and no batch needs more than 300 attempts."
)

// Sabotage makes the function, or the services that it trusts, misbehave.
type Sabotage struct {
	Lie               bool // services acknowledge records that they do not have
	Deny              bool // services refuse records that they have
	Unordered         bool // order is not kept
	UnorderedRequests bool // targets with order: request keep no order
	CountTwice        bool // a record is counted twice
	SkipFailed        bool // answers pass over records that failed
	ResendAll         bool // answers name records that all targets have
	NameMore          bool // answers name a second record of a batch
	NameOnlyFirst     bool // answers to events of queues name one message at most
	Forget            bool // the function forgets which targets have which records
	NoFallback        bool // nothing goes to onFailure
	NoStore           bool // nothing goes by reference
	LieStore          bool // buckets acknowledge data that they do not have
	SourceKeys        bool // the attribute key is ignored
	Alter             bool // data gets a newline too many or too few
	OtherView         bool // targets get another part of a change
	Bare              bool // envelopes are left out
	Late              bool // the deadline is overrun
	Unfiltered        bool // filters are not used
	Share             bool // requests of targets wait for each other
	Misplace          bool // aggregates hold records of other shards
	Reverse           bool // aggregates hold their records in the wrong order
	Overtake          bool // targets with a program that fails keep no order
	Untransformed     bool // programs are not used
	FirstResult       bool // programs make one record at most
	Unselective       bool // programs make a record of each
	Swallow           bool // programs make nothing of a record that they fail on
	Spread            bool // programs fail on the neighbors of a record too
	Invent            bool // programs of targets that merge make records that they should not
	Flatten           bool // parts lose their place in their record
	Undecompressed    bool // data is not decompressed
	Uncompressed      bool // data is not compressed
	NewImages         bool // targets get new images, not old ones or keys
	OtherEnvelope     bool // targets get events of CloudEvents, not of Debezium
	Rename            bool // ids of messages, executions and objects change from round to round
	ReplaceObjects    bool // all objects of a shard have the same key
	Restage           bool // envelopes name the wrong stages
}

// New returns the model of the function.
func New(p Program) *modelkit.Model[Sabotage] {
	return &modelkit.Model[Sabotage]{
		Package: "./lambda", Page: "../docs/models.md", Runs: 300,
		Play:     func(j *modelkit.Judge, d *modelkit.Draw, s Sabotage) { newWorld(j, d, s, p).run() },
		Promises: []modelkit.Promise{complete, counted, truthful, once, noneTwice, inOrder, requestsInOrder, inLine, diverting, referring, isolated, filtering, intact, answered, answeredQueue, onTime},
		Sabotages: []modelkit.Sabotage[Sabotage]{
			{Name: "failed records do not come again", By: Sabotage{SkipFailed: true}, Breaks: complete},
			{Name: "a record is counted twice", By: Sabotage{CountTwice: true}, Breaks: counted},
			{Name: "a record counts as delivered that never arrived", By: Sabotage{Lie: true}, Breaks: truthful},
			{Name: "a record counts as failed that arrived", By: Sabotage{Deny: true}, Breaks: truthful},
			{Name: "the function forgets which targets have which records", By: Sabotage{Forget: true}, Breaks: once},
			{Name: "a record that comes again has another id", By: Sabotage{Rename: true}, Breaks: noneTwice},
			{Name: "an object replaces another one", By: Sabotage{ReplaceObjects: true}, Breaks: noneTwice},
			{Name: "order is not kept", By: Sabotage{Unordered: true}, Breaks: inOrder},
			{Name: "the order of requests is not kept", By: Sabotage{UnorderedRequests: true}, Breaks: requestsInOrder},
			{Name: "an aggregate holds records of several shards", By: Sabotage{Misplace: true}, Breaks: truthful},
			{Name: "an aggregate holds its records in the wrong order", By: Sabotage{Reverse: true}, Breaks: inOrder},
			{Name: "onFailure is not used", By: Sabotage{NoFallback: true}, Breaks: diverting},
			{Name: "oversize is not used", By: Sabotage{NoStore: true}, Breaks: referring},
			{Name: "a reference leads to data that is not stored", By: Sabotage{LieStore: true}, Breaks: referring},
			{Name: "requests of a target wait for those of another", By: Sabotage{Share: true}, Breaks: isolated},
			{Name: "filters are not used", By: Sabotage{Unfiltered: true}, Breaks: filtering},
			{Name: "the key of a target is ignored", By: Sabotage{SourceKeys: true}, Breaks: intact},
			{Name: "data is altered", By: Sabotage{Alter: true}, Breaks: intact},
			{Name: "a target gets another view of a change", By: Sabotage{OtherView: true}, Breaks: intact},
			{Name: "records come without their envelope", By: Sabotage{Bare: true}, Breaks: intact},
			{Name: "a target gets a new image in place of another part of a change", By: Sabotage{NewImages: true}, Breaks: intact},
			{Name: "records come in another envelope", By: Sabotage{OtherEnvelope: true}, Breaks: intact},
			{Name: "programs are not used", By: Sabotage{Untransformed: true}, Breaks: intact},
			{Name: "a program makes more records of one than it should", By: Sabotage{Invent: true}, Breaks: intact},
			{Name: "a program makes only the first record of several", By: Sabotage{FirstResult: true}, Breaks: complete},
			{Name: "a record that a program makes nothing of arrives", By: Sabotage{Unselective: true}, Breaks: filtering},
			{Name: "a record that a program fails on counts as filtered", By: Sabotage{Swallow: true}, Breaks: complete},
			{Name: "a program fails on the neighbors of a record", By: Sabotage{Spread: true}, Breaks: isolated},
			{Name: "a record overtakes one that a program fails on", By: Sabotage{Overtake: true}, Breaks: inLine},
			{Name: "results of a program have no place of their own", By: Sabotage{Flatten: true}, Breaks: intact},
			{Name: "an envelope says that stages have run that have not", By: Sabotage{Restage: true}, Breaks: intact},
			{Name: "compressed data arrives as it came", By: Sabotage{Undecompressed: true}, Breaks: intact},
			{Name: "data is sent without compression", By: Sabotage{Uncompressed: true}, Breaks: intact},
			{Name: "an answer passes over a failed record", By: Sabotage{SkipFailed: true}, Breaks: answered},
			{Name: "an answer names a record that all targets have", By: Sabotage{ResendAll: true}, Breaks: answered},
			{Name: "an answer names several records of a batch", By: Sabotage{NameMore: true}, Breaks: answered},
			{Name: "an answer names only the first message of a queue that failed", By: Sabotage{NameOnlyFirst: true}, Breaks: answeredQueue},
			{Name: "an answer names a message of a queue that all targets have", By: Sabotage{ResendAll: true}, Breaks: answeredQueue},
			{Name: "an answer comes too late", By: Sabotage{Late: true}, Breaks: onTime},
		},
		Occurs: []string{
			"aggregates", "reshards", "messages handed out twice", "messages of FIFO queues", "messages of standard queues", "records of Kafka",
			"targets of type " + buses, "targets of type " + machines, "targets of type " + buckets, "targets of type " + servers,
			"crashes", "bisects", "targets with lanes", "targets with order: request", "targets with a key", "records given up", "faults", "references", "faults of stores", "envelopes", "faulty targets",
			"targets with view " + sinks.ViewOld, "targets with view " + sinks.ViewKeys, "targets with view " + sinks.ViewBoth, "targets with view " + sinks.ViewEvent,
			"targets with envelope cloudevents", "targets with envelope debezium", "targets with transform", "targets with decompress", "targets with compress",
			"records delivered", "records already delivered", "records filtered", "records dropped", "records diverted", "records failed",
		},
	}
}

// spoilTargets returns the configuration that the function reads.
func (s *Sabotage) spoilTargets(configuration []target.Loaded) []target.Loaded {
	all := append([]target.Loaded(nil), configuration...)
	for i := range all {
		t := &all[i].Spec
		t.Parallel = t.Parallel || s.Unordered || s.UnorderedRequests && t.OrderRequests
		t.AppendNewlines = t.AppendNewlines != s.Alter
		if s.Unfiltered {
			t.Filter = ""
		}
		if s.SourceKeys {
			t.Key = ""
		}
		t.Parallel = t.Parallel || s.overtakes(t)
		if t.Transform != "" {
			t.Transform = s.spoil(t)
		}
		s.spoilData(t)
		if s.OtherView && t.View != "" {
			t.View = sinks.ViewKeys
		}
		if s.Bare {
			t.Envelope = ""
		}
		if s.NoStore {
			t.OversizeType = nil
		}
		if s.NoFallback {
			t.OnFailure, t.MaxAge = "", 0
		}
	}
	return all
}

// spoilData takes the options away that change the form of data.
func (s *Sabotage) spoilData(t *sinks.Spec) {
	if s.Undecompressed {
		t.Decompress = ""
	}
	if s.Uncompressed {
		t.Compress = ""
	}
	if s.NewImages && (t.View == sinks.ViewOld || t.View == sinks.ViewKeys) {
		t.View = ""
	}
	if s.OtherEnvelope && t.Envelope == sinks.EnvelopeDebezium {
		t.Envelope = sinks.EnvelopeCloudEvents
	}
}

// share makes a request wait for all other requests. It returns a function that ends the request.
func (w *world) share() (end func()) {
	if !w.Share {
		return func() {}
	}
	w.slot <- struct{}{}
	return func() { <-w.slot }
}

// lateness is how far past its deadline the function believes it may run.
func (s *Sabotage) lateness() time.Duration {
	if s.Late {
		return 10 * time.Second
	}
	return 0
}

// spoilAnswer changes the answer to an event, or makes the function forget the event.
func (w *world) spoilAnswer(v *invocation) {
	if w.Forget {
		w.process.Forget()
	}
	if v.err != nil || !w.batchItemFailures {
		return
	}
	switch {
	case w.SkipFailed:
		v.answer = []byte(`{"batchItemFailures":[]}`)
	case w.NameMore:
		last := v.records[len(v.records)-1].itemJSON()
		v.answer = bytes.Replace(v.answer, []byte(`}]}`), fmt.Appendf(nil, `},{"itemIdentifier":%s}]}`, last), 1)
	case w.ResendAll && v.readers[0].failed < maxAttempts/3: // so that the world ends
		v.answer = fmt.Appendf(nil, `{"batchItemFailures":[{"itemIdentifier":%s}]}`, v.records[0].itemJSON())
	case w.NameOnlyFirst && v.records[0].source.kind == event.SQS:
		v.answer = nameOnlyFirst(v.answer)
	}
}
