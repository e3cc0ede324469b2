package lambda

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"strings"
	"time"

	"go.uber.org/zap"
	"go.uber.org/zap/zapcore"

	"fanout/engine"
	"fanout/lambda/dedup"
	"fanout/lambda/event"
	"fanout/lambda/metrics"
	"fanout/sinks"
)

// Result is the outcome of the records of one source in an event.
type Result struct {
	SourceARN string
	Kind      event.Kind
	Targets   []sinks.Spec // in the order of the report
	Report    *engine.Report

	records []engine.Record
	faulty  map[string]bool // by id: targets with a faulty configuration
	diverts map[string]bool // by id: as in plan
	attempt dedup.Attempt
	batch   *dedup.Batch // of attempt

	messages []event.Message // of records, if the source is SQS
}

// Records is the number of records that came from the source.
func (r *Result) Records() int { return len(r.records) }

// tried reports whether the result says anything about targets. If a table is empty by
// accident, no target is forgotten.
func (r *Result) tried() bool {
	return r.Report != nil && (len(r.Targets) != 1 || r.Targets[0].ID != NoTarget)
}

// answer is the response that Lambda's event source mapping reads when the function reports
// batch item failures (AWS Lambda developer guide, Reporting batch item failures).
type answer struct {
	BatchItemFailures []itemFailure `json:"batchItemFailures"`
}

type itemFailure struct {
	ItemIdentifier any `json:"itemIdentifier"` // a string or a kafkaItem
}

// respond turns results into the function's answer. With report set, the answer names
// failures. Of a stream it names the lowest failed sequence number of each shard, and Lambda
// resends the shard from there. Of a queue, and of a topic of Kafka, it names each record that
// Lambda must resend.
// Failures that cannot be named, and all failures without report, make the answer an error,
// so Lambda resends the whole event.
func respond(results []Result, report bool) ([]byte, error) {
	if !report {
		return []byte("null"), failure(results)
	}
	a := answer{BatchItemFailures: []itemFailure{}}
	for i := range results {
		r := &results[i]
		if r.Report.OK() {
			continue
		}
		items, ok := r.failedItems()
		if !ok {
			return nil, failure(results)
		}
		a.BatchItemFailures = append(a.BatchItemFailures, items...)
	}
	return json.Marshal(a)
}

// failedItems returns the identifiers that name the failed records to Lambda. It reports
// false if they cannot be named.
func (r *Result) failedItems() (items []itemFailure, ok bool) {
	var names []string
	switch r.Kind {
	case event.SNS:
		return nil, false
	case event.Kafka:
		return r.failedOffsets()
	case event.SQS:
		names, ok = r.failedMessages()
	case event.Kinesis, event.DynamoDB:
		names, ok = r.lowestFailed()
	}
	for _, name := range names {
		items = append(items, itemFailure{name})
	}
	return items, ok
}

// kafkaItem names a record of Kafka.
type kafkaItem struct {
	Partition string      `json:"partition"` // with the topic, as in the event
	Offset    json.Number `json:"offset"`
}

// failedOffsets names all failed records of a topic, because Lambda retries just those (Lambda
// guide, Configuring error handling controls for Kafka event sources). It reports false if one
// of them has no offset.
func (r *Result) failedOffsets() (items []itemFailure, ok bool) {
	for i := range r.records {
		if !r.Report.Failed(i) {
			continue
		}
		offset := event.Number(r.records[i].Seq)
		if offset == "" {
			return nil, false
		}
		items = append(items, itemFailure{kafkaItem{r.records[i].Lane, json.Number(offset)}})
	}
	return items, true
}

