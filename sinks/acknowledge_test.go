package sinks

import (
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
)

// TestAcknowledged asserts which answers the sinks read without the SDK's decoder.
func TestAcknowledged(t *testing.T) {
	for _, tt := range ackSeeds {
		answer := []byte(tt.answer)
		_, kinesis := acknowledgement{"Records", "SequenceNumber"}.of(answer, 2)
		_, firehose := acknowledgement{"RequestResponses", "RecordId"}.of(answer, 2)
		if got := kinesis || firehose; got != tt.known {
			t.Errorf("%s is known: %v; want %v", tt.answer, got, tt.known)
		}
	}
}

// TestRefused asserts that each record gets its result from the answer, also between
// records that have the same text.
func TestRefused(t *testing.T) {
	taken := `{"SequenceNumber":"49","ShardId":"s"}`
	refused := func(code string) string { return `{"ErrorCode":"` + code + `","ErrorMessage":"Rate exceeded."}` }
	answer := `{"FailedRecordCount":3,"Records":[` + strings.Join([]string{
		refused("a"), taken, taken, refused("b"), refused("b"), taken, taken,
	}, ",") + `]}`
	got, ok := acknowledgement{"Records", "SequenceNumber"}.of([]byte(answer), 7)
	want := []refusal{{0, "a"}, {3, "b"}, {4, "b"}}
	if diff := cmp.Diff(want, got, cmp.AllowUnexported(refusal{})); diff != "" || !ok {
		t.Errorf("known: %v (-want +got)\n%s", ok, diff)
	}
	o := refusals("kinesis orders", got)
	for i := range 7 {
		if failed, want := o.Err(i) != nil, i == 0 || i == 3 || i == 4; failed != want {
			t.Errorf("record %d failed: %v, want %v", i, failed, want)
		}
	}
}
