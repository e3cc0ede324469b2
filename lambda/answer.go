package lambda

import (
	"encoding/json"
	"errors"
	"fmt"
	"strings"

	"fanout/lambda/event"
)

// answer is what Lambda's event source mapping reads when the function reports
// batch item failures (AWS Lambda developer guide, Reporting batch item failures).
type answer struct {
	BatchItemFailures []itemFailure `json:"batchItemFailures"`
}

type itemFailure struct {
	ItemIdentifier string `json:"itemIdentifier"`
}

// respond turns results into the function's answer. With report, failed records
// of streams are named: of each shard the lowest sequence number, from which
// Lambda sends the shard again. Failures that cannot be named, and without report
// all failures, make the answer an error, so that Lambda sends the whole event
// again.
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
		if r.Kind == event.SNS {
			return nil, failure(results)
		}
		lowest, ok := r.lowestFailed()
		if !ok {
			return nil, failure(results)
		}
		for _, seq := range lowest {
			a.BatchItemFailures = append(a.BatchItemFailures, itemFailure{seq})
		}
	}
	return json.Marshal(a)
}

// lowestFailed returns the lowest failed sequence number of each lane, in order of
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

// failure returns an error that tells what failed, or nil if nothing did.
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