// failedMessages returns the ids of the failed messages. In a FIFO queue these are also all
// messages behind a failed one of the group: if Lambda deleted them, they would never come
// in order again (Lambda guide, Implementing partial batch responses). It reports false if
// one of them has no id.
func (r *Result) failedMessages() (ids []string, ok bool) {
	fifo, named, blocked := event.IsFIFO(r.SourceARN), make(map[string]bool), make(map[string]bool)
	for i := range r.records {
		group := r.records[i].Lane
		if !r.Report.Failed(i) && (!fifo || !blocked[group]) {
			continue
		}
		blocked[group] = true
		id := r.messages[i].ID
		if id == "" {
			return nil, false
		}
		if !named[id] { // a standard queue may hand out a message twice
			named[id] = true
			ids = append(ids, id)
		}
	}
	return ids, true
}

// deletable returns which messages Lambda deletes although it resends others. It returns nil
// if there are none.
func (r *Result) deletable() []bool {
	if r.Kind != event.SQS {
		return nil
	}
	ids, ok := r.failedMessages()
	if !ok {
		return nil
	}
	returned := make(map[string]bool, len(ids))
	for _, id := range ids {
		returned[id] = true
	}
	done := make([]bool, len(r.records))
	for i := range done {
		done[i] = !returned[r.messages[i].ID]
	}
	return done
}

// lowestFailed returns the lowest failed sequence number of each lane, in order of first
// appearance. It reports false if a failed record has no sequence number.
func (r *Result) lowestFailed() (seqs []string, ok bool) {
	lane := make(map[string]int)
	for i := range r.records {
		if !r.Report.Failed(i) {
			continue
		}
		rec := &r.records[i]
		seq := event.Number(rec.Seq)
		if seq == "" {
			return nil, false
		}
		if k, seen := lane[rec.Lane]; !seen {
			lane[rec.Lane] = len(seqs)
			seqs = append(seqs, seq)
		} else if event.Before(seq, seqs[k]) {
			seqs[k] = seq
		}
	}
	return seqs, true
}

// failure returns an error that describes the failures, or nil if nothing failed.
func failure(results []Result) error {
	var faults []string
	for i := range results {
		r := &results[i]
		for _, t := range r.Report.Targets {
			if t.Failed == 0 {
				continue
			}
			why := ""
			if len(t.Failures) > 0 {
				why = ": " + t.Failures[0].Err.Error()
			}
			faults = append(faults, fmt.Sprintf("%d of %d records failed at target %q%s",
				t.Failed, r.Records(), t.ID, why))
		}
	}
	if faults == nil {
		return nil
	}
	return errors.New(strings.Join(faults, "; "))
}

// logReport writes one line for each target.
func (h *Handler) logReport(ctx context.Context, r *Result) {
	for i := range r.Report.Targets {
		t := &r.Report.Targets[i]
		level, message := zapcore.InfoLevel, "delivered"
		switch {
		case t.Failed > 0:
			level, message = zapcore.ErrorLevel, "records failed"
		case t.Diverted > 0:
			level, message = zapcore.ErrorLevel, "records went to onFailure"
		case t.Already > 0 && t.Delivered == 0:
			message = "already delivered"
		}
		entry := h.log.Check(level, message)
		if entry == nil {
			continue
		}
		referenced := zap.Skip()
		if t.Referenced > 0 {
			referenced = zap.Int("referenced", t.Referenced)
		}
		entry.Write(requestID(ctx),
			zap.String("target", t.ID), zap.String("type", r.Targets[i].Type.String()), zap.String("source", r.SourceARN),
			zap.Int("delivered", t.Delivered), zap.Int("already", t.Already), zap.Int("filtered", t.Filtered), zap.Int("dropped", t.Dropped), zap.Int("diverted", t.Diverted), zap.Int("failed", t.Failed),
			zap.Int("requests", t.Requests), zap.Int("retries", t.Retries), zap.Int("throttled", t.Throttled),
			referenced, zap.Int64("bytes", t.Bytes), zap.Duration("took", t.Took),
			zap.Array("failures", failures{t.Failures, func(f *engine.Failure) string { return r.remedy(i, f) }}),
		)
	}
}

