package main

import (
	"fmt"
	"io"
	"strings"
	"testing"
	"unicode/utf8"

	"github.com/google/go-cmp/cmp"
	"github.com/jedib0t/go-pretty/v6/table"

	"fanout/cmd/fanout/internal/doctor"
)

var someFindings = []doctor.Finding{
	{Check: "function", Subject: "fanout", Status: doctor.OK, Text: "active, for arm64"},
	{Check: "iterator age", Subject: "fanout", Status: doctor.Unknown, Text: "not checked: no right to call CloudWatch GetMetricStatistics"},
	{Check: "policy", Subject: "fanoutRole", Status: doctor.Error, Text: "the role lacks sqs:SendMessage on arn:aws:sqs:eu-west-1:123456789012:orders", Do: "run fanout deploy"},
	{Check: "policy", Subject: "fanoutRole", Status: doctor.Error, Text: "the role lacks sts:AssumeRole on arn:aws:iam::210987654321:role/receiver", Do: "run fanout deploy"},
	{Check: "target", Subject: "kinesis:a-stream-with-a-long-name/and-a-long-id", Status: doctor.Warning, Text: "it is paused", Do: "wait a minute"},
}

// Nothing is cut off where the terminal is narrow.
func TestFindingsFitTheTerminal(t *testing.T) {
	for width, want := range map[int]string{80: at80, 120: at120} {
		w := table.NewWriter()
		w.SetStyle(table.StyleLight)
		w.Style().Size.WidthMax = width
		fold(w, width)
		findingRows(w, io.Discard, someFindings)
		got := "\n" + w.Render() + "\n"
		if diff := cmp.Diff(want, got); diff != "" {
			t.Errorf("%d columns (-want +got):\n%s", width, diff)
		}
		for line := range strings.Lines(got) {
			if n := utf8.RuneCountInString(strings.TrimSuffix(line, "\n")); n > width {
				t.Errorf("%d characters in %d columns: %s", n, width, line)
			}
		}
	}
}

func TestDiagnosis(t *testing.T) {
	r := reportOf(someFindings)
	got := fmt.Sprint(r.OK, r.Warnings, r.Errors, r.NotChecked)
	if want := "1 1 2 1"; got != want {
		t.Errorf("ok, warnings, errors and not checked are %s, want %s", got, want)
	}
	var b strings.Builder
	if err := showDiagnosis(&b, "table", r); err != nil || !strings.HasSuffix(b.String(), "\n1 ok, 1 warning, 2 errors, 1 not checked\n") {
		t.Errorf("%v:\n%s", err, &b)
	}
}

const at80 = `
┌───┬──────────────┬────────────────────┬──────────────────────────────────────┐
│   │ CHECK        │ OF                 │ FINDING                              │
├───┼──────────────┼────────────────────┼──────────────────────────────────────┤
│ ✓ │ function     │ fanout             │ active, for arm64                    │
│ ? │ iterator age │ fanout             │ not checked: no right to call        │
│   │              │                    │ CloudWatch GetMetricStatistics       │
│ ✗ │ policy       │ fanoutRole         │ the role lacks sqs:SendMessage on    │
│   │              │                    │ arn:aws:sqs:eu-west-1:123456789012:o │
│   │              │                    │ rders                                │
│ ✗ │ policy       │ fanoutRole         │ the role lacks sts:AssumeRole on     │
│   │              │                    │ arn:aws:iam::210987654321:role/recei │
│   │              │                    │ ver                                  │
│   │              │                    │ → run fanout deploy                  │
│ ! │ target       │ kinesis:a-stream-w │ it is paused                         │
│   │              │ ith-a-long-name/an │ → wait a minute                      │
│   │              │ d-a-long-id        │                                      │
└───┴──────────────┴────────────────────┴──────────────────────────────────────┘
`

const at120 = `
┌───┬──────────────┬─────────────────────────────────┬─────────────────────────────────────────────────────────────────┐
│   │ CHECK        │ OF                              │ FINDING                                                         │
├───┼──────────────┼─────────────────────────────────┼─────────────────────────────────────────────────────────────────┤
│ ✓ │ function     │ fanout                          │ active, for arm64                                               │
│ ? │ iterator age │ fanout                          │ not checked: no right to call CloudWatch GetMetricStatistics    │
│ ✗ │ policy       │ fanoutRole                      │ the role lacks sqs:SendMessage on                               │
│   │              │                                 │ arn:aws:sqs:eu-west-1:123456789012:orders                       │
│ ✗ │ policy       │ fanoutRole                      │ the role lacks sts:AssumeRole on                                │
│   │              │                                 │ arn:aws:iam::210987654321:role/receiver                         │
│   │              │                                 │ → run fanout deploy                                             │
│ ! │ target       │ kinesis:a-stream-with-a-long-na │ it is paused                                                    │
│   │              │ me/and-a-long-id                │ → wait a minute                                                 │
└───┴──────────────┴─────────────────────────────────┴─────────────────────────────────────────────────────────────────┘
`
