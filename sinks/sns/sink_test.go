package sns

import (
	"fmt"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"fanout/sinks/internal/sinktest"
)

// answer is the service's answer with the given entries.
func answer(entries []sinktest.Entry) string {
	var successful, failed strings.Builder
	for _, e := range entries {
		id := ""
		if e.ID != "" {
			id = "<Id>" + e.ID + "</Id>"
		}
		if e.Code == "" {
			fmt.Fprintf(&successful, "<member>%s</member>", id)
		} else {
			fmt.Fprintf(&failed, "<member>%s<Code>%s</Code><SenderFault>%t</SenderFault></member>", id, e.Code, e.Sender)
		}
	}
	return fmt.Sprintf("<PublishBatchResponse><PublishBatchResult><Successful>%s</Successful><Failed>%s</Failed></PublishBatchResult></PublishBatchResponse>",
		&successful, &failed)
}

func TestSNSAnswers(t *testing.T) {
	for _, tt := range sinktest.Answers {
		t.Run(tt.Name, func(t *testing.T) {
			w := &sinktest.Wire{Answer: answer(tt.Out)}
			o := New(w.Config(), sinktest.TopicARN).Send(t.Context(), sinktest.Numbered(3))
			if diff := cmp.Diff(tt.Want, sinktest.Failures(o, 3)); diff != "" {
				t.Errorf("classes differ (-want +got):\n%s", diff)
			}
		})
	}
}
