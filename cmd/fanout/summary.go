package main

import (
	"encoding/json"
	"fmt"
	"io"
	"slices"
	"sync"
	"time"

	"github.com/jedib0t/go-pretty/v6/table"
	"github.com/jedib0t/go-pretty/v6/text"
	"github.com/spf13/cobra"

	"fanout/engine"
	"fanout/lambda"
)

// summary adds up the results of a run, by source and target.
type summary struct {
	mu      sync.Mutex
	records int
	targets []*row
	last    []lambda.Result
}

// row is the sum of what became of records at one target.
type row struct {
	Source       string   `json:"source"`
	ID           string   `json:"target"`
	Type         string   `json:"type"`
	Destination  string   `json:"destination"`
	Delivered    int      `json:"delivered"`
	Dropped      int      `json:"dropped"`
	Failed       int      `json:"failed"`
	Requests     int      `json:"requests"`
	Retries      int      `json:"retries"`
	Throttled    int      `json:"throttled"`
	Bytes        int64    `json:"bytes"`
	Milliseconds int64    `json:"milliseconds"`
	Reasons      []reason `json:"reasons,omitempty"`
}

// reason is one reason for which records failed, and the first of them.
type reason struct {
	Error    string `json:"error"`
	Count    int    `json:"count"`
	Shard    string `json:"shard,omitempty"`
	Sequence string `json:"sequence,omitempty"`
}

func newSummary() *summary { return &summary{} }

// add books the results of one invocation.
func (s *summary) add(results []lambda.Result) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.last = results
	for i := range results {
		r := &results[i]
		s.records += r.Records()
		for k := range r.Report.Targets {
			t := &r.Report.Targets[k]
			row := s.row(r.SourceARN, t.ID)
			row.Type, row.Destination = string(r.Targets[k].Type), r.Targets[k].Destination.String()
			row.add(t)
		}
	}
}

func (s *summary) row(source, id string) *row {
	i := slices.IndexFunc(s.targets, func(r *row) bool { return r.Source == source && r.ID == id })
	if i < 0 {
		i = len(s.targets)
		s.targets = append(s.targets, &row{Source: source, ID: id})
	}
	return s.targets[i]
}

func (r *row) add(t *engine.TargetReport) {
	r.Delivered += t.Delivered
	r.Dropped += t.Dropped
	r.Failed += t.Failed
	r.Requests += t.Requests
	r.Retries += t.Retries
	r.Throttled += t.Throttled
	r.Bytes += t.Bytes
	r.Milliseconds += t.Took.Milliseconds()
	for _, f := range t.Failures {
		why := f.Err.Error()
		if i := slices.IndexFunc(r.Reasons, func(r reason) bool { return r.Error == why }); i >= 0 {
			r.Reasons[i].Count += f.Count
		} else if len(r.Reasons) < maxReasons {
			r.Reasons = append(r.Reasons, reason{Error: why, Count: f.Count, Shard: f.Lane, Sequence: f.Seq})
		}
	}
}

// maxReasons bounds the reasons that are kept for a target.
const maxReasons = 5

// rows returns a copy of the rows.
func (s *summary) rows() []row {
	s.mu.Lock()
	defer s.mu.Unlock()
	rows := make([]row, len(s.targets))
	for i, r := range s.targets {
		rows[i] = *r
		rows[i].Reasons = slices.Clone(r.Reasons)
	}
	return rows
}

// anyLeft reports whether something was not delivered. What failed while polling
// was handed over again, so there the last invocation tells.
func (s *summary) anyLeft(polling bool) bool {
	if polling {
		s.mu.Lock()
		defer s.mu.Unlock()
		return slices.ContainsFunc(s.last, func(r lambda.Result) bool { return !r.Report.OK() })
	}
	return slices.ContainsFunc(s.rows(), func(r row) bool { return r.Failed > 0 })
}

// print writes the table to standard error and, for json, the report to standard
// output.
func (s *summary) print(cmd *cobra.Command, output string) error {
	rows := s.rows()
	printTable(cmd.ErrOrStderr(), s.records, rows)
	if output != "json" {
		return nil
	}
	enc := json.NewEncoder(cmd.OutOrStdout())
	enc.SetIndent("", "  ")
	enc.SetEscapeHTML(false)
	return enc.Encode(struct {
		Records int   `json:"records"`
		Targets []row `json:"targets"`
	}{s.records, rows})
}

func printTable(w io.Writer, records int, rows []row) {
	if len(rows) == 0 {
		fmt.Fprintf(w, "%d records, and no active target for their source\n", records)
		return
	}
	t := table.NewWriter()
	t.SetStyle(table.StyleLight)
	t.AppendHeader(table.Row{"target", "type", "delivered", "dropped", "failed", "requests", "retries", "bytes", "time"})
	var numbers []table.ColumnConfig
	for i := 3; i <= 9; i++ {
		numbers = append(numbers, table.ColumnConfig{Number: i, Align: text.AlignRight, AlignHeader: text.AlignRight})
	}
	t.SetColumnConfigs(numbers)
	for _, r := range rows {
		t.AppendRow(table.Row{r.ID, r.Type, r.Delivered, r.Dropped, r.Failed, r.Requests, r.Retries, r.Bytes,
			time.Duration(r.Milliseconds) * time.Millisecond})
	}
	fmt.Fprintln(w, t.Render())
	for _, r := range rows {
		for _, why := range r.Reasons {
			fmt.Fprintf(w, "%s: %d failed: %s%s\n", r.ID, why.Count, why.Error, first(why))
		}
	}
}

// first tells where the first record with a reason is.
func first(r reason) string {
	if r.Sequence == "" {
		return ""
	}
	return fmt.Sprintf(" (first: %s of %s)", r.Sequence, r.Shard)
}
