package run

import (
	"bytes"
	"testing" // No text in a report controls a terminal.

	"fanout/internal/cli/ui"
	"fanout/internal/testing/clitest"
)

func TestReportIsHarmless(t *testing.T) {
	clitest.CheckHarmless(t, map[string]func(w *bytes.Buffer){"report": func(w *bytes.Buffer) {
		l := ui.NewLive(w)
		printTable(l, 1, []row{{ID: clitest.Forged, Type: clitest.Hostile, Failed: 1, Reasons: []reason{{Error: clitest.Forged, Count: 1, Shard: clitest.Forged, Sequence: clitest.Forged}}}})
		reason{Error: clitest.Forged, Count: 1}.print(l, clitest.Forged)
	}})
}
