package sinks

import (
	"encoding/json"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"fanout/engine"
)

// ackSeeds are answers to two records, and whether the scanner knows their form.
var ackSeeds = []struct {
	answer string
	known  bool
}{
	{`{"FailedRecordCount":0,"Records":[{"SequenceNumber":"1","ShardId":"s"},{"SequenceNumber":"2","ShardId":"s"}]}`, true},
	{` { "EncryptionType" : "KMS" , "Records" : [ { "ShardId" : "s" , "SequenceNumber" : "1" } , {"SequenceNumber":"2"} ] , "FailedRecordCount" : 0 } `, true},
	{`{"Records":[{"SequenceNumber":"1","ErrorCode":null},{"SequenceNumber":"2","ErrorMessage":null}],"FailedRecordCount":null}`, true},
	{`{"Encrypted":true,"FailedPutCount":0,"RequestResponses":[{"RecordId":"1"},{"RecordId":"2"}]}`, true},
	{`{"Encrypted":false,"FailedPutCount":0,"RequestResponses":[{"RecordId":"1"},{"RecordId":"2"}]}`, true},
	{`{"Records":[{"SequenceNumber":"1"},{"ErrorCode":"InternalFailure","ErrorMessage":"why"}],"FailedRecordCount":1}`, true},
	{`{"Records":[{"ErrorMessage":"why","ErrorCode":"InternalFailure"},{"SequenceNumber":"1"}],"FailedRecordCount":1}`, true},
	{`{"Records":[{"SequenceNumber":"1"},{"SequenceNumber":"2","ErrorCode":"InternalFailure"}]}`, true},
	{`{"Records":[{"ErrorCode":"InternalFailure"},{"ErrorCode":"ProvisionedThroughputExceededException"}],"FailedRecordCount":2}`, true},
	{`{"FailedPutCount":2,"RequestResponses":[{"ErrorCode":"ServiceUnavailableException"},{"ErrorCode":"ServiceUnavailableException"}]}`, true},
	{`{"Records":[{"SequenceNumber":"1"},{"ErrorCode":"","ErrorMessage":"why"}]}`, false},
	{`{"Records":[{"SequenceNumber":"1"},{"ErrorCode":null,"ErrorMessage":"why"}]}`, false},
	{`{"Records":[{"SequenceNumber":"1"},{"ErrorMessage":"why"}]}`, false},
	{`{"Records":[{"SequenceNumber":"1"},{"ErrorCode":"a","ErrorCode":"b"}]}`, false},
	{`{"Records":[{"SequenceNumber":"1"},{"ErrorCode":"a","ErrorMessage":"the \"why\""}]}`, false},
	{`{"Records":[{"SequenceNumber":"1"},{"ErrorCode":500}]}`, false},
	{`{"Records":[{"SequenceNumber":"1"},{"SequenceNumber":""}]}`, false},
	{`{"Records":[{"SequenceNumber":"1"},{"SequenceNumber":null}]}`, false},
	{`{"Records":[{"SequenceNumber":"1"},{"SequenceNumber":"2","SequenceNumber":""}]}`, false},
	{`{"Records":[{"SequenceNumber":"1"},{"SequenceNumber":2}]}`, false},
	{`{"Records":[{"SequenceNumber":"1"},{"ShardId":"s"}]}`, false},
	{`{"Records":[{"SequenceNumber":"1"},{"SequenceNumber":"2","ShardId":0}]}`, false},
	{`{"Records":[{"SequenceNumber":"1"},{}]}`, false},
	{`{"Records":[{"SequenceNumber":"1"},null]}`, false},
	{`{"Records":[{"SequenceNumber":"1"} {"SequenceNumber":"2"}]}`, false},
	{`{"Records":[{"SequenceNumber":"1"},{"SequenceNumber" "2"}]}`, false},
	{`{"Records":[{"SequenceNumber":"1"},{"SequenceNumber":"2"}`, false},
	{`{"Records":[{"SequenceNumber":"1"},{"SequenceNumber":"2`, false},
	{`{"Records":[{"SequenceNumber":"1"},{"SequenceNumber":"2"}]`, false},
	{`{"Records":[{"SequenceNumber":"1"},{"SequenceNumber":"2"}]}}`, false},
	{`{"Records":[{"SequenceNumber":"1"}]}`, false},
	{`{"Records":[{"SequenceNumber":"1"},{"SequenceNumber":"2"},{"SequenceNumber":"3"}]}`, false},
	{`{"Records":[{"SequenceNumber":"1","ShardId":"s"},{"SequenceNumber":"2","ShardId":"tt"}]}`, true},
	{`{"Records":[{"SequenceNumber":"1","ShardId":"s"},{"SequenceNumber":"\"","ShardId":"s"}]}`, false},
	{`{"Records":[{"SequenceNumber":"12","ShardId":"s"},{"SequenceNumber":"","ShardId":"s"}]}`, false},
	{`{"Records":[{"SequenceNumber":"1","ShardId":"s"},{"SequenceNumber":"2","ErrorCo":"s"}]}`, false},
	{`{"Records":[{"SequenceNumber":"1","ShardId":"12345678"},{"SequenceNumber":"1","ShardId":"12","Err":1"}]}`, false},
	{`{"Records":[{"SequenceNumber":"1","ShardId":"12345678"},{"SequenceNumber":"1","ShardId":"12345678"`, false},
	{`{"Records":[{"SequenceNumber":"1"},{"SequenceNumber":"2"}],"Records":[]}`, false},
	{`{"Records":null}`, false},
	{`{"FailedRecordCount":"0\n,"Records":[{"SequenceNumber":"1"},{"SequenceNumber":"2"}]}`, false},
	{`{"FailedRecordCount":1,"Records":[{"SequenceNumber":"1"},{"SequenceNumber":"2"}]}`, false},
	{`{"FailedRecordCount":0,"Records":[{"SequenceNumber":"1"},{"ErrorCode":"InternalFailure"}]}`, true},
	{`{"Records":[{"SequenceNumber":"1","SequenceNumber":null},{"SequenceNumber":"2"}]}`, false},
	{`{"Records":[{"SequenceNumber":null,"SequenceNumber":"1"},{"SequenceNumber":"2"}]}`, false},
	{`{"FailedRecordCount":01,"Records":[{"SequenceNumber":"1"},{"SequenceNumber":"2"}]}`, false},
	{`{"FailedRecordCount":-1,"Records":[{"SequenceNumber":"1"},{"SequenceNumber":"2"}]}`, false},
	{`{"FailedRecordCount":1.0,"Records":[{"SequenceNumber":"1"},{"SequenceNumber":"2"}]}`, false},
	{`{"FailedRecordCount":9999999999,"Records":[{"SequenceNumber":"1"},{"SequenceNumber":"2"}]}`, false},
	{`{"FailedRecordCount":,"Records":[{"SequenceNumber":"1"},{"SequenceNumber":"2"}]}`, false},
	{`{"New":{},"Records":[{"SequenceNumber":"1"},{"SequenceNumber":"2"}]}`, false},
	{`{"\u0052ecords":[{"SequenceNumber":"1"},{"SequenceNumber":"2"}]}`, false},
	{`{Records:[]}`, false},
	{`{}`, false},
	{`[]`, false},
	{``, false},
	{`null`, false},
}

