package sqs

import (
	"encoding/json"
	"testing"

	"github.com/google/go-cmp/cmp"

	"fanout/sinks/internal/sinktest"
)

// answer is the service's answer with the given entries.
func answer(t *testing.T, entries []sinktest.Entry) string {
	t.Helper()
	var successful, failed []map[string]any
	for _, e := range entries {
		m := map[string]any{}
		if e.ID != "" {
			m["Id"] = e.ID
		}
		if e.Code == "" {
			successful = append(successful, m)
			continue
		}
		m["Code"], m["SenderFault"] = e.Code, e.Sender
		failed = append(failed, m)
	}
	text, err := json.Marshal(map[string]any{"Successful": successful, "Failed": failed})
	if err != nil {
		t.Fatal(err)
	}
	return string(text)
}

func TestSQSAnswers(t *testing.T) {
	for _, tt := range sinktest.Answers {
		t.Run(tt.Name, func(t *testing.T) {
			w := &sinktest.Wire{Answer: answer(t, tt.Out)}
			o := New(w.Config(), sinktest.QueueURL, "").Send(t.Context(), sinktest.Numbered(3))
			if diff := cmp.Diff(tt.Want, sinktest.Failures(o, 3)); diff != "" {
				t.Errorf("classes differ (-want +got):\n%s", diff)
			}
		})
	}
}
