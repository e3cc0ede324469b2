package sinks

import (
	"bytes"
	"testing"

	"github.com/google/go-cmp/cmp"
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
	{`{"Records":[{"SequenceNumber":"1"},{"ErrorCode":"InternalFailure","ErrorMessage":"why"}],"FailedRecordCount":1}`, false},
	{`{"Records":[{"SequenceNumber":"1"},{"SequenceNumber":"2","ErrorCode":"InternalFailure"}]}`, false},
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
	{`{"New":{},"Records":[{"SequenceNumber":"1"},{"SequenceNumber":"2"}]}`, false},
	{`{"\u0052ecords":[{"SequenceNumber":"1"},{"SequenceNumber":"2"}]}`, false},
	{`{Records:[]}`, false},
	{`{}`, false},
	{`[]`, false},
	{``, false},
	{`null`, false},
}

// TestAcknowledged asserts which answers are known without the SDK's decoder.
func TestAcknowledged(t *testing.T) {
	for _, tt := range ackSeeds {
		answer := []byte(tt.answer)
		if got := kinesisTaken.of(answer, 2) || firehoseTaken.of(answer, 2); got != tt.known {
			t.Errorf("%s is known: %v; want %v", tt.answer, got, tt.known)
		}
	}
}

// FuzzAcknowledged asserts that an answer means to a sink what it means to the SDK's
// decoder.
func FuzzAcknowledged(f *testing.F) {
	for _, s := range ackSeeds {
		f.Add(s.answer)
	}
	f.Fuzz(func(t *testing.T, answer string) {
		for i := range services[:2] { // those whose answers are looked at
			recs := numbered(2)
			w := &wire{answer: answer}
			got := services[i].open(w.config()).Send(t.Context(), recs)
			want := plainServices[i].open(w.config()).Send(t.Context(), recs)
			if diff := cmp.Diff(failures(want, 2), failures(got, 2)); diff != "" {
				t.Errorf("%s: %q: classes differ (-SDK +got):\n%s", services[i].name, answer, diff)
			}
		}
	})
}

// Of all bytes at every place, those that stand for themselves and no others.
func TestLiteralText(t *testing.T) {
	for c := range 256 {
		for n := 1; n < 20; n++ {
			for at := range n {
				text := bytes.Repeat([]byte("a"), n)
				text[at] = byte(c)
				if got, want := literalText(text), isPlain(byte(c)); got != want {
					t.Fatalf("%q is literal: %v, want %v", text, got, want)
				}
			}
		}
	}
}
