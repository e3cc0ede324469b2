package run

import (
	"io"
	"slices"
	"sync"
	"time"

	"fanout/engine"
	"fanout/internal/redrive"
	"fanout/lambda"
)

// Summary adds up the results of a run, by source and target. It is safe for concurrent
// use.
type Summary struct {
	News io.Writer // for each new reason, at once; nil: none; TellLate sets it

	Where func(sequence string) string // the file and line of a record; nil or "": none

	faulty     bool            // a target of the stream is faulty, active or not
	retried    bool            // batches were retried
	settled    bool            // all records that failed were settled by a later try
	Unreadable int             // messages or lines that are not envelopes
	Messages   *redrive.Counts // nil: no queue

	mu      sync.Mutex
	Events  int
	records int
	targets []*row
}

// row is the sum of the results at one target.
type row struct {
	Source       string   `json:"source"`
	ID           string   `json:"target"`
	Type         string   `json:"type"`
	Destination  string   `json:"destination"`
	Delivered    int      `json:"delivered"`
	Already      int      `json:"already"` // delivered by an earlier attempt, so not sent again
	Filtered     int      `json:"filtered"`
	Dropped      int      `json:"dropped"`
	Diverted     int      `json:"diverted"`
	Failed       int      `json:"failed"`
	Requests     int      `json:"requests"`
	Retries      int      `json:"retries"`
	Throttled    int      `json:"throttled"`
	Referenced   int      `json:"referenced,omitempty"` // delivered by reference
	Bytes        int64    `json:"bytes"`
	Milliseconds int64    `json:"milliseconds"`
	Reasons      []reason `json:"reasons,omitempty"`

	took time.Duration
}

// reason is one reason of failures, with the first record that failed.
type reason struct {
	Error    string `json:"error"`
	Count    int    `json:"count"`              // number of records, after the target's stages
	Diverted bool   `json:"diverted,omitempty"` // the target of onFailure took them
	Line     string `json:"line,omitempty"`     // file and number, of records that are lines
	Shard    string `json:"shard,omitempty"`
	Sequence string `json:"sequence,omitempty"`

	told bool // it was in the news
}

// Add adds the results of one event.
func (s *Summary) Add(results []lambda.Result) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.Events++
	for i := range results {
		r := &results[i]
		s.records += r.Records()
		for k := range r.Report.Targets {
			t := &r.Report.Targets[k]
			row := s.row(r.SourceARN, t.ID)
			row.Type, row.Destination = r.Targets[k].Type.String(), r.Targets[k].Destination.String()
			row.add(t)
			s.explain(row, t.Failures)
		}
	}
}

// Expect adds the row of a target after all earlier ones.
func (s *Summary) Expect(source, id string) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.row(source, id)
}

func (s *Summary) row(source, id string) *row {
	i := slices.IndexFunc(s.targets, func(r *row) bool { return r.Source == source && r.ID == id })
	if i < 0 {
		i = len(s.targets)
		s.targets = append(s.targets, &row{Source: source, ID: id})
	}
	return s.targets[i]
}

func (r *row) add(t *engine.TargetReport) {
	r.Delivered += t.Delivered
	r.Already += t.Already
	r.Filtered += t.Filtered
	r.Dropped += t.Dropped
	r.Diverted += t.Diverted
	r.Failed += t.Failed
	r.Requests += t.Requests
	r.Retries += t.Retries
	r.Throttled += t.Throttled
	r.Referenced += t.Referenced
	r.Bytes += t.Bytes
	r.took += t.Took
	r.Milliseconds = r.took.Milliseconds()
}

// patience is how long a run lasts before its news begin. The output of a shorter one has each
// reason once, below the table.
const patience = 5 * time.Second

// TellLate makes w the news once the run has lasted a while, beginning with the reasons so far.
// Call stop at the end of the run.
func (s *Summary) TellLate(w io.Writer) (stop func() bool) {
	return time.AfterFunc(patience, func() {
		s.mu.Lock()
		defer s.mu.Unlock()
		s.News = w
		for _, r := range s.targets {
			for i := range r.Reasons {
				r.Reasons[i].tell(w, r.ID)
			}
		}
	}).Stop
}

// tell prints the reason as news.
func (r *reason) tell(w io.Writer, target string) {
	r.print(w, target)
	r.told = true
}

// maxReasons bounds the reasons that are kept for a target.
const maxReasons = 5

// explain records why records failed at the target of r.
func (s *Summary) explain(r *row, failures []engine.Failure) {
	for _, f := range failures {
		why := f.Err.Error()
		if i := slices.IndexFunc(r.Reasons, func(r reason) bool { return r.Error == why && r.Diverted == f.Diverted }); i >= 0 {
			r.Reasons[i].Count += f.Count
			continue
		}
		if len(r.Reasons) == maxReasons {
			continue
		}
		first := reason{Error: why, Count: f.Count, Diverted: f.Diverted, Shard: f.Lane, Sequence: f.Seq}
		if s.Where != nil {
			first.Line = s.Where(f.Seq)
		}
		r.Reasons = append(r.Reasons, first)
		if s.News != nil {
			r.Reasons[len(r.Reasons)-1].tell(s.News, r.ID)
		}
	}
}

// AnyFailed reports whether some records were not delivered.
func (s *Summary) AnyFailed() bool {
	_, rows := s.snapshot()
	return slices.ContainsFunc(rows, func(r row) bool { return r.Failed > 0 })
}

// undelivered reports whether some records were not delivered in the end.
func (s *Summary) undelivered() bool {
	return s.AnyFailed() && (!s.retried || !s.settled)
}

// Total returns the sum of the results at all targets.
func (s *Summary) Total() (t engine.TargetReport) {
	_, rows := s.snapshot()
	for _, r := range rows {
		t.Delivered += r.Delivered
		t.Filtered += r.Filtered
		t.Dropped += r.Dropped
		t.Failed += r.Failed
		t.Diverted += r.Diverted
	}
	return t
}

// snapshot returns the number of records handed over, and a copy of the rows.
func (s *Summary) snapshot() (records int, rows []row) {
	s.mu.Lock()
	defer s.mu.Unlock()
	rows = make([]row, len(s.targets))
	for i, r := range s.targets {
		rows[i] = *r
		rows[i].Reasons = slices.Clone(r.Reasons)
	}
	return s.records, rows
}
