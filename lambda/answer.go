package lambda

import (
	"encoding/json"
	"errors"
	"fmt"
	"strings"

	"fanout/lambda/event"
)

// answer is the response that Lambda's event source mapping reads when the function reports
// batch item failures (AWS Lambda developer guide, Reporting batch item failures).
type answer struct {
	BatchItemFailures []itemFailure `json:"batchItemFailures"`
}

type itemFailure struct {
	ItemIdentifier string `json:"itemIdentifier"`
}

// respond turns results into the function's answer. With report set, the answer names the
// failed records of streams: for each shard it gives the lowest failed sequence number, and
// Lambda resends the shard from there. Failures that cannot be named, and all failures
// without report, make the answer an error, so Lambda resends the whole event.
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
