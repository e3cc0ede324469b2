package run

import (
	"bytes"
	"io"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"fanout/internal/cli/ui"
	"fanout/internal/testing/clitest"
)

// Targets of several sources may share an id, and a reader must tell them apart.
func TestRowNames(t *testing.T) {
	const clicks = "arn:aws:kinesis:eu-west-1:123456789012:stream/clicks"
	got := rowNames([]row{
		{Source: clitest.Orders, ID: "queue"}, {Source: clitest.Orders, ID: "search"}, {Source: clicks, ID: "queue"},
		{Source: clitest.Orders, ID: "copy"}, {Source: clitest.Orders + "/consumer/app:1", ID: "copy"}, {Source: clicks, ID: "copy"},
	})
	want := []string{
		"kinesis:orders/queue", "search", "kinesis:clicks/queue",
		clitest.Orders + "/copy", clitest.Orders + "/consumer/app:1/copy", "kinesis:clicks/copy",
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Error(diff)
	}
}

// A stream's batch that is retried has its failures counted again. The output says so,
// and whether some are left.
func TestRetriedFailuresAreExplained(t *testing.T) {
	const some = "┘\nFAILED counts each failed attempt of a record.\n"
	const none = "┘\nEvery failed record was sent again until it succeeded. FAILED counts each failed attempt.\n"
	for _, tt := range []struct {
		failed           int
		retried, settled bool
		want             string
	}{{15, true, false, some}, {15, true, true, none}, {15, false, true, "┘\n"}, {0, true, true, "┘\n"}} {
		var b bytes.Buffer
		s := &Summary{retried: tt.retried, settled: tt.settled, targets: []*row{{Source: clitest.Orders, ID: "queue", Failed: tt.failed}}}
		if err := s.Print(io.Discard, ui.NewLive(&b), "table"); err != nil {
			t.Fatal(err)
		}
		if !strings.HasSuffix(b.String(), tt.want) {
			t.Errorf("%+v: %s", tt, &b)
		}
	}
}
