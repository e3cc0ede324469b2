package tune

import (
	"bytes"
	"context"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"fanout/internal/testing/clitest"
)

// The table of a report, with every kind of row.
func TestTuningTable(t *testing.T) {
	r := sampleReport()
	var b bytes.Buffer
	if err := showTuning(&b, "table", r); err != nil {
		t.Fatal(err)
	}
	want := `
┌─────────────┬───────┬────────┬────────┬───────────┬────────┬────────────┬───────────────┬────────────┬─────────┬─────────┬────────────┬─────────┬──────────┐
│             │ BATCH │ WINDOW │ FACTOR │ IN FLIGHT │ MEMORY │   COLLAPSE │ MAX RECORDS/S │        USE │ LAG P50 │ LAG P99 │ REQUESTS/S │ $/MONTH │ GOAL     │
├─────────────┼───────┼────────┼────────┼───────────┼────────┼────────────┼───────────────┼────────────┼─────────┼─────────┼────────────┼─────────┼──────────┤
│ recommended │  1000 │     0s │      1 │         8 │ 128 MB │ configured │        49,344 │       41 % │  623 ms │  1.13 s │       28.1 │  $2,253 │ ✓        │
├─────────────┼───────┼────────┼────────┼───────────┼────────┼────────────┼───────────────┼────────────┼─────────┼─────────┼────────────┼─────────┼──────────┤
│ batch size  │    10 │     0s │      1 │         8 │ 128 MB │ configured │         1,408 │ over 999 % │   grows │   grows │            │         │ too slow │
├─────────────┼───────┼────────┼────────┼───────────┼────────┼────────────┼───────────────┼────────────┼─────────┼─────────┼────────────┼─────────┼──────────┤
│ window      │  1000 │     2s │      1 │         8 │ 128 MB │ configured │        49,344 │       41 % │  623 ms │  1.13 s │       28.1 │  $2,253 │ lag      │
└─────────────┴───────┴────────┴────────┴───────────┴────────┴────────────┴───────────────┴────────────┴─────────┴─────────┴────────────┴─────────┴──────────┘

Why
  • It is the cheapest of those that keep up, and this is a sentence that is so
    long that it does not fit into one line.
  • batch size 1000: 10 does not keep up.

Assumptions
  • Prices: us-east-1.

Apply it
  fanout deploy --function fanout --memory 128 --env FANOUT_IN_FLIGHT=8
`
	if diff := cmp.Diff(strings.TrimPrefix(want, "\n"), b.String()); diff != "" {
		t.Error(diff)
	}
}

// A sample ends when there are enough records, and keeps no further events.
func TestCollectorStops(t *testing.T) {
	stopped := 0
	c := collector{want: 3, enough: func() { stopped++ }}
	event := clitest.KinesisEvent(2, 10)
	for range 4 {
		if _, err := c.take(context.Background(), event); err != nil {
			t.Fatal(err)
		}
	}
	if c.count() != 4 || len(c.events) != 2 || stopped != 3 {
		t.Errorf("%d records in %d events, stopped %d times", c.count(), len(c.events), stopped)
	}
}
