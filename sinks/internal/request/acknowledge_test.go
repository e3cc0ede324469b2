package request

import (
	"fmt"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"fanout/sinks/internal/sinktest"
)

// The forms of Kinesis and Firehose.
var (
	records   = Form{Results: "Records", ID: "SequenceNumber"}
	responses = Form{Results: "RequestResponses", ID: "RecordId"}
)

// TestAcknowledged asserts which answers the sinks read as the usual form.
func TestAcknowledged(t *testing.T) {
	for _, tt := range sinktest.AckSeeds {
		answer := []byte(tt.Answer)
		_, kinesis := records.refusals(answer, 2)
		_, firehose := responses.refusals(answer, 2)
		if got := kinesis || firehose; got != tt.Known {
			t.Errorf("%s is known: %v; want %v", tt.Answer, got, tt.Known)
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
	got, ok := records.refusals([]byte(answer), 7)
	want := []refusal{{0, "a"}, {3, "b"}, {4, "b"}}
	if diff := cmp.Diff(want, got, cmp.AllowUnexported(refusal{})); diff != "" || !ok {
		t.Errorf("known: %v (-want +got)\n%s", ok, diff)
	}
	c := Call{sink: "kinesis orders", records: 7, acknowledged: ok, refusals: got}
	o := c.Outcome()
	for i := range 7 {
		if failed, want := o.Err(i) != nil, i == 0 || i == 3 || i == 4; failed != want {
			t.Errorf("record %d failed: %v, want %v", i, failed, want)
		}
	}
}

// BenchmarkRefusals reads answers of PutRecords to 500 records.
func BenchmarkRefusals(b *testing.B) {
	const n = 500
	const refused = `{"ErrorCode":"ProvisionedThroughputExceededException","ErrorMessage":"Rate exceeded for shard shardId-000000000000"}`
	form := Form{Results: "Records", ID: "SequenceNumber"}
	for name, refuses := range map[string]func(i int) bool{
		"none": func(int) bool { return false },
		"half": func(i int) bool { return i%2 > 0 },
	} {
		results, failed := make([]string, n), 0
		for i := range results {
			results[i] = fmt.Sprintf(`{"SequenceNumber":"495434630765480075771050927030395603599752285183950%05d","ShardId":"shardId-000000000000"}`, i)
			if refuses(i) {
				results[i] = refused
				failed++
			}
		}
		answer := fmt.Appendf(nil, `{"FailedRecordCount":%d,"Records":[%s]}`, failed, strings.Join(results, ","))
		b.Run("refused="+name, func(b *testing.B) {
			b.SetBytes(int64(len(answer)))
			b.ReportAllocs()
			for b.Loop() {
				if got, ok := form.refusals(answer, n); !ok || len(got) != failed {
					b.Fatal(len(got), ok)
				}
			}
		})
	}
}
