package firehose

import (
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"fanout/engine"
	"fanout/sinks/internal/sinktest"
)

// accepted is the result of an accepted record.
const accepted = `{"RecordId":"r"}`

// refused is the result of a record that is refused with code.
func refused(code string) string { return `{"ErrorCode":"` + code + `","ErrorMessage":"why"}` }

// answer is an answer with the given results.
func answer(results ...string) string {
	return `{"RequestResponses":[` + strings.Join(results, ",") + `]}`
}

func TestFirehoseAnswers(t *testing.T) {
	tests := []struct {
		name   string
		answer string
		want   []string
	}{
		{"all taken", answer(accepted, accepted, accepted), []string{"", "", ""}},
		{"throttled", answer(accepted, refused("ServiceUnavailableException"), accepted), []string{"", "throttled", ""}},
		{"failing", answer(refused("InternalFailure"), accepted, accepted), []string{"retryable", "", ""}},
		{"not acknowledged", answer(accepted, accepted, `{}`), []string{"", "", "retryable"}},
		{"too few results", answer(accepted, accepted), []string{"retryable", "retryable", "retryable"}},
		{"too many results", answer(accepted, accepted, accepted, accepted), []string{"retryable", "retryable", "retryable"}},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			w := &sinktest.Wire{Answer: tt.answer}
			o := New(w.Config(), sinktest.Stream).Send(t.Context(), sinktest.Numbered(3))
			if diff := cmp.Diff(tt.want, sinktest.Failures(o, 3)); diff != "" {
				t.Errorf("classes differ (-want +got):\n%s", diff)
			}
		})
	}
}

// TestFirehoseEmpty asserts that a record without data is sent: a nil blob would not pass
// the SDK's own check.
func TestFirehoseEmpty(t *testing.T) {
	fake, cfg := sinktest.Start(t)
	f := New(cfg, "arn:aws:firehose:eu-west-1:123456789012:deliverystream/orders")
	if o := f.Send(t.Context(), []engine.Record{{Key: "a"}}); !o.OK() {
		t.Fatal(o.Err(0))
	}
	if got := fake.Records("firehose/orders"); len(got) != 1 || len(got[0].Data) != 0 {
		t.Errorf("took %v", got)
	}
}
