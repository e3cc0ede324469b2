package sinks_test

import (
	"encoding/json"
	"testing"

	"github.com/google/go-cmp/cmp"

	"fanout/engine"
	"fanout/sinks/internal/sinktest"
)

// TestContradiction asserts that no doubtful record counts as delivered: the answer
// counts more failures than it lists.
func TestContradiction(t *testing.T) {
	for i, answer := range map[int]string{
		0: `{"FailedRecordCount":2,"Records":[{"SequenceNumber":"1"},{"ErrorCode":"InternalFailure"}]}`,
		1: `{"FailedPutCount":1,"RequestResponses":[{"RecordId":"1"},{"RecordId":"2"}]}`,
		6: `{"FailedEntryCount":1,"Entries":[{"EventId":"1"},{"EventId":"2"}]}`,
	} {
		for _, s := range []service{services[i], sdkServices[i]} {
			o := s.open((&sinktest.Wire{Answer: answer}).Config()).Send(t.Context(), sinktest.Numbered(2))
			for k := range 2 {
				if err := o.Err(k); err == nil || engine.ClassOf(err) != engine.Retryable {
					t.Errorf("%s: record %d has error %v", s.name, k, err)
				}
			}
		}
	}
}

// FuzzAcknowledged asserts that a sink and the SDK's decoder read an answer the same way,
// unless something follows it.
func FuzzAcknowledged(f *testing.F) {
	for _, s := range sinktest.AckSeeds {
		f.Add(s.Answer)
	}
	f.Add(`{"FailedEntryCount":0,"Entries":[{"EventId":"1"},{"EventId":"2"}]}`)
	f.Add(`{"FailedEntryCount":1,"Entries":[{"EventId":"1"},{"ErrorCode":"InternalFailure","ErrorMessage":"why"}]}`)
	f.Fuzz(func(t *testing.T, answer string) {
		for _, i := range []int{0, 1, 6} { // the services whose answers the scanner reads
			recs := sinktest.Numbered(2)
			w := &sinktest.Wire{Answer: answer}
			got := services[i].open(w.Config()).Send(t.Context(), recs)
			want := sdkServices[i].open(w.Config()).Send(t.Context(), recs)
			if !json.Valid([]byte(answer)) && answer != "" { // the SDK does not look at what follows its first value
				want = engine.Failed(engine.Errorf(engine.Retryable, "the answer is not whole"))
			}
			if diff := cmp.Diff(sinktest.Failures(want, 2), sinktest.Failures(got, 2)); diff != "" {
				t.Errorf("%s: %q: classes differ (-SDK +got):\n%s", services[i].name, answer, diff)
			}
		}
	})
}
