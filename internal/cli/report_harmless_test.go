package cli

import (
	"bytes"
	"testing" // No text in a report controls a terminal.
)

func TestReportIsHarmless(t *testing.T) {
	checkHarmless(t, map[string]func(w *bytes.Buffer){"report": func(w *bytes.Buffer) {
		l := newLive(w)
		printTable(l, 1, []row{{ID: forged, Type: hostile, Failed: 1, Reasons: []reason{{Error: forged, Count: 1, Shard: forged, Sequence: forged}}}})
		reason{Error: forged, Count: 1}.print(l, forged)
	}})
}
