package watch

import (
	"bytes"
	"context"
	"errors"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"fanout/internal/cli/ui"
	"fanout/internal/provision/status"
	"fanout/internal/testing/clitest"
)

// sample is a function with one of everything.
func sample() *status.Snapshot {
	at := time.Date(2026, 11, 30, 3, 0, 0, 0, time.UTC)
	records := 1_204_500
	return &status.Snapshot{
		Function: "orders", Region: "eu-west-1", At: at, Period: 900,
		Verdict: status.Verdict{State: status.Failing, Text: "target kinesis:orders/billing: 12 records failed in the last 15m: sqs billing: the queue does not exist: create it, or correct the destination", Do: "run fanout doctor --function orders"},
		Problems: []status.Problem{
			{State: status.Failing, Subject: "target kinesis:orders/billing"},
			{State: status.Attention, Subject: "source dynamodb:customers", Text: "it is paused", Do: "run fanout resume --function orders --source-arn arn:aws:dynamodb:eu-west-1:123456789012:table/customers/stream/2026-01-31T12:34:56.789"},
		},
		Calls: &status.Calls{Invocations: 60, Errors: 1},
		Sources: []status.Source{
			{
				Name: "kinesis:orders-of-all-customers", Records: &records, Mapping: &status.Mapping{State: "Enabled", Result: "PROBLEM: Function call failed"}, Age: &status.Age{Last: 83, Most: 3725},
				Targets: []status.Target{
					{ID: "archive", Type: "firehose", Condition: status.OK, Counts: &status.Counts{Delivered: 1_204_500}},
					{ID: "billing", Type: "sqs", Condition: status.Fails, Counts: &status.Counts{Delivered: 1_204_400, Filtered: 88, Failed: 12}, LastError: &status.Failure{
						At: at.Add(-95 * time.Second), Error: "sqs billing: the queue does not exist: create it, or correct the destination", Class: "permanent", Records: 12,
					}},
					{ID: "failures", Type: "sqs", Condition: status.Inactive},
				},
			},
			{Name: "sns:alerts", Topic: true},
			{Name: "kinesis:unread", Unread: true},
			{Name: "sns:deaf", Topic: true, Unsubscribed: true},
		},
		Unknown: []status.Unknown{{What: "mappings", Why: "needs lambda:ListEventSourceMappings"}},
	}
}

func TestStatusTable(t *testing.T) {
	for name, write := range map[string]func(p *printer){
		"sources": func(p *printer) { p.sources(sample()) },
		"queue": func(p *printer) {
			s, waiting := sample(), 901
			s.Sources = append(s.Sources[:1], status.Source{Name: "sqs:jobs", Mapping: &status.Mapping{State: "Enabled"}, Waiting: &waiting})
			p.sources(s)
		},
		"targets": func(p *printer) { p.targets(sample()) },
		"target": func(p *printer) {
			s := sample()
			s.Sources = s.Sources[:1]
			s.Sources[0].Targets[0].Counts.Already = 3
			p.targets(s)
		},
	} {
		clitest.CheckTable(t, name, func(w *bytes.Buffer) { write(&printer{w, w, 80}) })
	}
	t.Setenv("COLUMNS", "100")
	var w bytes.Buffer
	w.WriteString(page(&w, sample()))
	clitest.CheckGolden(t, "testdata/status.txt", w.String())
}

func TestStatusIsHarmless(t *testing.T) {
	s := sample()
	s.Verdict.Text, s.Verdict.Do, s.Sources[0].Name, s.Sources[0].Targets[1].LastError.Error = clitest.Forged, clitest.Forged, clitest.Forged, clitest.Forged
	s.Sources[0].Mapping.Result, s.Unknown[0].Why = clitest.Forged, clitest.Forged
	clitest.CheckHarmless(t, map[string]func(w *bytes.Buffer){"status": func(w *bytes.Buffer) { w.WriteString(page(w, s)) }})
}

// The exit status says whether somebody must act.
func TestStatusEnds(t *testing.T) {
	for state, ill := range map[status.State]bool{status.Healthy: false, status.Attention: false, status.Late: true, status.Failing: true, status.Unclear: true} {
		for _, output := range ui.OutputForms {
			var b bytes.Buffer
			s := sample()
			s.Verdict.State = state
			v := viewer{out: &b, output: output, read: func(context.Context) (*status.Snapshot, error) { return s, nil }}
			if err := v.once(t.Context()); (err != nil) != ill || ill && !errors.Is(err, ui.ErrReported) || !strings.Contains(b.String(), string(state)) {
				t.Errorf("%s as %s: %v\n%s", state, output, err, &b)
			}
		}
	}
}

// Watching goes on when a reading fails, except the first, and ends with the last one.
func TestStatusFollows(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		ctx, cancel := context.WithTimeout(t.Context(), 95*time.Second)
		defer cancel()
		var b bytes.Buffer
		n := 0
		v := viewer{out: &b, output: "table", read: func(context.Context) (*status.Snapshot, error) {
			if n++; n == 2 {
				return nil, errors.New("no answer")
			}
			s := sample()
			s.At = time.Now()
			s.Verdict = status.Verdict{State: status.Healthy, Text: strings.Repeat("i", n)}
			return s, nil
		}}
		if err := v.follow(ctx, 30*time.Second); err != nil {
			t.Error(err)
		}
		var got []string
		for line := range strings.Lines(b.String()) {
			if strings.HasPrefix(line, "✓") || strings.Contains(line, "not read since") {
				got = append(got, strings.TrimSpace(line))
			}
		}
		want := []string{"✓ healthy: i", "✓ healthy: i", "; not read since: no answer", "✓ healthy: iii", "✓ healthy: iiii"}
		for i := range max(len(got), len(want)) {
			if i >= len(got) || i >= len(want) || !strings.HasSuffix(got[i], want[i]) {
				t.Fatalf("got %q, want %q", got, want)
			}
		}
	})
	// Each report is there once, and the last one is the exit status.
	for _, output := range ui.OutputForms {
		synctest.Test(t, func(t *testing.T) {
			ctx, cancel := context.WithTimeout(t.Context(), 45*time.Second)
			defer cancel()
			var b bytes.Buffer
			v := viewer{out: &b, output: output, read: func(context.Context) (*status.Snapshot, error) { return sample(), nil }}
			err := v.follow(ctx, 30*time.Second)
			if n := strings.Count(b.String(), "12 records failed"); n != 2 || !errors.Is(err, ui.ErrReported) {
				t.Errorf("%s: %d reports of 2, %v", output, n, err)
			}
		})
	}
	v := viewer{read: func(context.Context) (*status.Snapshot, error) { return nil, errors.New("no answer") }}
	if err := v.follow(t.Context(), time.Second); err == nil || err.Error() != "no answer" {
		t.Error(err)
	}
}