// TestAcknowledged asserts which answers the sinks read without the SDK's decoder.
func TestAcknowledged(t *testing.T) {
	for _, tt := range ackSeeds {
		answer := []byte(tt.answer)
		_, kinesis := kinesisTaken.of(answer, 2)
		_, firehose := firehoseTaken.of(answer, 2)
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
	got, ok := kinesisTaken.of([]byte(answer), 7)
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

// TestContradiction asserts that no doubtful record counts as delivered: the answer
// counts more failures than it lists.
func TestContradiction(t *testing.T) {
	for i, answer := range []string{
		`{"FailedRecordCount":2,"Records":[{"SequenceNumber":"1"},{"ErrorCode":"InternalFailure"}]}`,
		`{"FailedPutCount":1,"RequestResponses":[{"RecordId":"1"},{"RecordId":"2"}]}`,
	} {
		for _, s := range []service{services[i], plainServices[i]} {
			o := s.open((&wire{answer: answer}).config()).Send(t.Context(), numbered(2))
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
	for _, s := range ackSeeds {
		f.Add(s.answer)
	}
	f.Fuzz(func(t *testing.T, answer string) {
		for i := range services[:2] { // the services whose answers the scanner reads
			recs := numbered(2)
			w := &wire{answer: answer}
			got := services[i].open(w.config()).Send(t.Context(), recs)
			want := plainServices[i].open(w.config()).Send(t.Context(), recs)
			if !json.Valid([]byte(answer)) && answer != "" { // the SDK does not look at what follows its first value
				want = engine.Failed(errPart)
			}
			if diff := cmp.Diff(failures(want, 2), failures(got, 2)); diff != "" {
				t.Errorf("%s: %q: classes differ (-SDK +got):\n%s", services[i].name, answer, diff)
			}
		}
	})
}