// failures logs the reasons of a target's failures.
type failures struct {
	reasons []engine.Failure
	remedy  func(*engine.Failure) string
}

// MarshalLogArray implements zapcore.ArrayMarshaler.
func (fs failures) MarshalLogArray(enc zapcore.ArrayEncoder) error {
	for i := range fs.reasons {
		f := &fs.reasons[i]
		err := enc.AppendObject(zapcore.ObjectMarshalerFunc(func(o zapcore.ObjectEncoder) error {
			o.AddString("error", f.Err.Error())
			o.AddString("class", engine.ClassOf(f.Err).String())
			o.AddInt("records", f.Count)
			o.AddBool("diverted", f.Diverted)
			o.AddString("shard", f.Lane)
			o.AddString("sequence", f.Seq)
			if remedy := fs.remedy(f); remedy != "" {
				o.AddString("remedy", remedy)
			}
			return nil
		}))
		if err != nil {
			return err
		}
	}
	return nil
}

// remedy suggests a setting so that records that target t can never take do not hold up
// later records. It returns "" if there is no such setting.
func (r *Result) remedy(t int, f *engine.Failure) string {
	if f.Diverted || r.faulty[r.Targets[t].ID] || r.Targets[t].OnFailure != "" || r.diverts[r.Targets[t].ID] {
		return ""
	}
	switch engine.ClassOf(f.Err) {
	case engine.TooLarge:
		store := ""
		if typ := r.Targets[t].Type; typ != nil && typ.TakesReferences() {
			store = "the URL of a bucket, or to "
		}
		return "Lambda sends the record again until it expires; set onFailure to a target that takes such records, or set oversize to " + store + "drop"
	case engine.Refused, engine.Permanent:
		return "Lambda sends the record again until it expires; set onFailure to a target that takes such records"
	case engine.Retryable, engine.Throttled:
	}
	return ""
}

// measure passes the counts of an event to the metrics.
func (h *Handler) measure(ctx context.Context, at time.Time, results []Result) {
	if h.options.Metrics == metrics.ModeNone {
		return
	}
	inv := metrics.Invocation{Function: h.options.FunctionName, At: at}
	for i := range results {
		r := &results[i]
		source := metrics.Source{ARN: r.SourceARN, Records: r.Records(), Oldest: oldest(r.records)}
		if r.Report != nil {
			for t := range r.Report.Targets {
				source.Targets = append(source.Targets, counts(&r.Report.Targets[t], r.Targets[t].Destination.String()))
			}
		}
		inv.Sources = append(inv.Sources, source)
	}
	if err := h.metrics.Publish(ctx, inv); err != nil {
		h.log.Warn("metrics", requestID(ctx), zap.Error(err))
	}
}

// oldest returns the arrival time at the source of the oldest record, or zero if unknown.
func oldest(recs []engine.Record) time.Time {
	first := int64(0)
	for i := range recs {
		if a := recs[i].Arrived; a > 0 && (first == 0 || a < first) {
			first = a
		}
	}
	if first == 0 {
		return time.Time{}
	}
	return time.UnixMilli(first)
}

func counts(t *engine.TargetReport, destination string) metrics.Target {
	return metrics.Target{
		ID: t.ID, Destination: destination,
		Delivered: t.Delivered, Already: t.Already, Filtered: t.Filtered, Dropped: t.Dropped, Diverted: t.Diverted, Failed: t.Failed,
		Requests: t.Requests, Retries: t.Retries, Throttled: t.Throttled, Bytes: t.Bytes, Took: t.Took, Referenced: t.Referenced,
	}
}

// AtExit returns a function that sends pending metrics, or nil if metrics are never
// pending.
func (h *Handler) AtExit() func(ctx context.Context) error {
	if h.options.Metrics != metrics.ModeCloudWatch {
		return nil
	}
	return h.metrics.Flush
}
