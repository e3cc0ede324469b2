package sinks_test

import (
	"bytes"
	"fmt"
	"net/http"
	"strings"
	"testing"

	"fanout/engine"
	"fanout/sinks/internal/sinktest"
)

// BenchmarkCall measures a sink with the SDK's client, up to the transport.
func BenchmarkCall(b *testing.B) {
	for _, list := range [][]service{services, sdkServices} {
		for _, s := range list {
			variant := "splice"
			if &list[0] == &sdkServices[0] {
				variant = "sdk"
			}
			b.Run(s.name+"/serializer="+variant, func(b *testing.B) {
				w := &sinktest.Sinkhole{Status: http.StatusOK}
				sink := s.open(w.Config())
				recs := make([]engine.Record, sink.Limits().Records)
				payloads := engine.NewPayloads(len(recs))
				for i := range recs {
					recs[i] = engine.Record{
						Key: fmt.Sprintf("key-%d", i), Lane: "shardId-000000000000", Seq: fmt.Sprint(4900 + i), Action: "PUT",
						Data: payloads.Base64(bytes.Repeat([]byte("YWIi"), 341)),
					}
				}
				w.Answer = answerTo(s.name, len(recs))
				sinktest.BenchmarkSend(b, sink, recs)
			})
		}
	}
}

// answerTo is an answer that acknowledges n records.
func answerTo(name string, n int) string {
	one, before, between, after := "", "", ",", "]}"
	switch kind, _, _ := strings.Cut(name, "."); kind {
	case "kinesis":
		before = `{"FailedRecordCount":0,"Records":[`
		one = `{"SequenceNumber":"49543463076548007577105092703039560359975228518395019266","ShardId":"shardId-000000000000"}`
	case "firehose":
		before = `{"Encrypted":false,"FailedPutCount":0,"RequestResponses":[`
		one = `{"RecordId":"` + strings.Repeat("0123456789", 22) + `"}`
	case "sqs":
		before = `{"Failed":[],"Successful":[`
		one = `{"Id":"#","MD5OfMessageBody":"9e107d9d372bb6826bd81d3542a419d6","MessageId":"5fea7756-0ea4-451a-a703-a558b933e274"}`
	case "sns":
		before, between = "<PublishBatchResponse><PublishBatchResult><Failed/><Successful>", ""
		one = `<member><MessageId>5fea7756-0ea4-451a-a703-a558b933e274</MessageId><Id>#</Id></member>`
		after = "</Successful></PublishBatchResult></PublishBatchResponse>"
	}
	all := make([]string, n)
	for i := range all {
		all[i] = strings.Replace(one, "#", fmt.Sprint(i), 1)
	}
	return before + strings.Join(all, between) + after
}

// TestSendAllocates asserts that the allocations of a request do not grow with its
// records: the SDK's middleware allocates, and buffers are reused.
func TestSendAllocates(t *testing.T) {
	for _, s := range services[:2] {
		allocs := func(n int) float64 {
			recs := sinktest.Numbered(n)
			for i := range recs {
				recs[i].Data.Text() // targets share the converted text
			}
			sink := s.open((&sinktest.Wire{Answer: answerTo(s.name, n)}).Config())
			return testing.AllocsPerRun(20, func() { sink.Send(t.Context(), recs) })
		}
		// A reused buffer may be collected occasionally. The test's own client keeps the
		// body, which takes more steps for a longer one.
		if one, many := allocs(1), allocs(500); many > one+100 {
			t.Errorf("%s: %.0f allocations for 1 record and %.0f for 500", s.name, one, many)
		}
	}
}
